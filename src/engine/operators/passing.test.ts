/** What a view that keeps no rows passes on. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { concatChanges } from "../../columns/concat.ts"
import type { Column } from "../../columns/types.ts"
import { decimal, INT64, STRING } from "../../columns/types.ts"
import { batchOf, weightedRows } from "../kit/batches.ts"

const COLUMNS: readonly Column[] = [
  { name: "n", type: INT64, nullable: true },
  { name: "d", type: decimal(30, 0), nullable: false },
  { name: "s", type: STRING, nullable: true },
]

test("batches one behind the other keep rows, NULLs, bytes and weights", () => {
  const first = {
    ...batchOf(COLUMNS, [
      [1n, 2n ** 70n, "ab"],
      [null, -1n, null],
    ]),
    weights: null,
  }
  const second = { ...batchOf(COLUMNS, [[3n, 0n, "cd"]]), weights: Int32Array.of(-2) }
  assert.deepEqual(weightedRows(concatChanges([first, second])), [
    [1, [1n, 2n ** 70n, "ab"]],
    [1, [null, -1n, null]],
    [-2, [3n, 0n, "cd"]],
  ])
  assert.equal(concatChanges([first]), first)
  assert.equal(concatChanges([first, first]).weights, null)
})
