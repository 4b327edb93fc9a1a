/**
 * Reads TypeScript just deeply enough to tell code from comments and strings, so that the rules of the
 * repository look at code only. `code` has the length and the lines of the text: comments and the insides of
 * strings, templates and regular expressions are spaces, so every position means the same in both.
 */

export interface ScannedCode {
  readonly text: string
  readonly code: string
}

/** After these, a slash begins a regular expression and not a division. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield))$/

export function scanCode(text: string): ScannedCode {
  return { text, code: new Scanner(text).scan() }
}

class Scanner {
  readonly #text: string
  readonly #out: string[]
  #at = 0
  /** Open braces inside of each `${`, innermost last. */
  readonly #templates: number[] = []

  constructor(text: string) {
    this.#text = text
    this.#out = text.split("")
  }

  scan(): string {
    if (this.#text.startsWith("#!")) this.#blankTo(this.#lineEnd())
    while (this.#at < this.#text.length) this.#step()
    return this.#out.join("")
  }

  #step(): void {
    const char = this.#text[this.#at]!
    const pair = this.#text.slice(this.#at, this.#at + 2)
    if (pair === "//") this.#blankTo(this.#lineEnd())
    else if (pair === "/*") this.#blankTo(this.#find("*/", this.#at + 2) + 2)
    else if (char === '"' || char === "'") this.#string(char)
    else if (char === "`") this.#template(this.#at + 1)
    else if (char === "/" && this.#regexMayBegin()) this.#regex()
    else this.#punctuation(char)
  }

  #punctuation(char: string): void {
    const depth = this.#templates.length - 1
    if (depth >= 0 && char === "{") this.#templates[depth]!++
    if (depth >= 0 && char === "}") {
      if (this.#templates[depth] === 0) {
        this.#templates.pop()
        this.#template(this.#at + 1)
        return
      }
      this.#templates[depth]!--
    }
    this.#at++
  }

  #string(quote: string): void {
    this.#at++
    let end = this.#at
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== "\n") {
      end += this.#text[end] === "\\" ? 2 : 1
    }
    this.#blankTo(end)
    this.#at = end + 1
  }

  /** From `start`, inside of a template, to its end or to the next `${`. */
  #template(start: number): void {
    let end = start
    this.#at = start
    while (end < this.#text.length && this.#text[end] !== "`") {
      if (this.#text[end] === "$" && this.#text[end + 1] === "{") {
        this.#blankTo(end)
        this.#templates.push(0)
        this.#at = end + 2
        return
      }
      end += this.#text[end] === "\\" ? 2 : 1
    }
    this.#blankTo(end)
    this.#at = end + 1
  }

  #regexMayBegin(): boolean {
    return BEFORE_REGEX.test(
      this.#out
        .slice(Math.max(0, this.#at - 200), this.#at)
        .join("")
        .trimEnd(),
    )
  }

  #regex(): void {
    let end = this.#at + 1
    let inClass = false
    while (end < this.#text.length && this.#text[end] !== "\n" && (inClass || this.#text[end] !== "/")) {
      if (this.#text[end] === "[") inClass = true
      if (this.#text[end] === "]") inClass = false
      end += this.#text[end] === "\\" ? 2 : 1
    }
    this.#at++
    this.#blankTo(end)
    this.#at = end + 1
  }

  #find(what: string, from: number): number {
    const found = this.#text.indexOf(what, from)
    return found < 0 ? this.#text.length : found
  }

  #lineEnd(): number {
    return this.#find("\n", this.#at)
  }

  #blankTo(end: number): void {
    for (let i = this.#at; i < end && i < this.#out.length; i++) if (this.#out[i] !== "\n") this.#out[i] = " "
    this.#at = end
  }
}

/** From 1. */
export function lineAt(text: string, position: number): number {
  let line = 1
  for (let i = text.indexOf("\n"); i >= 0 && i < position; i = text.indexOf("\n", i + 1)) line++
  return line
}

const IMPORT = /\b(import|export)\b(\s+type\b)?(?:[\s\w$*{},]*?\bfrom)?\s*\(?\s*(["'])/
/** How a worker or a file beside the module is named. */
const WORKER_URL = /\bnew URL\(\s*(["'])(?=\s*["']\s*,\s*import\.meta\.url)/

/** Every module that the code imports or exports from, types included, with its line. */
export function importsOf({
  text,
  code,
}: ScannedCode): { specifier: string; line: number; typeOnly: boolean }[] {
  const pattern = new RegExp(`${IMPORT.source}|${WORKER_URL.source}`, "g")
  return [...code.matchAll(pattern)].map((match) => {
    const quote = match.index + match[0].length
    const end = text.indexOf(match[3] ?? match[4]!, quote)
    const typeOnly = match[2] !== undefined
    return { specifier: text.slice(quote, end), line: lineAt(text, match.index), typeOnly }
  })
}
