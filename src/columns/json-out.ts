/**
 * Values as text and rows as JSON, the same at every door.
 * | type             | in JSON                                                                      |
 * |------------------|------------------------------------------------------------------------------|
 * | int64, decimal   | a string, exact; with numbers "json" a JSON number with all its digits       |
 * | int32, float64   | a number; NaN, Infinity and -Infinity as strings                             |
 * | timestamp        | RFC 3339 in UTC with Z: no fraction, 3 digits for whole milliseconds, else 6 |
 * | date             | YYYY-MM-DD                                                                   |
 * | bytes            | base64 with padding                                                          |
 * | json             | its text, as it was sent                                                     |
 */
import { assert } from "../std/assert.ts"
import { MICROS_PER_DAY } from "../std/calendar.ts"
import { formatDate, formatTimestamp, parseDate, parseTimestamp } from "../std/calendar-text.ts"
import { formatUnscaled, parseExactNumber, parseInt64, parseUnscaled } from "../std/exact-number.ts"
import type { Batch } from "./batch.ts"
import { readScalar } from "./scalar.ts"
import type { Column, LogicalType, Scalar } from "./types.ts"
import type { Vector } from "./vector.ts"

/** How int64 and decimal are written. */
export type JsonNumbers = "json" | "string"

export interface WriteRowsOptions {
  /** First row. */
  readonly from: number
  /** Behind the last row. */
  readonly to: number
  readonly numbers: JsonNumbers
}

/** Rows [from, to) as the text of a JSON array of objects, keys in column order. */
export function writeRowsAsJson(columns: readonly Column[], batch: Batch, options: WriteRowsOptions): string {
  const { from, to, numbers } = options
  assert(from >= 0 && to <= batch.length, "the rows are inside the batch")
  const write = jsonRowWriter(columns, batch, numbers)
  let text = "["
  for (let row = from; row < to; row++) text += row === from ? write(row) : `,${write(row)}`
  return `${text}]`
}

/** What writes one row of `batch` as a JSON object, keys in column order. */
export function jsonRowWriter(
  columns: readonly Column[],
  batch: Batch,
  numbers: JsonNumbers,
): (row: number) => string {
  assert(columns.length === batch.vectors.length, "a batch has one vector for each column")
  const cells = columns.map(({ name }, index) => {
    const vector = batch.vectors[index]!
    const before = `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`
    const write = cellWriter(vector, numbers)
    return (row: number) => before + (vector.nulls[row] === 1 ? "null" : write(row))
  })
  const open = cells.length === 0 ? "{" : ""
  return (row) => {
    let text = open
    for (const cell of cells) text += cell(row)
    return `${text}}`
  }
}

function cellWriter(vector: Vector, numbers: JsonNumbers): (row: number) => string {
  const { type, values } = vector
  const quote = numbers === "string" ? '"' : ""
  switch (type.kind) {
    case "boolean":
      return (row) => (values[row] === 1 ? "true" : "false")
    case "int32":
      return (row) => String(values[row])
    case "float64":
      return (row) => floatJson(values[row] as number)
    case "int64":
      return (row) => `${quote}${values[row]}${quote}`
    case "decimal":
      return (row) => `${quote}${formatUnscaled(readScalar(vector, row) as bigint, type.scale)}${quote}`
    case "json":
      return (row) => readScalar(vector, row) as string
    case "string":
      return (row) => JSON.stringify(readScalar(vector, row))
    case "timestamp":
      return timestampWriter(values as BigInt64Array)
    default:
      return (row) => `"${formatScalar(type, readScalar(vector, row))}"`
  }
}

/** Rows of one window have the same instants: the text of the last one is kept. */
function timestampWriter(values: BigInt64Array): (row: number) => string {
  let lastUs: bigint | null = null
  let text = ""
  return (row) => {
    const micros = values[row]!
    if (micros !== lastUs) {
      lastUs = micros
      text = `"${formatTimestamp(micros)}"`
    }
    return text
  }
}

function floatJson(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`
}

/** The text of a value: what `parseScalar` reads. NULL is "null". */
export function formatScalar(type: LogicalType, value: Scalar): string {
  if (value === null) return "null"
  switch (type.kind) {
    case "decimal":
      return formatUnscaled(value as bigint, type.scale)
    case "timestamp":
      return formatTimestamp(value as bigint)
    case "date":
      return formatDate(value as number)
    case "bytes":
      return Buffer.from(value as Uint8Array).toString("base64")
    case "interval":
      assert(false, "no column is an interval")
      break
    default:
      return String(value)
  }
}

/**
 * The value that a text stands for, as in query parameters; undefined when it is none of the type. Numbers
 * follow JSON's grammar and must fit exactly; a timestamp may be a bare date, its midnight in UTC. There is
 * no NULL.
 */
export function parseScalar(type: LogicalType, text: string): Scalar | undefined {
  switch (type.kind) {
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined
    case "int32": {
      const value = bigintOrUndefined(parseInt64(text))
      return value !== undefined && BigInt.asIntN(32, value) === value ? Number(value) : undefined
    }
    case "int64":
      return bigintOrUndefined(parseInt64(text))
    case "float64":
      return parseFloat64(text)
    case "decimal":
      return bigintOrUndefined(parseUnscaled(text, type.precision, type.scale))
    case "timestamp": {
      const days = parseDate(text)
      return days === null ? (parseTimestamp(text) ?? undefined) : BigInt(days) * MICROS_PER_DAY
    }
    case "date":
      return parseDate(text) ?? undefined
    case "string":
      return text
    case "json":
      return isJson(text) ? text : undefined
    case "bytes":
      return parseBase64(text)
    case "interval":
      return undefined
  }
}

function bigintOrUndefined(value: bigint | string): bigint | undefined {
  return typeof value === "bigint" ? value : undefined
}

function parseFloat64(text: string): number | undefined {
  if (text === "NaN" || text === "Infinity" || text === "-Infinity") return Number(text)
  const value = parseExactNumber(text) === null ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value + 0 : undefined // -0 is 0
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false // not being JSON is the answer
  }
}

function parseBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return new Uint8Array(Buffer.from(text, "base64"))
}
