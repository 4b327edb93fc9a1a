/**
 * Where in the SQL an error is. ClickHouse says "(line 2, col 7)" or "position 15" for what it cannot parse;
 * of a name that it does not know, the name's first occurrence is the place.
 */

export interface Place {
  /** Offsets in the SQL, from 0; `end` is behind the last character. */
  readonly start: number
  readonly end: number
  /** From 1, as people count. */
  readonly line: number
  readonly column: number
  /** The line itself. */
  readonly text: string
}

/** `position` is the platform's own word for it, in characters from 1; null where it has none. */
export function errorPlace(sql: string, message: string, position: number | null = null): Place | null {
  if (position !== null) return placeAt(sql, Math.max(0, Math.min(sql.length, position - 1)))
  const start = byLine(sql, message) ?? byPosition(sql, message) ?? byName(sql, message)
  return start === null ? null : placeAt(sql, start)
}

function byLine(sql: string, message: string): number | null {
  const match = /\(?line (\d+), col(?:umn)? (\d+)\)?/.exec(message)
  if (match === null) return null
  const lines = sql.split("\n")
  const line = Number(match[1])
  if (line < 1 || line > lines.length) return null
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0)
  return Math.min(before + Number(match[2]) - 1, sql.length)
}

/** ClickHouse counts bytes of UTF-8, from 1. */
function byPosition(sql: string, message: string): number | null {
  const match = /position (\d+)/.exec(message)
  if (match === null) return null
  const bytes = new TextEncoder().encode(sql)
  const before = bytes.subarray(0, Math.max(0, Number(match[1]) - 1))
  return new TextDecoder().decode(before).length
}

/** ClickHouse quotes names; the first of them that the query has is the place. */
function byName(sql: string, message: string): number | null {
  for (const [, quoted = ""] of message.matchAll(/[`'"]([\w.]+)[`'"]/g)) {
    const found = new RegExp(`\\b${quoted.split(".").at(-1)}\\b`).exec(sql)
    if (found !== null) return found.index
  }
  return null
}

function placeAt(sql: string, start: number): Place {
  const lineStart = sql.lastIndexOf("\n", start - 1) + 1
  const next = sql.indexOf("\n", start)
  const lineEnd = next < 0 ? sql.length : next
  const word = /^\w+|^[^\s\w]/.exec(sql.slice(start, lineEnd))?.[0] ?? ""
  return {
    start,
    end: Math.min(lineEnd, start + Math.max(1, word.length)),
    line: sql.slice(0, start).split("\n").length,
    column: start - lineStart + 1,
    text: sql.slice(lineStart, lineEnd),
  }
}
