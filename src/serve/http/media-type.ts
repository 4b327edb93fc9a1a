/** What a body is, from its Content-Type and Content-Encoding. */
import type { IncomingHttpHeaders } from "node:http"
import type { Framing } from "../../contracts/decoder.ts"
import { unsupportedEncoding, unsupportedMediaType } from "../errors.ts"

const FRAMING_BY_TYPE: ReadonlyMap<string, Framing> = new Map([
  ["application/json", "json"],
  ["application/x-ndjson", "ndjson"],
  ["application/ndjson", "ndjson"],
  ["application/jsonl", "ndjson"],
  ["application/x-jsonl", "ndjson"],
  ["application/jsonlines", "ndjson"],
  ["application/x-jsonlines", "ndjson"],
  ["text/x-ndjson", "ndjson"],
])

export const MEDIA_TYPES: readonly string[] = [...FRAMING_BY_TYPE.keys()]

/** @throws unsupported-media-type, also for a charset other than UTF-8. */
export function framingOf(headers: IncomingHttpHeaders): Framing {
  const given = headers["content-type"]
  if (given === undefined) throw unsupportedMediaType(given)
  const [essence = "", ...parameters] = given.split(";")
  const framing = FRAMING_BY_TYPE.get(essence.trim().toLowerCase())
  if (framing === undefined || !parameters.every(isHarmless)) throw unsupportedMediaType(given)
  return framing
}

/** @throws unsupported-media-type */
export function requireJson(headers: IncomingHttpHeaders): void {
  const given = headers["content-type"]
  const [essence = "", ...parameters] = given?.split(";") ?? []
  if (essence.trim().toLowerCase() !== "application/json" || !parameters.every(isHarmless)) {
    throw unsupportedMediaType(given, "application/json (one object)")
  }
}

function isHarmless(parameter: string): boolean {
  const [name = "", value = ""] = parameter.split("=")
  if (name.trim().toLowerCase() !== "charset") return true
  return /^"?utf-?8"?$/i.test(value.trim())
}

/** @throws unsupported-encoding */
export function isGzip(headers: IncomingHttpHeaders): boolean {
  const given = headers["content-encoding"]
  if (given === undefined) return false
  const encoding = given.trim().toLowerCase()
  if (encoding === "" || encoding === "identity") return false
  if (encoding === "gzip" || encoding === "x-gzip") return true
  throw unsupportedEncoding(given)
}
