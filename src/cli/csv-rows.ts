/**
 * CSV with a header row as JSON rows, typed by the event's contract. Numbers keep every digit, because they
 * are copied as text and never become a double; what does not fit its type is sent as a string, so that the
 * server can say what is wrong with it.
 */
import { pipeline, Readable } from "node:stream"
import { CsvError, parse } from "csv-parse"
import { inputUnreadable } from "./errors.ts"
import type { SourceRow } from "./row-source.ts"
import type { SentField } from "./sent-field.ts"

/** JSON's own grammar of numbers, with a sign and leading zeros removed beforehand. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const TRUE = new Set(["true", "t", "yes", "y", "1"])
const FALSE = new Set(["false", "f", "no", "n", "0"])

interface ParsedRecord {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/** @throws input-unreadable, with the line */
export async function* csvRows(
  bytes: AsyncIterable<Uint8Array>,
  fields: readonly SentField[],
  name: string,
): AsyncGenerator<readonly SourceRow[]> {
  const encoder = new TextEncoder()
  let columns: readonly ((cell: string) => string | null)[] | null = null
  try {
    for await (const records of csvRecords(bytes)) {
      columns ??= headerColumns(records.shift()!.record, fields, name)
      const write = columns
      const rows = records.map(({ record, info }) => {
        const members = record.flatMap((cell, index) => write[index]!(cell) ?? [])
        return { json: encoder.encode(`{${members.join(",")}}`), line: info.lines }
      })
      if (rows.length > 0) yield rows
    }
  } catch (error) {
    if (error instanceof CsvError) throw inputUnreadable(name, error.message, error)
    throw error
  }
}

/** What the parser has ready at a time, so that rows of a slow pipe are not kept back. */
async function* csvRecords(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ParsedRecord[]> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    record_delimiter: ["\r\n", "\n", "\r"],
  })
  let ended = false
  let failure: unknown = null
  let wake = () => {}
  parser.on("readable", () => wake())
  pipeline(Readable.from(bytes), parser, (error) => {
    ended = true
    failure = error ?? null
    wake()
  })
  for (;;) {
    const records: ParsedRecord[] = []
    for (let record = parser.read(); record !== null; record = parser.read()) records.push(record)
    if (records.length > 0) yield records
    else if (failure !== null) throw failure
    else if (ended) return
    else {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
}

/** One writer a column: a cell in, `"name":value` out, or null where the key is left out. */
function headerColumns(
  header: readonly string[],
  fields: readonly SentField[],
  name: string,
): ((cell: string) => string | null)[] {
  const twice = header.find((title, index) => header.indexOf(title) !== index)
  if (twice !== undefined) throw inputUnreadable(name, `the header names "${twice}" twice`)
  const known = fields.filter((field) => header.includes(field.name))
  if (known.length === 0) {
    const wanted = fields.map((field) => field.name).join(", ")
    throw inputUnreadable(
      name,
      `its first line, the header, names no field of the event; the fields are ${wanted}`,
    )
  }
  return header.map((title) => {
    const key = JSON.stringify(title)
    const field = fields.find((one) => one.name === title)
    return (cell) => {
      const value = field === undefined ? JSON.stringify(cell) : jsonOfCell(cell, field)
      return value === null ? null : `${key}:${value}`
    }
  })
}

/** The cell as JSON text; null: leave the key out. */
export function jsonOfCell(cell: string, field: SentField): string | null {
  const { type, optional, nullable } = field
  const text = type === "string" ? cell : cell.trim()
  // CSV has one spelling for "nothing" and for the empty text; a field that can be absent is absent.
  if (text === "" && optional) return null
  if (text === "" && nullable) return "null"
  if (field.number || /^(int|float|decimal)/.test(type)) return numberText(text) ?? JSON.stringify(cell)
  if (type === "boolean") {
    const word = text.toLowerCase()
    return TRUE.has(word) ? "true" : FALSE.has(word) ? "false" : JSON.stringify(cell)
  }
  if (type === "json") return isJson(text) ? text : JSON.stringify(cell)
  return JSON.stringify(text)
}

function numberText(text: string): string | null {
  const plain = text.replace(/^\+/, "").replace(/^(-?)0+(?=\d)/, "$1")
  return NUMBER.test(plain) ? plain : null
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // Then it is a plain text, which is a JSON value too once it has its quotes.
    return false
  }
}
