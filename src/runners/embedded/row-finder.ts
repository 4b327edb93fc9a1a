/** Cuts single rows out of a request's body again, by their position, as they were sent. */
import type { Framing } from "../../contracts/decoder.ts"

const NEWLINE = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** Bytes of the n-th row; asked with growing n. Empty where there is no such row. */
export type RowFinder = (index: number) => Uint8Array

export function rowFinder(body: Uint8Array, framing: Framing): RowFinder {
  return framing === "ndjson" ? lineFinder(body) : elementFinder(body)
}

/** The n-th line that is not blank. */
function lineFinder(body: Uint8Array): RowFinder {
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
      if (count === index) return line
    }
    return body.subarray(0, 0)
  }
}

/** The n-th element of an array, or the only object, without the blanks around it. */
function elementFinder(body: Uint8Array): RowFinder {
  let position = skipBlanks(body, startsWithMark(body) ? BYTE_ORDER_MARK.length : 0)
  if (body[position] !== OPEN_ARRAY) return () => trimmed(body.subarray(position))
  let count = -1
  position++
  return (index) => {
    while (position < body.length) {
      const end = endOfElement(body, position)
      const element = body.subarray(position, end)
      position = end + 1
      count++
      if (count === index) return trimmed(element)
    }
    return body.subarray(0, 0)
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

function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && (isBlankByte(bytes[end - 1]!) || bytes[end - 1] === NEWLINE)) end--
  return bytes.subarray(skipBlanks(bytes, 0), end)
}

function isBlank(line: Uint8Array): boolean {
  return line.every(isBlankByte)
}

function isBlankByte(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}
