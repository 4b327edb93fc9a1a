/** A key given as scalars, as a batch of one row, so that lookups share the generated hash and comparison. */
import type { Batch } from "../../columns/batch.ts"
import type { Column, Scalar } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import { RowColumn, setScalar } from "../operators/row-builder.ts"

/** Null when no row can have this key: NULL in a column that is never NULL. */
export function keyBatch(columns: readonly Column[], key: readonly Scalar[]): Batch | null {
  assert(key.length === columns.length, `the key has ${columns.length} columns`)
  if (key.some((value, k) => value === null && !columns[k]!.nullable)) return null
  const vectors = columns.map((column, k) => {
    const target = new RowColumn(column.type, 1)
    setScalar(target, 0, key[k]!)
    return target.take(1)
  })
  return { length: 1, vectors }
}
