/** Change batches one behind the other as one; bytes are copied together. */
import type { ChangeBatch } from "./batch.ts"
import { isVariableWidth } from "./types.ts"
import type { Vector } from "./vector.ts"
import { allocateVector, wordsPerRow } from "./vector.ts"

/** @param batches at least one, with the same columns */
export function concatChanges(batches: readonly ChangeBatch[]): ChangeBatch {
  const [first] = batches
  if (batches.length === 1) return first!
  const length = batches.reduce((sum, batch) => sum + batch.length, 0)
  const vectors = first!.vectors.map((_, k) =>
    concatVectors(
      batches.map((batch) => ({ vector: batch.vectors[k]!, length: batch.length })),
      length,
    ),
  )
  if (batches.every(({ weights }) => weights === null)) return { length, vectors, weights: null }
  const weights = new Int32Array(length)
  let at = 0
  for (const batch of batches) {
    if (batch.weights === null) weights.fill(1, at, at + batch.length)
    else weights.set(batch.weights.subarray(0, batch.length), at)
    at += batch.length
  }
  return { length, vectors, weights }
}

function concatVectors(
  parts: readonly { readonly vector: Vector; readonly length: number }[],
  length: number,
): Vector {
  const { type } = parts[0]!.vector
  const variable = isVariableWidth(type)
  const data = variable
    ? new Uint8Array(parts.reduce((sum, { vector }) => sum + vector.data.length, 0))
    : undefined
  const target = allocateVector(type, length, data)
  const words = wordsPerRow(type)
  let row = 0
  let byte = 0
  for (const { vector, length: rows } of parts) {
    target.nulls.set(vector.nulls.subarray(0, rows), row)
    target.values.set(vector.values.subarray(0, rows * words) as never, row * words)
    if (variable) {
      target.data.set(vector.data, byte)
      target.ends.set(vector.ends.subarray(0, rows), row)
      for (let k = row; k < row + rows; k++) {
        ;(target.values as Int32Array)[k]! += byte
        target.ends[k]! += byte
      }
      byte += vector.data.length
    }
    row += rows
  }
  return target
}
