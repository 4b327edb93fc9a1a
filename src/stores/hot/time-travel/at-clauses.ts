/**
 * Finds time travel in a statement, which ClickHouse's SQL does not have:
 *
 *   lake.EVENT AT 'time'            lake.EVENT AT SNAPSHOT id
 *   ^start                     ^end
 *
 * AT may also be a column or an alias: it is ours before a string, and before SNAPSHOT and an id, where no
 * SQL of ClickHouse has it; and behind a table in FROM, when a value follows that is no time.
 */
import { queryMoment } from "../errors.ts"
import { momentMs } from "./moment-text.ts"
import { type SqlPiece, sqlPieces } from "./sql-pieces.ts"

export type WantedMoment = { readonly atMs: number } | { readonly snapshotId: string }

export interface AtClause {
  /** Of the table up to its moment. */
  readonly start: number
  readonly end: number
  readonly event: string
  readonly moment: WantedMoment
  /** True when the statement gives the table a name of its own behind it. */
  readonly isNamed: boolean
}

/** Where a table stands behind. */
const BEFORE_TABLES = /^(?:from|join|,)$/i
/** Words behind a table that are no name for it. */
const BEHIND_TABLES = new Set(
  `FINAL SAMPLE WHERE PREWHERE GROUP ORDER HAVING LIMIT OFFSET FETCH WINDOW QUALIFY ON USING JOIN INNER LEFT
   RIGHT FULL CROSS OUTER ASOF SEMI ANTI ANY ALL GLOBAL LOCAL ARRAY PASTE NATURAL UNION EXCEPT INTERSECT
   SETTINGS FORMAT INTO WITH INTERPOLATE PARALLEL`.split(/\s+/),
)

/** In the order of the text. @throws PlatformError query-moment */
export function atClauses(sql: string): AtClause[] {
  if (!/\bAT\b/i.test(sql)) return []
  const pieces = sqlPieces(sql) ?? []
  return pieces.flatMap((piece, index) => {
    if (piece.kind !== "word" || !isWord(piece, "AT")) return []
    const value = pieces[index + 1]
    const isSnapshot = isWord(value, "SNAPSHOT")
    const wanted = isSnapshot ? pieces[index + 2] : value
    const isOurs = wanted?.kind === "string" || (isSnapshot && wanted?.kind === "number")
    if (!isOurs && !(isBehindTable(pieces, index) && isValue(pieces, index + 1))) return []
    const { event, start } = tableBefore(sql, pieces, index)
    const moment = momentOf(sql, isSnapshot, wanted, piece)
    return [{ event, start, end: wanted!.end, moment, isNamed: isName(pieces[pieces.indexOf(wanted!) + 1]) }]
  })
}

/** Something that is neither the end of the table nor another clause: `AT now()`, `AT 5`, `AT {t:String}`. */
function isValue(pieces: readonly SqlPiece[], index: number): boolean {
  const [value, next] = [pieces[index], pieces[index + 1]]
  if (value === undefined) return false
  if (isWord(value, "SNAPSHOT")) return true
  if (value.kind === "number" || /^[{+-]$/.test(value.text)) return true
  return value.kind === "word" && next?.text === "(" && !BEHIND_TABLES.has(value.text.toUpperCase())
}

function isBehindTable(pieces: readonly SqlPiece[], at: number): boolean {
  const { chain, before } = chainBefore(pieces, at)
  return chain.length > 0 && beginsTables(before)
}

function beginsTables(before: SqlPiece | undefined): boolean {
  return before !== undefined && before.kind !== "name" && BEFORE_TABLES.test(before.text)
}

function momentOf(
  sql: string,
  isSnapshot: boolean,
  wanted: SqlPiece | undefined,
  at: SqlPiece,
): WantedMoment {
  const place = wanted ?? at
  if (isSnapshot) {
    if (wanted !== undefined && /^\d+$/.test(wanted.text)) return { snapshotId: wanted.text }
    throw queryMoment("AT SNAPSHOT takes a snapshot's id, as GET /v1/lake lists them", sql, place.start)
  }
  const ms = wanted?.kind === "string" ? momentMs(wanted.text) : null
  if (ms !== null) return { atMs: ms }
  const found = wanted === undefined ? "" : `, not ${sql.slice(wanted.start, wanted.end)}`
  const form = "AT takes a time as a text, '2026-11-27' or '2026-11-27T10:00:00Z', or SNAPSHOT and an id"
  throw queryMoment(`${form}${found}`, sql, place.start)
}

/** @throws PlatformError query-moment for everything but a table of the lake */
function tableBefore(sql: string, pieces: readonly SqlPiece[], at: number) {
  const { chain, before } = chainBefore(pieces, at)
  const [first, second, ...more] = chain
  const place = (first ?? pieces[at]!).start
  if (first === undefined) {
    throw queryMoment("AT stands behind a table of the lake: lake.EVENT AT '…'", sql, pieces[at]!.start)
  }
  const written = chain.map(({ text }) => text).join(".")
  if (!beginsTables(before)) {
    throw queryMoment(
      "AT stands directly behind a table of the lake, before its other name: " +
        `lake.EVENT AT '…' AS ${written}`,
      sql,
      place,
    )
  }
  if (first.text === "lake" && second !== undefined && more.length === 0) {
    return { event: second.text, start: first.start }
  }
  const event = second?.text ?? first.text
  throw queryMoment(
    `only tables of the lake have a past, and ${written} is none; write lake.${event} AT '…' where ` +
      "the lake has that event",
    sql,
    place,
  )
}

/** The names with dots before AT, and what stands before them. */
function chainBefore(pieces: readonly SqlPiece[], at: number) {
  const chain: SqlPiece[] = []
  let index = at - 1
  for (;;) {
    const piece = pieces[index]
    const isBehindDot = pieces[index - 1]?.text === "."
    // Behind a dot even a keyword is a name: lake.order.
    if (piece === undefined || !(isName(piece) || (isBehindDot && piece.kind === "word"))) break
    chain.unshift(piece)
    if (!isBehindDot) break
    index -= 2
  }
  return { chain, before: pieces[at - 2 * chain.length] }
}

function isName(piece: SqlPiece | undefined): boolean {
  if (piece?.kind === "name") return true
  return piece?.kind === "word" && !BEHIND_TABLES.has(piece.text.toUpperCase())
}

function isWord(piece: SqlPiece | undefined, word: string): boolean {
  return piece?.kind === "word" && piece.text.toUpperCase() === word
}
