/**
 * What generated loops call for values in unusual spellings, and where they report how far they came. One
 * value at a time: a row with an escape or an exponent in it still goes through the loop of its shape.
 */
import { NO_ENDS } from "../../columns/vector.ts"
import type { RowRanges } from "../decoder.ts"
import type { FieldReader, ScannedValue } from "./field-reader.ts"
import { judge } from "./judge.ts"
import type { RowReader } from "./row-reader.ts"
import type { RowStore } from "./row-store.ts"
import type { JsonScanner } from "./scanner.ts"
import { FLAG_BAD_UTF8, FLAG_NEWLINE, FLAG_TOO_DEEP } from "./scanner.ts"
import { sliceText } from "./text.ts"
import type { TimeKernel } from "./time-kernel.ts"
import { countCodePoints, isUtf8 } from "./utf8.ts"

const BAD_FLAGS = FLAG_BAD_UTF8 | FLAG_TOO_DEEP | FLAG_NEWLINE

export class LoopContext {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  readonly store: RowStore
  /** Behind the last byte that may be read. */
  limit = 0
  /** Next byte to decode, next row to write, next row's index: in and out. */
  at = 0
  row = 0
  index = 0
  /** Framing "json": the last row taken was followed by no comma. */
  isClosed = false
  /** Some row of the body has a key that the contract does not name. */
  hasUnnamed = false
  readonly time: TimeKernel
  readonly #readers: readonly FieldReader[]
  readonly #scanner: JsonScanner
  readonly #value: ScannedValue

  constructor(reader: RowReader, scanner: JsonScanner, store: RowStore) {
    this.#readers = reader.fields
    this.time = reader.time
    this.#scanner = scanner
    this.store = store
    this.#value = { bytes: this.bytes, view: this.view, start: 0, end: 0, kind: 0, flags: 0 }
  }

  /** Rows of ranges, and how many. */
  ranges: RowRanges = { starts: NO_ENDS, ends: NO_ENDS, indexes: null, count: 0 }

  /** Before each body. */
  begin(bytes: Uint8Array): void {
    this.hasUnnamed = false
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.limit = bytes.length
  }

  /** Reads any value of a field at `at`; returns where it ends, -1 when the row must go the general path. */
  value(field: number, at: number, end: number, row: number): number {
    const behind = this.#scan(at, end)
    if (behind < 0) return -1
    const column = this.store.columns[field]!
    return this.#readers[field]!.read(this.#value, column, row, this.bytes.length) === null ? behind : -1
  }

  /** Moves over a value that no field wants. */
  skip(at: number, end: number): number {
    return this.#scan(at, end)
  }

  #scan(at: number, end: number): number {
    const scanner = this.#scanner
    scanner.reset(this.bytes, at, end)
    scanner.skipSpace()
    if (scanner.at !== at) return -1 // spaces that the shape does not have
    const kind = scanner.scanValue(1)
    if (kind === 0 || (scanner.flags & BAD_FLAGS) !== 0) return -1
    const value = this.#value
    value.bytes = this.bytes
    value.view = this.view
    value.start = at
    value.end = scanner.at
    value.kind = kind
    value.flags = scanner.flags
    return scanner.at
  }

  /** The key is missing; false when that is a reason to go the general path. */
  absent(field: number, row: number): boolean {
    return this.#readers[field]!.readAbsent(this.store.columns[field]!, row, this.bytes.length) === null
  }

  isUtf8(start: number, end: number): boolean {
    return isUtf8(this.bytes, start, end)
  }

  codePoints(start: number, end: number): number {
    return countCodePoints(this.bytes, start, end)
  }

  /** A pattern on the bytes between quotes. */
  matches(pattern: RegExp, start: number, end: number): boolean {
    pattern.lastIndex = 0
    return pattern.test(sliceText(this.bytes, start, end))
  }

  /** zod's checks on the value bytes[start, end), quotes included; false also when zod would change it. */
  isTaken(field: number, start: number, end: number): boolean {
    const { rule, readForSchema } = this.#readers[field]!
    if (rule.schema === null) return false
    const given = readForSchema(this.bytes, start, end)
    const verdict = judge(rule.schema, given)
    return verdict.message === null && (rule.form.kind !== "string" || verdict.value === given)
  }
}
