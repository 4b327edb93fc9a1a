/**
 * Batches in shared memory: what several threads read is copied once, and only as much as the batch has.
 */
import type { Batch, ChangeBatch } from "../../../columns/batch.ts"
import { isVariableWidth } from "../../../columns/types.ts"
import type { Vector, VectorValues } from "../../../columns/vector.ts"
import { wordsPerRow } from "../../../columns/vector.ts"

import type { SharedMemory } from "./epoch-memory.ts"

/** Arrays begin at multiples of it. */
const ALIGNMENT = 8

type TypedArray = Uint8Array | Int32Array | BigInt64Array | Float64Array

type TakeMemory = (sizeBytes: number) => SharedMemory

/** Columns that nobody reads have no rows then. */
export function shareBatch({ length, vectors }: Batch, read: ReadonlySet<number>, take: TakeMemory): Batch {
  const used = vectors.map((vector, k) => usedArrays(vector, read.has(k) ? length : 0))
  return { length, vectors: shareArrays(used, [], take).vectors }
}

export function shareChanges({ length, vectors, weights }: ChangeBatch, take: TakeMemory): ChangeBatch {
  const used = vectors.map((vector) => usedArrays(vector, length))
  const shared = shareArrays(used, weights === null ? [] : [weights.subarray(0, length)], take)
  return { length, vectors: shared.vectors, weights: (shared.others[0] as Int32Array | undefined) ?? null }
}

interface SharedArrays {
  readonly vectors: readonly Vector[]
  readonly others: readonly TypedArray[]
}

function shareArrays(
  vectors: readonly Vector[],
  others: readonly TypedArray[],
  take: TakeMemory,
): SharedArrays {
  // Strings of several columns often are slices of the same bytes.
  const all = new Set([
    ...vectors.flatMap(({ nulls, values, ends, data }) => [nulls, values, ends, data]),
    ...others,
  ])
  const places = new Map<TypedArray, number>()
  let size = 0
  for (const array of all) {
    places.set(array, size)
    size += Math.ceil(array.byteLength / ALIGNMENT) * ALIGNMENT
  }
  const { buffer, at: start } = take(size)
  const shared = new Map([...places].map(([array, at]) => [array, copyTo(buffer, start + at, array)]))
  return {
    vectors: vectors.map(({ type, nulls, values, ends, data }) => ({
      type,
      nulls: shared.get(nulls) as Uint8Array,
      values: shared.get(values) as VectorValues,
      ends: shared.get(ends) as Int32Array,
      data: shared.get(data) as Uint8Array,
    })),
    others: others.map((array) => shared.get(array)!),
  }
}

function usedArrays({ type, nulls, values, ends, data }: Vector, length: number): Vector {
  return {
    type,
    nulls: nulls.subarray(0, length),
    values: values.subarray(0, length * wordsPerRow(type)) as VectorValues,
    ends: ends.subarray(0, length),
    data: isVariableWidth(type) ? usedBytes(data, ends, length) : data,
  }
}

/** Bytes that are made row by row grow ahead of them; the array itself where most of it is used. */
function usedBytes(data: Uint8Array, ends: Int32Array, length: number): Uint8Array {
  let end = 0
  for (let row = 0; row < length; row++) if (ends[row]! > end) end = ends[row]!
  return end > data.length / 2 ? data : data.subarray(0, end)
}

function copyTo(memory: SharedArrayBuffer, at: number, array: TypedArray): TypedArray {
  const copy = emptyLike(memory, at, array)
  copy.set(array as never)
  return copy
}

/** Buffers are Uint8Arrays, too. */
function emptyLike(memory: SharedArrayBuffer, at: number, array: TypedArray): TypedArray {
  if (array instanceof Uint8Array) return new Uint8Array(memory, at, array.length)
  if (array instanceof Int32Array) return new Int32Array(memory, at, array.length)
  if (array instanceof Float64Array) return new Float64Array(memory, at, array.length)
  return new BigInt64Array(memory, at, array.length)
}
