/**
 * How long functions are, from scanned code. A function is a parameter list that is followed by a body:
 * directly, behind a return type, or behind an arrow. The parenthesis of `if`, `for`, `while`, `switch`,
 * `catch` is none.
 */
import { lineAt, type ScannedCode } from "./scan-code.ts"

export interface FunctionLength {
  readonly line: number
  readonly lines: number
  /** True for a function that registers tests: it is a list, and its length says nothing. */
  readonly isSuite: boolean
}

const CONTROL = /\b(if|for|while|switch|catch|with|for await)\s*$/
const OPEN = "([{<"
const CLOSE = ")]}>"
/** A brace behind one of these is a type literal and not a body. */
const TYPE_GOES_ON = /(?:[:|&<,([?]|=>|\b(?:is|asserts|keyof|extends|readonly|infer))$/

export function functionLengths({ code }: ScannedCode): FunctionLength[] {
  const found: FunctionLength[] = []
  const open: number[] = []
  for (let at = 0; at < code.length; at++) {
    if (code[at] === "(") open.push(at)
    if (code[at] !== ")") continue
    const start = open.pop()
    if (start === undefined || CONTROL.test(code.slice(Math.max(0, start - 20), start))) continue
    const body = bodyStart(code, at + 1)
    if (body === null) continue
    const line = lineAt(code, start)
    const end = matching(code, body)
    const isSuite = /^\s*(await )?test\(/m.test(code.slice(body, end))
    found.push({ line, lines: lineAt(code, end) - line + 1, isSuite })
  }
  return found
}

/** Position of the body's brace behind a parameter list that ends before `at`; null when there is none. */
function bodyStart(code: string, at: number): number | null {
  let next = skipSpace(code, at)
  if (code[next] === ":") next = behindType(code, next + 1)
  if (code.startsWith("=>", next)) next = skipSpace(code, next + 2)
  return code[next] === "{" ? next : null
}

/**
 * Behind a return type: at the body's brace, at an arrow, or at whatever shows that it was no return type.
 */
function behindType(code: string, start: number): number {
  for (let at = skipSpace(code, start); at < code.length; at++) {
    const char = code[at]!
    const before = code.slice(start - 1, at).trimEnd()
    if (char === "{" && !TYPE_GOES_ON.test(before)) return at
    if (code.startsWith("=>", at)) {
      if (!before.endsWith(")")) return at
      const after = skipSpace(code, at + 2)
      if (code[after] === "{") return at
      at++
    } else if (OPEN.includes(char)) at = matching(code, at)
    else if (");,=]}".includes(char)) return at
  }
  return code.length
}

/** The bracket that closes the one at `start`; an arrow's ">" closes nothing. */
function matching(code: string, start: number): number {
  const kind = OPEN.indexOf(code[start]!)
  let depth = 0
  for (let at = start; at < code.length; at++) {
    if (code[at] === OPEN[kind]) depth++
    else if (code[at] === CLOSE[kind] && !(kind === 3 && code[at - 1] === "=") && --depth === 0) return at
  }
  return code.length
}

function skipSpace(code: string, at: number): number {
  let next = at
  while (next < code.length && /\s/.test(code[next]!)) next++
  return next
}
