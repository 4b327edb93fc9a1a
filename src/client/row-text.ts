/**
 * A row as one line of JSON. bigint becomes its digits as a string, which int64() and decimal() fields take
 * exactly; a Date becomes RFC 3339 in UTC; bytes become base64. What JSON would turn into null is refused.
 */
import { rowNotJson } from "./errors.ts"

/** @throws row-not-json */
export function rowText(event: string, row: object): string {
  try {
    const text = JSON.stringify(row, replace)
    if (text?.startsWith("{")) return text
  } catch (cause) {
    throw rowNotJson(event, cause instanceof Error ? cause.message : String(cause), cause)
  }
  throw rowNotJson(event, "it is not an object")
}

/** `this` holds the value as it was before toJSON. */
function replace(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Readonly<Record<string, unknown>>)[key]
  if (original instanceof Date && Number.isNaN(original.getTime())) throw new TypeError(`${key} is no date`)
  if (typeof value === "bigint") return value.toString()
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${key} is ${value}`)
  if (original instanceof Uint8Array) return base64(original)
  return value
}

function base64(bytes: Uint8Array): string {
  let binary = ""
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
