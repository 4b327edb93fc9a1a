/**
 * The pieces of a statement as its author wrote it, before any parser has seen it: enough of ClickHouse's
 * lexical rules to know what stands in strings, comments and quoted names, and what does not. A piece that is
 * read wrongly here cannot pass anything by the gate, which looks at the text that comes out.
 */

export interface SqlPiece {
  readonly kind: "word" | "name" | "string" | "number" | "sign"
  /** Without quotes. */
  readonly text: string
  readonly start: number
  readonly end: number
}

const PIECES: readonly (readonly [SqlPiece["kind"] | "gap" | "broken", RegExp])[] = [
  ["gap", /\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\//y],
  ["word", /[A-Za-z_]\w*/y],
  ["number", /\d\w*(?:\.\w*)?/y],
  ["string", /'(?:[^'\\]|\\[\s\S]|'')*'|‘[^’]*’|(\$\w*\$)[\s\S]*?\1/y],
  ["name", /`(?:[^`\\]|\\[\s\S]|``)*`|"(?:[^"\\]|\\[\s\S]|"")*"|“[^”]*”/y],
  ["broken", /['"`‘“]|\/\*/y],
  ["sign", /[\s\S]/y],
]

/** Null when a string, name or comment has no end: the parser says so, with its place. */
export function sqlPieces(sql: string): SqlPiece[] | null {
  const pieces: SqlPiece[] = []
  for (let start = 0; start < sql.length; ) {
    const [kind, end] = pieceAt(sql, start)
    if (kind === "broken") return null
    if (kind !== "gap") {
      const isQuoted = kind === "string" || kind === "name"
      pieces.push({
        kind,
        text: isQuoted ? sql.slice(start + 1, end - 1) : sql.slice(start, end),
        start,
        end,
      })
    }
    start = end
  }
  return pieces
}

function pieceAt(sql: string, at: number): readonly [SqlPiece["kind"] | "gap" | "broken", number] {
  for (const [kind, pattern] of PIECES) {
    pattern.lastIndex = at
    if (pattern.test(sql)) return [kind, pattern.lastIndex]
  }
  return ["broken", sql.length]
}
