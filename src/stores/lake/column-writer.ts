/**
 * One column of a row group on its way into Parquet: values in plain encoding, nulls as definition levels,
 * and what is known of the values (counts, bounds). Rows come in pieces, a vector at a time; `page` gives
 * what was gathered and begins again.
 */
import type { Vector, VectorValues } from "../../columns/vector.ts"
import { assert } from "../../std/assert.ts"
import { ByteSink } from "./byte-sink.ts"
import { longBounds, numberBounds, sliceBounds } from "./column-bounds.ts"
import { decimalOf, type IcebergPrimitive } from "./iceberg-schema.ts"
import { Levels, packBits } from "./levels.ts"
import { compareBytes, decimalBytes, doubleBytes, intBytes, longBytes } from "./single-value.ts"

export interface ColumnPage {
  /** Levels and values, not compressed. */
  readonly bytes: Uint8Array
  readonly valueCount: number
  readonly nullCount: number
  readonly nanCount: number
  readonly bounds: ColumnBounds | null
}

export interface ColumnBounds {
  /** Iceberg's single values, text and bytes in full. */
  readonly lower: Uint8Array
  readonly upper: Uint8Array
}

/** Rows of a vector, in order; -1 in `rows` is a null. */
export interface RowSelection {
  /** Null: the rows 0 to count as they are. */
  readonly rows: Int32Array | null
  readonly count: number
}

/** How values of a column lie in Parquet. */
export type Physical = "boolean" | "int32" | "int64" | "double" | "bytes" | "fixed"

const NO_LEVELS = new Uint8Array(0)
const INT32_DIGITS = 9
const INT64_DIGITS = 18

export function physicalOf(type: IcebergPrimitive): Physical {
  const decimal = decimalOf(type)
  if (decimal !== null) {
    if (decimal.precision <= INT32_DIGITS) return "int32"
    return decimal.precision <= INT64_DIGITS ? "int64" : "fixed"
  }
  if (type === "boolean" || type === "double") return type
  if (type === "int" || type === "date") return "int32"
  if (type === "long" || type === "timestamptz") return "int64"
  assert(type === "string" || type === "binary", `${type} is a type of the lake`)
  return "bytes"
}

/** Bytes of a decimal too wide for 64 bits: the fewest that hold its digits. */
export function fixedBytes(precision: number): number {
  return Math.ceil((Math.log2(10) * precision + 1) / 8)
}

type Bound = bigint | number | Uint8Array

export interface ColumnOptions {
  readonly type: IcebergPrimitive
  readonly required: boolean
  /** False where bounds prune nothing and cost a look at every byte. */
  readonly hasBounds: boolean
}

export class ColumnWriter {
  readonly #type: IcebergPrimitive
  readonly #physical: Physical
  readonly #required: boolean
  readonly #hasBounds: boolean
  readonly #fixedBytes: number
  readonly #values = new ByteSink()
  /** 1 for a value, 0 for a null. */
  readonly #levels = new Levels()
  #nans = 0
  #lower: Bound | null = null
  #upper: Bound | null = null

  constructor({ type, required, hasBounds }: ColumnOptions) {
    this.#type = type
    this.#physical = physicalOf(type)
    this.#required = required
    this.#hasBounds = hasBounds
    this.#fixedBytes = this.#physical === "fixed" ? fixedBytes(decimalOf(type)!.precision) : 0
  }

  get sizeBytes(): number {
    return this.#values.length
  }

  /** Null for `vector`: all rows are null. */
  append(vector: Vector | null, { rows, count }: RowSelection): void {
    if (count === 0) return
    if (vector === null) {
      this.#addLevels(0, count)
      return
    }
    const present = this.#presentRows(vector.nulls, rows, count)
    const valueCount = present === null ? count : present.length
    if (valueCount > 0) this.#appendValues(vector, present, valueCount)
  }

  /** The same text or bytes in `count` rows; null: as many nulls. */
  appendRepeated(value: Uint8Array | null, count: number): void {
    if (count === 0) return
    this.#addLevels(value === null ? 0 : 1, count)
    if (value === null) return
    this.#values.repeated(value, count)
    if (this.#hasBounds) this.#bound(value, value)
  }

  #addLevels(level: 0 | 1, count: number): void {
    assert(level === 1 || !this.#required, "a required column has values")
    this.#levels.add(level, count)
  }

  /** Notes the levels; the rows that have a value, null for the first `count` as they are. */
  #presentRows(nulls: Uint8Array, rows: Int32Array | null, count: number): Int32Array | null {
    const hasNull =
      rows === null ? nulls.subarray(0, count).includes(1) : rows.some((row) => row < 0 || nulls[row] === 1)
    if (!hasNull) {
      this.#addLevels(1, count)
      return rows
    }
    assert(!this.#required, "a required column has values")
    const levels = new Uint8Array(count)
    const present = new Int32Array(count)
    let valueCount = 0
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i]!
      if (row < 0 || nulls[row] === 1) continue
      levels[i] = 1
      present[valueCount++] = row
    }
    this.#levels.addAll(levels)
    return present.subarray(0, valueCount)
  }

  #appendValues(vector: Vector, rows: Int32Array | null, count: number): void {
    switch (this.#physical) {
      case "bytes":
        this.#appendSlices(vector, rows, count)
        return
      case "boolean":
      case "int32": {
        const values = gathered(vector.values, rows, count)
        const narrow = this.#physical === "boolean" || values instanceof Int32Array ? values : toInt32(values)
        this.#values.values(narrow, count)
        this.#boundNumbers(narrow as Int32Array, count)
        return
      }
      case "int64": {
        const values = gathered(vector.values, rows, count)
        const wide = values instanceof BigInt64Array ? values : BigInt64Array.from(values, BigInt)
        this.#values.values(wide, count)
        if (this.#hasBounds) this.#bound(...longBounds(wide, count))
        return
      }
      case "double": {
        const values = gathered(vector.values, rows, count) as Float64Array
        this.#values.values(values, count)
        for (let i = 0; i < count; i++) if (Number.isNaN(values[i])) this.#nans++
        this.#boundNumbers(values, count)
        return
      }
      case "fixed":
        for (let i = 0; i < count; i++) {
          const value = wideDecimal(vector, rows === null ? i : rows[i]!)
          this.#values.bigEndian(value, this.#fixedBytes)
          if (this.#hasBounds) this.#bound(value, value)
        }
    }
  }

  #appendSlices({ data, values, ends }: Vector, rows: Int32Array | null, count: number): void {
    const starts = values as Int32Array
    const slices = { data, starts, ends, rows, count }
    this.#values.slices(slices)
    if (!this.#hasBounds) return
    const { least, greatest } = sliceBounds(slices)
    this.#bound(data.subarray(starts[least], ends[least]), data.subarray(starts[greatest], ends[greatest]))
  }

  #boundNumbers(values: Int32Array | Float64Array | Uint8Array, count: number): void {
    const bounds = this.#hasBounds ? numberBounds(values, count) : null
    if (bounds !== null) this.#bound(...bounds)
  }

  /** Bytes are copied: what they are a part of may be used again. */
  #bound(least: Bound, greatest: Bound): void {
    if (this.#lower === null || isLess(least, this.#lower)) this.#lower = kept(least)
    if (this.#upper === null || isLess(this.#upper, greatest)) this.#upper = kept(greatest)
  }

  /** What was gathered; begins again. */
  page(): ColumnPage {
    const levels = this.#required ? NO_LEVELS : this.#levels.encode()
    const values = this.#physical === "boolean" ? packBits(this.#values.bytes) : this.#values.bytes
    const page: ColumnPage = {
      bytes: Buffer.concat([levels, values]),
      valueCount: this.#levels.count,
      nullCount: this.#levels.zeros,
      nanCount: this.#nans,
      bounds: this.#bounds(),
    }
    this.#values.clear()
    this.#levels.clear()
    this.#nans = 0
    this.#lower = null
    this.#upper = null
    return page
  }

  #bounds(): ColumnBounds | null {
    if (this.#lower === null || this.#upper === null) return null
    return { lower: this.#singleValue(this.#lower), upper: this.#singleValue(this.#upper) }
  }

  #singleValue(value: Bound): Uint8Array {
    if (value instanceof Uint8Array) return value
    if (decimalOf(this.#type) !== null) return decimalBytes(BigInt(value))
    switch (this.#physical) {
      case "boolean":
        return Uint8Array.of(Number(value))
      case "int32":
        return intBytes(Number(value))
      case "double":
        return doubleBytes(Number(value))
      default:
        return longBytes(BigInt(value))
    }
  }
}

/** Two words a row, low (unsigned) then high; one word for a narrow decimal that was widened since. */
function wideDecimal(vector: Vector, row: number): bigint {
  const values = vector.values as BigInt64Array
  if (vector.type.kind === "decimal" && vector.type.precision <= INT64_DIGITS) return values[row]!
  return (values[2 * row + 1]! << 64n) | BigInt.asUintN(64, values[2 * row]!)
}

/** The values of `rows`, or the first `count`. */
function gathered(values: VectorValues, rows: Int32Array | null, count: number): VectorValues {
  if (rows === null) return values
  if (values instanceof BigInt64Array) {
    const [from, picked] = [halvesOf(values), new BigInt64Array(count)]
    const to = halvesOf(picked)
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      to[2 * i] = from[2 * row]!
      to[2 * i + 1] = from[2 * row + 1]!
    }
    return picked
  }
  const picked = new (values.constructor as Uint8ArrayConstructor)(count)
  for (let i = 0; i < count; i++) picked[i] = values[rows[i]!]!
  return picked
}

function halvesOf({ buffer, byteOffset, length }: BigInt64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, 2 * length)
}

/** A decimal of few digits is in the low half of its word. */
function toInt32(values: VectorValues): Int32Array {
  return Int32Array.from(values as ArrayLike<number | bigint>, (value) => Number(value))
}

function isLess(a: Bound, b: Bound): boolean {
  if (!(a instanceof Uint8Array)) return a < (b as number | bigint)
  const other = b as Uint8Array
  return compareBytes(a, { bytes: other, start: 0, end: other.length }) < 0
}

function kept(bound: Bound): Bound {
  return bound instanceof Uint8Array ? bound.slice() : bound
}
