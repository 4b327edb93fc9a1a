/**
 * Rows as byte strings that compare as SQL orders the rows: the partition's columns, the terms of the order,
 * then all other columns, so that equal strings are equal rows and a row can be had back from its string.
 *
 *   column:  [NULL flag where it can be NULL] value, inverted where the term is descending
 *   integers big-endian with the sign flipped · floats as IEEE totally ordered, NaN greatest, -0 as 0
 *   bytes    00 written as 00 FF, ended by 00 00
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import { copySlice } from "../../expr/values/slices.ts"
import { compareBytes } from "../code/extremes.ts"
import type { OrderSpec } from "../dataflow.ts"
import type { RowColumn } from "../operators/row-builder.ts"

const FIRST_BYTES = 256

interface Field {
  readonly column: number
  readonly nullable: boolean
  readonly descending: boolean
  readonly nullFlag: 0 | 1
  /** 0: slices of bytes. */
  readonly width: 0 | 1 | 4 | 8 | 16
  readonly isFloat: boolean
}

export class OrderedRowCodec {
  readonly #fields: readonly Field[]
  readonly #partitionFields: number
  readonly #peerFields: number
  readonly #orderFields: number
  /** The row that was encoded last, at `start`, behind those that are kept. */
  bytes = new Uint8Array(FIRST_BYTES)
  start = 0
  #end = 0
  /** Of its partition's part. */
  partitionLength = 0
  /** Of the batch at hand, in the order of the fields. */
  #vectors: readonly Vector[] = []
  #halves: readonly Int32Array[] = []
  #decodeAt = 0
  #scratch = new Uint8Array(FIRST_BYTES)

  /**
   * @param peerTerms how many terms of the order make rows peers
   * @param rest other columns that are kept, by default all
   */
  constructor(
    columns: readonly Column[],
    partition: readonly number[],
    order: readonly OrderSpec[],
    peerTerms: number,
    rest: Iterable<number> = columns.keys(),
  ) {
    const fields: Field[] = []
    const add = (column: number, descending: boolean, nullsFirst: boolean) => {
      if (fields.some((field) => field.column === column)) return
      fields.push(fieldOf(columns[column]!, { column, descending, nullsFirst }))
    }
    for (const column of partition) add(column, false, false)
    this.#partitionFields = fields.length
    for (const term of order.slice(0, peerTerms)) add(term.column, term.descending, term.nullsFirst)
    this.#peerFields = fields.length
    for (const term of order.slice(peerTerms)) add(term.column, term.descending, term.nullsFirst)
    this.#orderFields = fields.length
    for (const column of rest) add(column, false, false)
    this.#fields = fields
  }

  /** The batch whose rows are encoded next. */
  begin({ vectors }: Pick<ChangeBatch, "vectors">): void {
    this.#vectors = this.#fields.map(({ column }) => vectors[column]!)
    this.#halves = this.#fields.map(({ width }, k) => (width < 8 ? NO_HALVES : halvesOf(this.#vectors[k]!)))
  }

  get length(): number {
    return this.#end - this.start
  }

  encode(row: number): void {
    this.encodeHead(row)
    this.encodeRest(row)
  }

  /** Whether the row whose head is encoded comes after another one of its partition. */
  isBehind(other: Uint8Array): boolean {
    return compareBytes(other, 0, other.length, this.bytes, this.start, this.length) < 0
  }

  /** The row stays in `bytes` until `dropKept`; the next one is encoded behind it. */
  keep(): void {
    this.start = this.#end
  }

  /** Room stays for as much as was kept this time, not for the most that ever was. */
  dropKept(): void {
    if (this.bytes.length > Math.max(FIRST_BYTES, 4 * this.start)) this.bytes = new Uint8Array(2 * this.start)
    this.start = 0
  }

  /** The partition and the order's terms: enough to know where the row belongs. */
  encodeHead(row: number): void {
    this.#end = this.start
    for (let k = 0; k < this.#partitionFields; k++) this.#encodeField(k, row)
    this.partitionLength = this.length
    for (let k = this.#partitionFields; k < this.#orderFields; k++) this.#encodeField(k, row)
  }

  encodeRest(row: number): void {
    for (let k = this.#orderFields; k < this.#fields.length; k++) this.#encodeField(k, row)
  }

  /** Writes an encoded row into columns. */
  decode(bytes: Uint8Array, start: number, columns: readonly RowColumn[], row: number): void {
    this.#decodeAt = start
    for (const field of this.#fields) this.#decodeField(field, bytes, columns[field.column]!, row)
  }

  /** How many bytes of an encoded row say which peers it has. */
  peerLength(bytes: Uint8Array, start: number): number {
    return this.#lengthOf(bytes, start, this.#peerFields)
  }

  partitionLengthOf(bytes: Uint8Array, start: number): number {
    return this.#lengthOf(bytes, start, this.#partitionFields)
  }

  #lengthOf(bytes: Uint8Array, start: number, fields: number): number {
    let at = start
    for (let k = 0; k < fields; k++) at = skipField(this.#fields[k]!, bytes, at)
    return at - start
  }

  #encodeField(k: number, row: number): void {
    const field = this.#fields[k]!
    const vector = this.#vectors[k]!
    this.#reserve(20)
    if (field.nullable) {
      const isNull = vector.nulls[row] === 1
      this.bytes[this.#end++] = isNull ? field.nullFlag : 1 - field.nullFlag
      if (isNull) return
    }
    const from = this.#end
    if (field.width === 0) this.#encodeBytes(vector, row)
    else this.#encodeWords(field, vector, this.#halves[k]!, row)
    if (!field.descending) return
    const { bytes } = this
    for (let at = from, end = this.#end; at < end; at++) bytes[at] = ~bytes[at]!
  }

  #encodeWords({ width, isFloat }: Field, { values }: Vector, halves: Int32Array, row: number): void {
    if (width === 1) {
      this.bytes[this.#end++] = values[row] as number
      return
    }
    if (width === 4) {
      this.#pushHalf((values[row] as number) ^ SIGN)
      return
    }
    if (isFloat) {
      this.#encodeFloat(values[row] as number)
      return
    }
    const base = (row * width) >> 2
    const last = base + (width >> 2) - 1
    this.#pushHalf(halves[last]! ^ SIGN)
    for (let k = last - 1; k >= base; k--) this.#pushHalf(halves[k]!)
  }

  #encodeFloat(value: number): void {
    FLOAT[0] = value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value
    const isNegative = FLOAT_HALVES[1]! < 0
    this.#pushHalf(isNegative ? ~FLOAT_HALVES[1]! : FLOAT_HALVES[1]! ^ SIGN)
    this.#pushHalf(isNegative ? ~FLOAT_HALVES[0]! : FLOAT_HALVES[0]!)
  }

  #encodeBytes({ values, ends, data }: Vector, row: number): void {
    const [start, end] = [values[row] as number, ends[row]!]
    this.#reserve(2 * (end - start) + 2)
    const { bytes } = this
    let at = this.#end
    if (indexOfByte(data, start, end, 0) === end) {
      copySlice(data, start, end, bytes, at)
      at += end - start
    } else {
      for (let k = start; k < end; k++) {
        const byte = data[k]!
        bytes[at++] = byte
        if (byte === 0) bytes[at++] = 255
      }
    }
    bytes[at++] = 0
    bytes[at++] = 0
    this.#end = at
  }

  #pushHalf(half: number): void {
    const { bytes } = this
    const at = this.#end
    bytes[at] = half >>> 24
    bytes[at + 1] = half >>> 16
    bytes[at + 2] = half >>> 8
    bytes[at + 3] = half
    this.#end = at + 4
  }

  #decodeField(field: Field, bytes: Uint8Array, column: RowColumn, row: number): void {
    if (field.nullable) {
      const isNull = bytes[this.#decodeAt++] === field.nullFlag
      column.nulls[row] = isNull ? 1 : 0
      if (isNull) {
        setZero(field, column, row)
        return
      }
    } else {
      column.nulls[row] = 0
    }
    const flip = field.descending ? 255 : 0
    if (field.width === 0) this.#decodeBytes(bytes, column, row, flip)
    else this.#decodeWords(field, bytes, column, row, flip)
  }

  #decodeWords(field: Field, bytes: Uint8Array, column: RowColumn, row: number, flip: number): void {
    const { width, isFloat } = field
    if (width === 1) {
      column.values[row] = bytes[this.#decodeAt++]! ^ flip
      return
    }
    const first = this.#takeHalf(bytes, flip)
    if (width === 4) {
      column.values[row] = first ^ SIGN
      return
    }
    const { halves } = column
    const base = (row * width) >> 2
    if (isFloat) {
      const isNegative = first >= 0
      const low = this.#takeHalf(bytes, flip)
      halves[base] = isNegative ? ~low : low
      halves[base + 1] = isNegative ? ~first : first ^ SIGN
      return
    }
    const last = width / 4 - 1
    halves[base + last] = first ^ SIGN
    for (let k = last - 1; k >= 0; k--) halves[base + k] = this.#takeHalf(bytes, flip)
  }

  #decodeBytes(bytes: Uint8Array, column: RowColumn, row: number, flip: number): void {
    const start = this.#decodeAt
    const first = indexOfByte(bytes, start, bytes.length, flip)
    if (flip === 0 && bytes[first + 1] === 0) {
      column.setBytes(row, bytes, start, first)
      this.#decodeAt = first + 2
      return
    }
    const end = endOfBytes(bytes, first, flip)
    this.#reserveScratch(end - start)
    let length = 0
    for (let k = start; k < end; k++) {
      const byte = bytes[k]! ^ flip
      this.#scratch[length++] = byte
      if (byte === 0) k++
    }
    column.setBytes(row, this.#scratch, 0, length)
    this.#decodeAt = end + 2
  }

  #takeHalf(bytes: Uint8Array, flip: number): number {
    const at = this.#decodeAt
    this.#decodeAt = at + 4
    const half = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    return flip === 0 ? half : ~half
  }

  #reserveScratch(length: number): void {
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2)
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.bytes.length) return
    const wider = new Uint8Array(Math.max(this.bytes.length * 2, this.#end + more))
    wider.set(this.bytes.subarray(0, this.#end))
    this.bytes = wider
  }
}

const SIGN = 0x8000_0000 | 0
const NO_HALVES = new Int32Array(0)
const FLOAT = new Float64Array(1)
const FLOAT_HALVES = new Int32Array(FLOAT.buffer)

function fieldOf({ type, nullable }: Column, { column, descending, nullsFirst }: OrderSpec): Field {
  const isFloat = type.kind === "float64"
  return { column, nullable, descending, nullFlag: nullsFirst ? 0 : 1, width: widthOf(type), isFloat }
}

/** 64-bit words as halves, low first. */
function halvesOf({ values }: Vector): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

function widthOf(type: Column["type"]): Field["width"] {
  if (isVariableWidth(type)) return 0
  if (type.kind === "boolean") return 1
  if (type.kind === "int32" || type.kind === "date") return 4
  return wordsPerRow(type) === 2 ? 16 : 8
}

function skipField(field: Field, bytes: Uint8Array, start: number): number {
  let at = start
  if (field.nullable && bytes[at++] === field.nullFlag) return at
  return field.width === 0 ? endOfBytes(bytes, at, field.descending ? 255 : 0) + 2 : at + field.width
}

/** The first place of `byte` in [start, end), `end` where there is none. */
function indexOfByte(bytes: Uint8Array, start: number, end: number, byte: number): number {
  let at = start
  while (at < end && bytes[at] !== byte) at++
  return at
}

/** Where the ending 00 00 begins. */
function endOfBytes(bytes: Uint8Array, start: number, flip: number): number {
  let at = start
  while (true) {
    if (bytes[at] !== flip) at++
    else if (bytes[at + 1] === flip) return at
    else at += 2
  }
}

function setZero({ width }: Field, column: RowColumn, row: number): void {
  if (width === 0) {
    column.values[row] = 0
    column.ends[row] = 0
  } else if (width <= 4) {
    column.values[row] = 0
  } else {
    column.halves.fill(0, (row * width) >> 2, ((row + 1) * width) >> 2)
  }
}
