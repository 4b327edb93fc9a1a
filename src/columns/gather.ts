/** Some rows of a batch as a batch of their own. Slices keep pointing into the same bytes. */
import type { Batch } from "./batch.ts"
import { allocateVector, NO_DATA, NO_ENDS, type Vector, wordsPerRow } from "./vector.ts"

/** @param rows positions in `batch`, in the order that they are wanted. */
export function gatherRows(batch: Batch, rows: Int32Array): Batch {
  return { length: rows.length, vectors: batch.vectors.map((vector) => gatherVector(vector, rows)) }
}

function gatherVector(vector: Vector, rows: Int32Array): Vector {
  const gathered = allocateVector(vector.type, rows.length, vector.data)
  const words = wordsPerRow(vector.type)
  const from = vector.values
  const to = gathered.values
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    gathered.nulls[i] = vector.nulls[row]!
    if (words === 2) {
      to[2 * i] = from[2 * row]!
      to[2 * i + 1] = from[2 * row + 1]!
    } else {
      to[i] = from[row]!
    }
  }
  if (vector.ends !== NO_ENDS && vector.data !== NO_DATA) {
    for (let i = 0; i < rows.length; i++) gathered.ends[i] = vector.ends[rows[i]!]!
  }
  return gathered
}
