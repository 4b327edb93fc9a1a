/** Bytes of JSON strings to JavaScript strings and to plain UTF-8. */
import { hexUnit } from "./scanner.ts"

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })
/** Up to here a loop is faster than a call into the decoder. */
const SHORT_TEXT = 24

/** Bytes of valid UTF-8 as a string. */
export function sliceText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_TEXT) return utf8.decode(bytes.subarray(start, end))
  let text = ""
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte >= 0x80) return utf8.decode(bytes.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}

/** Growing memory for what is not a slice of the input: unescaped strings, decoded bytes, defaults. */
export class Scratch {
  bytes: Uint8Array = new Uint8Array(1024)
  length = 0

  clear(): void {
    this.length = 0
  }

  /** Room for `size` more bytes behind `length`. */
  reserve(size: number): Uint8Array {
    if (this.length + size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + size))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    return this.bytes
  }

  append(source: Uint8Array): void {
    this.reserve(source.length).set(source, this.length)
    this.length += source.length
  }
}

const SIMPLE: Readonly<Record<number, number>> = {
  98: 8,
  102: 12,
  110: 10,
  114: 13,
  116: 9,
}

/** Appends the content of a scanned JSON string (without quotes, no lone surrogates) as plain UTF-8. */
export function appendUnescaped(bytes: Uint8Array, start: number, end: number, scratch: Scratch): void {
  const target = scratch.reserve(end - start) // an escape is never shorter than its UTF-8
  let to = scratch.length
  let at = start
  while (at < end) {
    const byte = bytes[at]!
    if (byte !== 0x5c) {
      target[to++] = byte
      at++
      continue
    }
    const letter = bytes[at + 1]!
    if (letter !== 0x75) {
      target[to++] = SIMPLE[letter] ?? letter
      at += 2
      continue
    }
    let point = hexUnit(bytes, at + 2, end)
    at += 6
    if (point >= 0xd800 && point <= 0xdbff) {
      point = 0x10000 + ((point - 0xd800) << 10) + (hexUnit(bytes, at + 2, end) - 0xdc00)
      at += 6
    }
    to = writeCodePoint(target, to, point)
  }
  scratch.length = to
}

function writeCodePoint(target: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    target[at] = point
    return at + 1
  }
  if (point < 0x800) {
    target[at] = 0xc0 | (point >> 6)
    target[at + 1] = 0x80 | (point & 0x3f)
    return at + 2
  }
  if (point < 0x10000) {
    target[at] = 0xe0 | (point >> 12)
    target[at + 1] = 0x80 | ((point >> 6) & 0x3f)
    target[at + 2] = 0x80 | (point & 0x3f)
    return at + 3
  }
  target[at] = 0xf0 | (point >> 18)
  target[at + 1] = 0x80 | ((point >> 12) & 0x3f)
  target[at + 2] = 0x80 | ((point >> 6) & 0x3f)
  target[at + 3] = 0x80 | (point & 0x3f)
  return at + 4
}
