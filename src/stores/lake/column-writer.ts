/**
 * One column of a row group on its way into Parquet: values in plain encoding, nulls as definition levels,
 * and what is known of the values (counts, bounds). Rows come in pieces; `page` gives what was gathered and
 * begins again.
 */
import type { Vector } from "../../columns/vector.ts"
import { assert } from "../../std/assert.ts"
import { ByteSink } from "./byte-sink.ts"
import { decimalOf, type IcebergPrimitive } from "./iceberg-schema.ts"
import { encodeLevels } from "./levels.ts"
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

export class ColumnWriter {
  readonly #type: IcebergPrimitive
  readonly #physical: Physical
  readonly #required: boolean
  readonly #fixedBytes: number
  readonly #values = new ByteSink()
  #present: number[] = []
  /** Rows of a required column, which has no levels. */
  #requiredRows = 0
  #nulls = 0
  #nans = 0
  #lower: bigint | number | Uint8Array | null = null
  #upper: bigint | number | Uint8Array | null = null

  constructor(type: IcebergPrimitive, required: boolean) {
    this.#type = type
    this.#physical = physicalOf(type)
    this.#required = required
    this.#fixedBytes = this.#physical === "fixed" ? fixedBytes(decimalOf(type)!.precision) : 0
  }

  get sizeBytes(): number {
    return this.#values.length
  }

  /** Null for `vector`: all rows are null. */
  append(vector: Vector | null, { rows, count }: RowSelection): void {
    if (vector === null) {
      assert(!this.#required, "a required column has values")
      for (let i = 0; i < count; i++) this.#present.push(0)
      this.#nulls += count
      return
    }
    const { nulls } = vector
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i]!
      if (row < 0 || nulls[row] === 1) {
        assert(!this.#required, "a required column has values")
        this.#present.push(0)
        this.#nulls++
        continue
      }
      if (!this.#required) this.#present.push(1)
      else this.#requiredRows++
      this.#appendValue(vector, row)
    }
  }

  #appendValue(vector: Vector, row: number): void {
    switch (this.#physical) {
      case "bytes":
        this.#appendSlice(vector.data, (vector.values as Int32Array)[row]!, vector.ends[row]!)
        return
      case "boolean":
      case "int32": {
        const value = Number(vector.values[row])
        if (this.#physical === "boolean") this.#values.byte(value)
        else this.#values.int32(value)
        this.#bound(value)
        return
      }
      case "int64": {
        const value = BigInt(vector.values[row]!)
        this.#values.int64(value)
        this.#bound(value)
        return
      }
      case "double": {
        const value = (vector.values as Float64Array)[row]!
        this.#values.double(value)
        if (Number.isNaN(value)) this.#nans++
        else this.#bound(value)
        return
      }
      case "fixed": {
        const value = wideDecimal(vector, row)
        this.#values.bigEndian(value, this.#fixedBytes)
        this.#bound(value)
      }
    }
  }

  #bound(value: number | bigint): void {
    if (this.#lower === null || value < (this.#lower as number | bigint)) this.#lower = value
    if (this.#upper === null || value > (this.#upper as number | bigint)) this.#upper = value
  }

  #appendSlice(bytes: Uint8Array, start: number, end: number): void {
    this.#values.lengthAndBytes(bytes, start, end)
    const slice = { bytes, start, end }
    if (this.#lower === null || compareBytes(this.#lower as Uint8Array, slice) > 0)
      this.#lower = bytes.slice(start, end)
    if (this.#upper === null || compareBytes(this.#upper as Uint8Array, slice) < 0)
      this.#upper = bytes.slice(start, end)
  }

  /** What was gathered; begins again. */
  page(): ColumnPage {
    const valueCount = this.#required ? this.#requiredRows : this.#present.length
    const levels = this.#required ? new Uint8Array(0) : encodeLevels(this.#present)
    const values = this.#physical === "boolean" ? packBits(this.#values.bytes) : this.#values.bytes
    const page: ColumnPage = {
      bytes: Buffer.concat([levels, values]),
      valueCount,
      nullCount: this.#nulls,
      nanCount: this.#nans,
      bounds: this.#bounds(),
    }
    this.#values.clear()
    this.#present = []
    this.#requiredRows = 0
    this.#nulls = 0
    this.#nans = 0
    this.#lower = null
    this.#upper = null
    return page
  }

  #bounds(): ColumnBounds | null {
    if (this.#lower === null || this.#upper === null) return null
    return { lower: this.#singleValue(this.#lower), upper: this.#singleValue(this.#upper) }
  }

  #singleValue(value: bigint | number | Uint8Array): Uint8Array {
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

/** Plain booleans: one bit each, the first lowest. */
function packBits(values: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8))
  for (let i = 0; i < values.length; i++) bits[i >> 3]! |= values[i]! << (i & 7)
  return bits
}
