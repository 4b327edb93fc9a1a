/** The twin's door: rows parsed and checked in plain JavaScript, against the kinds of a contract's fields. */
import type { EventContract } from "../../src/contracts/contract.ts"
import type { Framing, RejectedRow } from "../../src/contracts/decoder.ts"
import { failure, type TwinRow } from "./twin-view.ts"

export type ParsedRow =
  | { readonly row: TwinRow; readonly text: string; readonly contract: EventContract }
  | { readonly rejected: RejectedRow; readonly text: string }

const utf8 = new TextDecoder("utf-8", { fatal: true })

export function parseRows(
  body: Uint8Array,
  framing: Framing,
  contractOf: (row: TwinRow) => EventContract | null,
): ParsedRow[] {
  const text = decodeText(body)
  return texts(text, framing).map((rowText, index) => {
    const row = parseRow(rowText)
    if (row === undefined) {
      return rejected(index, null, "not-json", "the row is not a JSON object", rowText)
    }
    const contract = contractOf(row)
    if (contract === null) return rejected(index, "event_type", "unknown-event", "no such event", rowText)
    return checkRow(contract, row, index, rowText)
  })
}

function decodeText(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw failure("body-not-json", `the body is not UTF-8: ${cause}`)
  }
}

function texts(text: string, framing: Framing): string[] {
  if (framing === "ndjson") return text.split("\n").filter((line) => line.trim() !== "")
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.map((item) => JSON.stringify(item)) : [JSON.stringify(value)]
  } catch (cause) {
    throw failure("body-not-json", `the body is not JSON: ${cause}`)
  }
}

function parseRow(text: string): TwinRow | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as TwinRow)
      : undefined
  } catch {
    // A line that is no JSON is a rejected row.
    return undefined
  }
}

function checkRow(contract: EventContract, row: TwinRow, index: number, text: string): ParsedRow {
  for (const field of contract.fields) {
    const value = Object.hasOwn(row, field.name) ? row[field.name] : undefined
    if (value === undefined || value === null) {
      if (field.optional) continue
      return rejected(index, field.name, "missing-field", `${field.name} is missing`, text)
    }
    const wanted = field.type.kind === "int32" || field.type.kind === "int64" ? "number" : "string"
    if (field.type.kind !== "json" && typeof value !== wanted) {
      return rejected(index, field.name, "wrong-type", `${field.name} is not a ${wanted}`, text)
    }
  }
  return { row, text, contract }
}

function rejected(
  index: number,
  field: string | null,
  code: string,
  message: string,
  text: string,
): ParsedRow {
  return { rejected: { index, field, code, message }, text }
}
