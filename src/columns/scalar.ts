/**
 * Single values in and out of vectors, for edges and tests; loops over rows are generated, not written here.
 */
import { assert } from "../std/assert.ts"
import type { Batch } from "./batch.ts"
import type { Scalar } from "./types.ts"
import type { Vector } from "./vector.ts"
import { wordsPerRow } from "./vector.ts"

const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true })

/** The scalar at `row`, in the representation that types.ts lists. */
export function readScalar(vector: Vector, row: number): Scalar {
  if (vector.nulls[row] === 1) return null
  const value = vector.values[row]
  switch (vector.type.kind) {
    case "boolean":
      return value === 1
    case "string":
    case "json":
      return utf8.decode(vector.data.subarray(value as number, vector.ends[row]))
    case "bytes":
      return vector.data.slice(value as number, vector.ends[row])
    case "decimal":
      return wordsPerRow(vector.type) === 2
        ? readWide(vector.values as BigInt64Array, row)
        : (value as bigint)
    default:
      assert(value !== undefined, "row is inside the vector")
      return value
  }
}

/** A signed 128-bit value from two words: low (unsigned), then high. */
export function readWide(words: BigInt64Array, row: number): bigint {
  return (words[2 * row + 1]! << 64n) + BigInt.asUintN(64, words[2 * row]!)
}

export function writeWide(words: BigInt64Array, row: number, value: bigint): void {
  words[2 * row] = BigInt.asIntN(64, value)
  words[2 * row + 1] = value >> 64n
}

/** One row as scalars in column order. */
export function readRow(batch: Batch, row: number): Scalar[] {
  return batch.vectors.map((vector) => readScalar(vector, row))
}
