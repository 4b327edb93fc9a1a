/**
 * A column of values in typed arrays. Nulls are one byte a row (1 = null), not bits: generated loops read and
 * write them in one instruction (docs/decisions/0004). Where a row is null, what `values` holds has no
 * meaning. Every vector has all five fields, so that V8 sees one shape.
 */
import { assert } from "../std/assert.ts"
import type { LogicalType } from "./types.ts"
import { isVariableWidth, MAX_NARROW_PRECISION } from "./types.ts"

export type VectorValues = Uint8Array | Int32Array | BigInt64Array | Float64Array

export interface Vector {
  readonly type: LogicalType
  /** One byte a row: 1 means null. Never shorter than the batch. */
  readonly nulls: Uint8Array
  /** Fixed-width values, or the start of each slice in `data`. */
  readonly values: VectorValues
  /** End (exclusive) of each slice; empty for fixed-width types. */
  readonly ends: Int32Array
  /** The bytes that slices point into; often the producer's own buffer. */
  readonly data: Uint8Array
}

export const NO_ENDS = new Int32Array(0)
export const NO_DATA = new Uint8Array(0)

/** 64-bit words a row of this type takes in a BigInt64Array: 2 for wide decimals, else 1. */
export function wordsPerRow(type: LogicalType): 1 | 2 {
  return type.kind === "decimal" && type.precision > MAX_NARROW_PRECISION ? 2 : 1
}

/** The same memory as int32 halves, low first; platforms we run on are little-endian. */
export function asHalves(values: VectorValues): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

/** Zeroed arrays for `capacity` rows. For variable-width types the caller brings `data`. */
export function allocateVector(type: LogicalType, capacity: number, data: Uint8Array = NO_DATA): Vector {
  const nulls = new Uint8Array(capacity)
  if (isVariableWidth(type)) {
    return { type, nulls, values: new Int32Array(capacity), ends: new Int32Array(capacity), data }
  }
  return { type, nulls, values: allocateValues(type, capacity), ends: NO_ENDS, data: NO_DATA }
}

function allocateValues(type: LogicalType, capacity: number): VectorValues {
  switch (type.kind) {
    case "boolean":
      return new Uint8Array(capacity)
    case "int32":
    case "date":
      return new Int32Array(capacity)
    case "float64":
      return new Float64Array(capacity)
    case "int64":
    case "timestamp":
    case "decimal":
      return new BigInt64Array(capacity * wordsPerRow(type))
    default:
      assert(false, `${type.kind} has a fixed-width vector`)
  }
}
