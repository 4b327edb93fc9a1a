/**
 * A test event while it is being written: text per field, and the JSON that the text stands for. The JSON is
 * put together as text, so that an int64 keeps all its digits. Nothing is checked here: the contract decides,
 * and a refusal is as good an answer as a receipt.
 */
import type { EventField, EventStream, JsonSchema } from "../api/types.ts"

/** Text by field name; an empty text leaves an optional field out. */
export type Draft = Readonly<Record<string, string>>

export type InputKind = "text" | "email" | "number" | "datetime" | "date" | "boolean" | "json"

export function inputKind(field: EventField): InputKind {
  const type = field.type.replace(/\(.*/, "")
  switch (type) {
    case "boolean":
      return "boolean"
    case "int32":
    case "int64":
    case "float64":
    case "decimal":
      return "number"
    case "timestamp":
      return "datetime"
    case "date":
      return "date"
    case "string":
      return /e-?mail/.test(field.name) ? "email" : "text"
    case "bytes":
      return "text"
    default:
      return "json"
  }
}

/** Pretty-printed; fields in the contract's order. */
export function draftJson(event: EventStream, schema: JsonSchema, draft: Draft): string {
  const lines: string[] = []
  for (const field of event.fields) {
    const text = draft[field.name] ?? ""
    if (text === "" && (field.optional || !field.nullable) && inputKind(field) !== "text") continue
    if (text === "" && field.optional) continue
    const asNumber = schema.properties?.[field.name]?.type === "number"
    const value = text === "" && field.nullable ? "null" : jsonValue(field, text, asNumber)
    lines.push(`  ${JSON.stringify(field.name)}: ${value}`)
  }
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n}`
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

function jsonValue(field: EventField, text: string, asNumber: boolean): string {
  switch (inputKind(field)) {
    case "number":
      // A decimal is text: as a JSON number it might pass through a double on its way.
      return JSON_NUMBER.test(text) && !field.type.startsWith("decimal") ? text : JSON.stringify(text)
    case "boolean":
      return text === "true" || text === "false" ? text : JSON.stringify(text)
    case "datetime":
      return instantJson(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`, asNumber)
    case "json":
      return isJson(text) ? text : JSON.stringify(text)
    default:
      return JSON.stringify(text)
  }
}

/** A contract may want its times as numbers since 1970; milliseconds are what most have. */
function instantJson(text: string, asNumber: boolean): string {
  const ms = Date.parse(text)
  return asNumber && !Number.isNaN(ms) ? String(ms) : JSON.stringify(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // Half-written JSON is sent as a string, and the contract says what is wrong with it.
    return false
  }
}

/** The same event with a time that is none, as a ready-made example of a refusal. */
export function breakJson(json: string, timeField: string): string {
  const value: unknown = JSON.parse(json)
  const broken = { ...(value as Record<string, unknown>), [timeField]: "yesterday, around noon" }
  return JSON.stringify(broken, null, 2)
}
