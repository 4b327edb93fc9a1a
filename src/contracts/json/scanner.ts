/**
 * A scanner over JSON bytes: finds where each value ends and checks every rule of RFC 8259 on the way,
 * without making values. What JSON allows and a column does not (a lone surrogate, U+0000) is only noted in
 * `flags`.
 */
import { MAX_DEPTH } from "./limits.ts"
import { isUtf8 } from "./utf8.ts"

export const KIND_STRING = 1
export const KIND_NUMBER = 2
export const KIND_TRUE = 3
export const KIND_FALSE = 4
export const KIND_NULL = 5
export const KIND_OBJECT = 6
export const KIND_ARRAY = 7
export type ValueKind = 1 | 2 | 3 | 4 | 5 | 6 | 7

export const FLAG_ESCAPED = 1
export const FLAG_NUL = 2
export const FLAG_LONE_SURROGATE = 4
export const FLAG_BAD_UTF8 = 8
export const FLAG_TOO_DEEP = 16
export const FLAG_NON_ASCII = 32
/** A line feed between tokens: a row in lines ends there. */
export const FLAG_NEWLINE = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COMMA = 0x2c
const COLON = 0x3a

export class JsonScanner {
  bytes: Uint8Array = new Uint8Array(0)
  /** On the same bytes; set by who brings them. */
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Behind the closing quote of the key that was scanned last. */
  keyEnd = 0
  /** Next byte to read. */
  at = 0
  /** No byte at or behind it is read. */
  end = 0
  /** What was seen since the caller last cleared it. */
  flags = 0
  /** Why the last scan failed. */
  problem = ""
  /** One byte for each open array (1) or object (0); grows with the input's nesting. */
  #nesting = new Uint8Array(MAX_DEPTH)

  reset(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes
    this.at = at
    this.end = end
    this.flags = 0
    this.problem = ""
  }

  /** Moves over space, tab, line feed and carriage return; returns the next byte, or -1 at the end. */
  skipSpace(): number {
    const { bytes, end } = this
    let at = this.at
    while (at < end) {
      const byte = bytes[at]!
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) {
        this.at = at
        return byte
      }
      if (byte === 0x0a) this.flags |= FLAG_NEWLINE
      at++
    }
    this.at = at
    return -1
  }

  /** Scans the value at the next byte that is no space. 0 when there is none; `problem` and `at` say why. */
  scanValue(depth: number): ValueKind | 0 {
    const byte = this.skipSpace()
    if (byte === QUOTE) return this.scanString() ? KIND_STRING : 0
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return this.#scanNumber() ? KIND_NUMBER : 0
    if (byte === OPEN_OBJECT) return this.#scanNested(depth) ? KIND_OBJECT : 0
    if (byte === OPEN_ARRAY) return this.#scanNested(depth) ? KIND_ARRAY : 0
    return this.#scanWord(byte)
  }

  /** `at` is on the opening quote; afterwards it is behind the closing one. */
  scanString(): boolean {
    const { bytes, end } = this
    const start = this.at + 1
    let at = start
    let high = 0
    for (;;) {
      if (at >= end) return this.#fail(at, "the text ends inside a string")
      const byte = bytes[at]!
      if (byte === QUOTE) break
      if (byte === BACKSLASH) {
        at = this.#scanEscape(at)
        if (at < 0) return false
        continue
      }
      if (byte < 0x20) return this.#fail(at, "a control character must be escaped in a string")
      high |= byte
      at++
    }
    if (high >= 0x80) {
      this.flags |= FLAG_NON_ASCII
      if (!isUtf8(bytes, start, at)) this.flags |= FLAG_BAD_UTF8
    }
    this.at = at + 1
    return true
  }

  /** Returns where the string goes on behind the escape at `at`, -1 when it is none. */
  #scanEscape(at: number): number {
    this.flags |= FLAG_ESCAPED
    const { bytes, end } = this
    const letter = at + 1 < end ? bytes[at + 1]! : 0
    if (letter !== 0x75) {
      if (isSimpleEscape(letter)) return at + 2
      this.#fail(at, "a backslash must begin one of the escapes of JSON")
      return -1
    }
    const unit = hexUnit(bytes, at + 2, end)
    if (unit < 0) {
      this.#fail(at, "\\u must be followed by four hexadecimal digits")
      return -1
    }
    if (unit === 0) this.flags |= FLAG_NUL
    if (unit < 0xd800 || unit > 0xdfff) return at + 6
    const next = at + 6
    const paired = unit < 0xdc00 && next + 1 < end && bytes[next] === BACKSLASH && bytes[next + 1] === 0x75
    const low = paired ? hexUnit(bytes, next + 2, end) : -1
    if (low >= 0xdc00 && low <= 0xdfff) return at + 12
    this.flags |= FLAG_LONE_SURROGATE
    return next
  }

  #scanNumber(): boolean {
    const { bytes, end } = this
    let at = this.at
    if (bytes[at] === 0x2d) at++
    const first = at < end ? bytes[at]! : 0
    if (!isDigit(first)) return this.#fail(at, "a number needs a digit here")
    at++
    if (first !== 0x30) while (at < end && isDigit(bytes[at]!)) at++
    if (at < end && bytes[at] === 0x2e) {
      const fraction = at + 1
      at = fraction
      while (at < end && isDigit(bytes[at]!)) at++
      if (at === fraction) return this.#fail(at, "a number needs a digit behind its point")
    }
    if (at < end && (bytes[at]! | 0x20) === 0x65) {
      at++
      if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++
      const exponent = at
      while (at < end && isDigit(bytes[at]!)) at++
      if (at === exponent) return this.#fail(at, "a number needs a digit in its exponent")
    }
    this.at = at
    return true
  }

  #scanWord(byte: number): ValueKind | 0 {
    if (byte === 0x74 && this.#matches("true")) return KIND_TRUE
    if (byte === 0x66 && this.#matches("false")) return KIND_FALSE
    if (byte === 0x6e && this.#matches("null")) return KIND_NULL
    this.#fail(this.at, byte < 0 ? "the text ends where a value must be" : "this is no JSON value")
    return 0
  }

  #matches(word: string): boolean {
    if (this.at + word.length > this.end) return false
    for (let i = 0; i < word.length; i++) if (this.bytes[this.at + i] !== word.charCodeAt(i)) return false
    this.at += word.length
    return true
  }

  /** Arrays and objects, without recursion. `depth` counts the levels that are already open outside. */
  #scanNested(depth: number): boolean {
    let open = 0
    for (;;) {
      // `at` is on a byte that opens an array or object
      const isArray = this.bytes[this.at] === OPEN_ARRAY
      open = this.#open(open, isArray, depth)
      const first = this.skipSpace()
      const isEmpty = first === (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)
      if (!isEmpty && !isArray && !this.scanKey(first)) return false
      if (isEmpty) {
        this.at++
        open--
      } else if (this.#isOpening()) {
        continue
      } else if (this.scanValue(depth + open) === 0) {
        return false
      }
      open = this.#closeAll(open)
      if (open <= 0) return open === 0
    }
  }

  /** Behind a value: over commas, further flat values and closing brackets, until a nested value opens.
   *  Returns the levels that are still open, -1 for a problem. */
  #closeAll(levels: number): number {
    let open = levels
    while (open > 0) {
      const isArray = this.#nesting[open - 1] === 1
      const byte = this.skipSpace()
      if (byte === (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) {
        this.at++
        open--
        continue
      }
      if (byte !== COMMA) {
        this.#fail(this.at, isArray ? 'expected "," or "]"' : 'expected "," or "}"')
        return -1
      }
      this.at++
      if (!isArray && !this.scanKey(this.skipSpace())) return -1
      if (this.#isOpening()) return open
      if (this.scanValue(open) === 0) return -1
    }
    return open
  }

  /** A key and its colon; `byte` is the one at `at`. */
  scanKey(byte: number): boolean {
    if (byte !== QUOTE) return this.#fail(this.at, "expected a key in quotes")
    if (!this.scanString()) return false
    this.keyEnd = this.at
    if (this.skipSpace() !== COLON) return this.#fail(this.at, 'expected ":" behind the key')
    this.at++
    return true
  }

  #isOpening(): boolean {
    const byte = this.skipSpace()
    return byte === OPEN_OBJECT || byte === OPEN_ARRAY
  }

  #open(open: number, isArray: boolean, depth: number): number {
    if (open === this.#nesting.length) {
      const grown = new Uint8Array(2 * open)
      grown.set(this.#nesting)
      this.#nesting = grown
    }
    this.#nesting[open] = isArray ? 1 : 0
    if (depth + open + 1 > MAX_DEPTH) this.flags |= FLAG_TOO_DEEP
    this.at++
    return open + 1
  }

  #fail(at: number, problem: string): false {
    this.at = Math.min(at, this.end)
    this.problem = problem
    return false
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isSimpleEscape(letter: number): boolean {
  switch (letter) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true
    default:
      return false
  }
}

/** The 16-bit unit that four hexadecimal digits at `at` stand for, -1 when they are not there. */
export function hexUnit(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return -1
  let unit = 0
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i]!
    const lower = byte | 0x20
    const digit = isDigit(byte) ? byte - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
    if (digit < 0) return -1
    unit = unit * 16 + digit
  }
  return unit
}
