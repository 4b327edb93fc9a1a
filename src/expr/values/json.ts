/**
 * Pieces of JSON text, by PostgreSQL's rules for the json type (src/backend/utils/adt/jsonfuncs.c): `->`
 * gives the text exactly as it was written, the last of equal keys wins, and `->>` takes a string out of its
 * quotes. The text is known to be JSON, so values are skipped by counting brackets, without recursion.
 */
import { raise } from "./failure-register.ts"

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COMMA = 0x2c

export function jsonField(text: string, key: string): string | null {
  const start = skipSpace(text, 0)
  if (text.charCodeAt(start) !== OPEN_OBJECT) return null
  let found: string | null = null
  let at = skipSpace(text, start + 1)
  while (at < text.length && text.charCodeAt(at) !== CLOSE_OBJECT) {
    const keyEnd = skipString(text, at)
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const valueEnd = skipValue(text, valueStart)
    if (stringValue(text.slice(at, keyEnd)) === key) found = text.slice(valueStart, valueEnd)
    at = skipSpace(text, valueEnd)
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1)
  }
  return found
}

/** A negative index counts from the end. */
export function jsonElement(text: string, index: number): string | null {
  const elements = jsonElements(text)
  return elements?.at(index) ?? null
}

/** Texts of an array's elements; null when it is not an array. */
function jsonElements(text: string): string[] | null {
  const start = skipSpace(text, 0)
  if (text.charCodeAt(start) !== OPEN_ARRAY) return null
  const elements: string[] = []
  let at = skipSpace(text, start + 1)
  while (at < text.length && text.charCodeAt(at) !== CLOSE_ARRAY) {
    const end = skipValue(text, at)
    elements.push(text.slice(at, end))
    at = skipSpace(text, end)
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1)
  }
  return elements
}

/** Strings without quotes and escapes, JSON null as NULL, anything else as its text. */
export function jsonAsText(piece: string | null): string | null {
  if (piece === null || piece === "null") return null
  return piece.charCodeAt(0) === QUOTE ? stringValue(piece) : piece
}

export function jsonFieldText(text: string, key: string): string | null {
  return jsonAsText(jsonField(text, key))
}

export function jsonElementText(text: string, index: number): string | null {
  return jsonAsText(jsonElement(text, index))
}

export function jsonPath(text: string, path: readonly (string | null)[]): string | null {
  let piece: string | null = text.slice(skipSpace(text, 0)).trimEnd()
  for (const step of path) {
    if (step === null || piece === null) return null
    const isArray: boolean = piece.charCodeAt(0) === OPEN_ARRAY
    piece = isArray ? elementAt(piece, step) : jsonField(piece, step)
  }
  return piece
}

const MAX_INT32 = 2_147_483_647

function elementAt(text: string, step: string): string | null {
  if (!/^[ \t\n\r\v\f]*[+-]?\d+$/.test(step)) return null
  const index = Number(step)
  return Math.abs(index) > MAX_INT32 ? null : jsonElement(text, index)
}

/** `{a,"b c",0}`: the text form of an array of text. */
export function parsePath(text: string): readonly (string | null)[] {
  const shape = /^\s*\{(.*)\}\s*$/s.exec(text)
  const body = shape?.[1]
  if (body === undefined) return raise("invalid-cast", [])
  if (body.trim() === "") return []
  const element = /\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^",{}\\\s]|\\.)(?:[^",{}\\]|\\.)*))\s*(,|$)/sy
  const path: (string | null)[] = []
  for (;;) {
    const match = element.exec(body)
    if (match === null) return raise("invalid-cast", [])
    const [, quoted, bare = "", separator] = match
    const plain = (quoted ?? bare.trimEnd()).replace(/\\(.)/gs, "$1")
    path.push(quoted === undefined && /^null$/i.test(plain) ? null : plain)
    if (separator === "") return path
  }
}

export function jsonPathAt(text: string, path: string): string | null {
  return jsonPath(text, parsePath(path))
}

export function jsonPathTextAt(text: string, path: string): string | null {
  return jsonAsText(jsonPathAt(text, path))
}

export function jsonArrayLength(text: string): number {
  return jsonElements(text)?.length ?? raise("invalid-argument", 0)
}

export function jsonTypeOf(text: string): string {
  switch (text[skipSpace(text, 0)]) {
    case "{":
      return "object"
    case "[":
      return "array"
    case '"':
      return "string"
    case "t":
    case "f":
      return "boolean"
    case "n":
      return "null"
    default:
      return "number"
  }
}

/** PostgreSQL's text cannot hold U+0000 nor half a surrogate pair. */
function stringValue(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1)
  const value = JSON.parse(quoted) as string
  return value.includes("\0") || !value.isWellFormed() ? raise("invalid-cast", "") : value
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}

/** The position behind a string that starts at `from`. */
function skipString(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at + 1
}

function skipValue(text: string, from: number): number {
  let depth = 0
  let at = from
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) at = skipString(text, at)
    else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      depth++
      at++
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) {
      if (depth === 0) return at
      depth--
      at++
    } else if (depth > 0) {
      at++
      continue
    } else if (unit === COMMA || unit <= 0x20) return at
    else {
      at++
      continue
    }
    if (depth === 0) return at
  }
  return at
}
