/** Batches from literal rows, for tests. */
import type { Batch, ChangeBatch } from "../../src/columns/batch.ts"
import { writeWide } from "../../src/columns/scalar.ts"
import type { Column, Scalar } from "../../src/columns/types.ts"
import { isVariableWidth } from "../../src/columns/types.ts"
import type { Vector } from "../../src/columns/vector.ts"
import { allocateVector, wordsPerRow } from "../../src/columns/vector.ts"

const utf8 = new TextEncoder()

/** Scalars as columns/types.ts lists them, in column order. */
export function batchOf(columns: readonly Column[], rows: readonly (readonly Scalar[])[]): Batch {
  const vectors = columns.map((column, c) =>
    vectorOf(
      column,
      rows.map((row) => row[c] ?? null),
    ),
  )
  return { length: rows.length, vectors }
}

export function changesOf(
  columns: readonly Column[],
  changes: readonly { readonly weight: number; readonly row: readonly Scalar[] }[],
): ChangeBatch {
  const rows = changes.map((change) => change.row)
  return { ...batchOf(columns, rows), weights: Int32Array.from(changes, (change) => change.weight) }
}

function vectorOf({ type }: Column, values: readonly Scalar[]): Vector {
  if (isVariableWidth(type)) return slicesOf(type, values)
  const vector = allocateVector(type, values.length)
  const wide = wordsPerRow(type) === 2
  values.forEach((value, row) => {
    if (value === null) vector.nulls[row] = 1
    else if (wide) writeWide(vector.values as BigInt64Array, row, value as bigint)
    else vector.values[row] = typeof value === "boolean" ? Number(value) : (value as number)
  })
  return vector
}

function slicesOf(type: Column["type"], values: readonly Scalar[]): Vector {
  const parts = values.map((value) => (typeof value === "string" ? utf8.encode(value) : value))
  const slices = parts.map((part) => (part instanceof Uint8Array ? part : new Uint8Array(0)))
  const data = new Uint8Array(slices.reduce((sum, slice) => sum + slice.length, 0))
  const vector = allocateVector(type, values.length, data)
  let end = 0
  slices.forEach((slice, row) => {
    if (values[row] === null) vector.nulls[row] = 1
    data.set(slice, end)
    vector.values[row] = end
    end += slice.length
    vector.ends[row] = end
  })
  return vector
}
