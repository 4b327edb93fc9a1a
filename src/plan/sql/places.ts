/**
 * Where something stands in a text: offsets of the parser (bytes, characters) to indexes of a JavaScript
 * string, indexes to line and column, and places in a view's SQL to places in the module that the SQL was
 * written in. Lines and columns count from 1; a column counts characters, as PostgreSQL does, not UTF-16
 * units.
 */

export interface Place {
  readonly line: number
  readonly column: number
}

/** Index of the character that starts at (or holds) byte `byte` of the text's UTF-8. */
export function offsetOfByte(text: string, byte: number): number {
  let bytes = 0
  for (let index = 0; index < text.length; ) {
    const point = text.codePointAt(index)!
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    if (bytes > byte) return index
    index += point < 0x10000 ? 1 : 2
  }
  return text.length
}

/** Index of the character number `count`, from 0. */
export function offsetOfCharacter(text: string, count: number): number {
  let index = 0
  for (let i = 0; i < count && index < text.length; i++) index += text.codePointAt(index)! < 0x10000 ? 1 : 2
  return index
}

export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset)
  const line = before.split("\n").length
  const column = Array.from(before.slice(before.lastIndexOf("\n") + 1)).length + 1
  return { line, column }
}

/**
 * Place in a module of the character at `offset` of an SQL text written in it; null when the SQL cannot be
 * found there (built at run time). SQL with escapes differs from its source text, so its line alone is looked
 * for then. Where several views have the same SQL, the one after `"name"` is meant.
 */
export function locateInModule(moduleText: string, sql: string, offset: number, name?: string): Place | null {
  const text = moduleText.replaceAll("\r\n", "\n")
  const from = name === undefined ? 0 : Math.max(0, definitionStart(text, name))
  const whole = indexFrom(text, sql, from)
  if (whole >= 0) return placeAt(text, whole + offset)
  const lineStart = sql.lastIndexOf("\n", offset - 1) + 1
  const lineEnd = sql.indexOf("\n", offset)
  const line = sql.slice(lineStart, lineEnd < 0 ? sql.length : lineEnd)
  const trimmed = line.trim()
  const found = trimmed === "" ? -1 : text.indexOf(trimmed, from)
  if (found < 0 || text.indexOf(trimmed, found + 1) >= 0) return null
  const indent = line.length - line.trimStart().length
  return placeAt(text, found + Math.max(0, offset - lineStart - indent))
}

/** The same for one of the texts of a pattern, which are short: it is looked for as a whole string. */
export function locateText(moduleText: string, part: string, offset: number, name: string): Place | null {
  const text = moduleText.replaceAll("\r\n", "\n")
  const from = Math.max(0, definitionStart(text, name))
  const places = ['"', "'", "`"].map((quote) => text.indexOf(`${quote}${part}${quote}`, from))
  const found = places.filter((place) => place >= 0)
  if (found.length > 0) return placeAt(text, Math.min(...found) + 1 + offset)
  return locateInModule(moduleText, part, offset, name)
}

/**
 * Where `view("name", …)`, `pattern("name", …)` or `process("name", …)` stands in a module; null where it is
 * written otherwise.
 */
export function locateDefinition(moduleText: string, name: string): Place | null {
  const text = moduleText.replaceAll("\r\n", "\n")
  const start = definitionStart(text, name)
  return start < 0 ? null : placeAt(text, start)
}

function definitionStart(text: string, name: string): number {
  return text.search(new RegExp(`\\b(?:view|pattern|process)\\s*\\(\\s*["'\`]${name}["'\`]`))
}

function indexFrom(text: string, part: string, from: number): number {
  const after = text.indexOf(part, from)
  return after >= 0 ? after : text.indexOf(part)
}
