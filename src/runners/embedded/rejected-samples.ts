/**
 * The newest refused rows with their text, for people to look at. The producer was told; nothing here is
 * history.
 */
import type { Framing, RejectedRow } from "../../contracts/decoder.ts"
import type { RejectedSample } from "../runtime.ts"

const MAX_SAMPLES = 200
/** Of one request, so that a bad batch does not push everything else out. */
const MAX_SAMPLES_PER_REQUEST = 20
const MAX_TEXT_LENGTH = 1024
/** UTF-8 needs at most three bytes for each unit of a string. */
const MAX_BYTES_PER_UNIT = 3
const NEWLINE = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

export class RejectedSamples {
  #samples: RejectedSample[] = []

  /** @param body the request's bytes, from which the rows' texts are cut. */
  add(
    event: string | null,
    rows: readonly RejectedRow[],
    { body, framing }: { readonly body: Uint8Array; readonly framing: Framing },
    atMs: number,
  ): void {
    const shown = rows.slice(0, MAX_SAMPLES_PER_REQUEST)
    const find = framing === "ndjson" ? lineFinder(body) : elementFinder(body)
    const samples = shown.map((row) => ({ ...row, event, atMs, text: find(row.index) }))
    this.#samples = [...samples.reverse(), ...this.#samples].slice(0, MAX_SAMPLES)
  }

  /** Newest first. */
  list(): readonly RejectedSample[] {
    return this.#samples
  }
}

/** Text of the n-th line that is not blank; asked with growing n. */
function lineFinder(body: Uint8Array): (index: number) => string {
  let position = 0
  let count = -1
  return (index) => {
    while (position < body.length) {
      const newline = body.indexOf(NEWLINE, position)
      const end = newline === -1 ? body.length : newline
      const line = body.subarray(position, end)
      position = end + 1
      if (isBlank(line)) continue
      count++
      if (count === index) return cut(textOf(line))
    }
    return ""
  }
}

/** Text of the n-th element of an array, or of the only object, as it was sent; asked with growing n. */
function elementFinder(body: Uint8Array): (index: number) => string {
  let position = skipBlanks(body, startsWithMark(body) ? BYTE_ORDER_MARK.length : 0)
  if (body[position] !== OPEN_ARRAY) return () => cut(textOf(body.subarray(position)))
  let count = -1
  position++
  return (index) => {
    while (position < body.length) {
      const end = endOfElement(body, position)
      const element = body.subarray(position, end)
      position = end + 1
      count++
      if (count === index) return cut(textOf(element))
    }
    return ""
  }
}

/**
 * Position of the comma or bracket behind the element that begins at `position`. The body is known to be
 * JSON; it may be nested to any depth, so brackets are counted and nothing recurs.
 */
function endOfElement(body: Uint8Array, position: number): number {
  let depth = 0
  for (let at = position; at < body.length; at++) {
    const byte = body[at]!
    if (byte === QUOTE) at = endOfString(body, at)
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      if (depth === 0) return at
      depth--
    } else if (byte === COMMA && depth === 0) return at
  }
  return body.length
}

/** Position of the quote that ends the string whose first quote is at `start`. */
function endOfString(body: Uint8Array, start: number): number {
  let at = start + 1
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1
  return at
}

function skipBlanks(body: Uint8Array, position: number): number {
  let at = position
  while (at < body.length && (isBlankByte(body[at]!) || body[at] === NEWLINE)) at++
  return at
}

function startsWithMark(body: Uint8Array): boolean {
  return BYTE_ORDER_MARK.every((byte, at) => body[at] === byte)
}

/** A row may have megabytes; no more of it is decoded than is shown. */
function textOf(bytes: Uint8Array): string {
  const shown = bytes.subarray(skipBlanks(bytes, 0)).subarray(0, MAX_TEXT_LENGTH * MAX_BYTES_PER_UNIT)
  return Buffer.from(shown.buffer, shown.byteOffset, shown.byteLength).toString("utf8")
}

function isBlank(line: Uint8Array): boolean {
  return line.every(isBlankByte)
}

function isBlankByte(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}

function cut(text: string): string {
  const trimmed = text.trim()
  return trimmed.length > MAX_TEXT_LENGTH ? `${trimmed.slice(0, MAX_TEXT_LENGTH)}…` : trimmed
}
