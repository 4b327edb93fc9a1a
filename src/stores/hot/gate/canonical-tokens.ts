/**
 * Tokens of a statement that ClickHouse has written out itself (formatQuerySingleLine): no comments, strings
 * in single quotes, names bare or in backquotes. That makes the grammar small enough to be read here without
 * a doubt; whatever is not in it is an error, never skipped.
 */
import { queryRefused } from "./errors.ts"

export type Token =
  /** A keyword, a name or a function, as it stands. */
  | { readonly kind: "word"; readonly text: string }
  /** A name in backquotes, without them. */
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  /** {name:Type}, with its place in the text. */
  | ParameterToken
  | { readonly kind: "sign"; readonly text: string }

export interface ParameterToken {
  readonly kind: "parameter"
  readonly name: string
  readonly type: string
  readonly start: number
  readonly end: number
}

const PIECES: readonly (readonly [Token["kind"] | "space", RegExp])[] = [
  ["space", / +/y],
  ["word", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["number", /(?:0x[0-9A-Fa-f]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/y],
  ["string", /'(?:[^'\\]|\\[\s\S]|'')*'/y],
  ["name", /`(?:[^`\\]|\\[\s\S]|``)*`/y],
  ["parameter", /\{([A-Za-z_][A-Za-z0-9_]*):([^{}]*)\}/y],
  ["sign", /::|->|\|\||<=>|<=|>=|!=|<>|==|[()[\]{},.:;=<>+\-*/%?^@|]/y],
]

/** @throws query-refused for names with control characters and for what the grammar does not have. */
export function canonicalTokens(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const found = pieceAt(text, at)
    if (found === null) throw unreadable(text.slice(at, at + 20))
    at = found.end
    if (found.token !== null) tokens.push(found.token)
  }
  return tokens
}

function pieceAt(text: string, at: number): { readonly token: Token | null; readonly end: number } | null {
  for (const [kind, pattern] of PIECES) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) continue
    return { token: tokenOf(kind, match), end: pattern.lastIndex }
  }
  return null
}

function tokenOf(kind: Token["kind"] | "space", match: RegExpExecArray): Token | null {
  const [text, name = "", type = ""] = match
  if (kind === "space") return null
  if (kind === "parameter") {
    return { kind, name, type: type.trim(), start: match.index, end: match.index + text.length }
  }
  if (kind === "string") return { kind, text: text.slice(1, -1) }
  if (kind !== "name") return { kind, text }
  const inner = text.slice(1, -1)
  if (inner.includes("\\") || inner.includes("``")) throw controlledName(inner)
  return { kind, text: inner }
}

/** A line break in a name would be a line of its own in the printed syntax tree. */
function controlledName(name: string) {
  return queryRefused({
    construct: `the name \`${name}\``,
    reason: "has a line break, a quote or another control character",
    advice: "give it a name of letters, digits, spaces and signs",
  })
}

function unreadable(text: string) {
  return queryRefused({
    construct: `the text ${JSON.stringify(text)}`,
    reason: "is written in a way that is not looked through",
    advice: "write it in plainer SQL",
  })
}
