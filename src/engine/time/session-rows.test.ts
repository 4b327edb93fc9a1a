import assert from "node:assert/strict"
import { test } from "node:test"
import { INT64, STRING, TIMESTAMP } from "../../columns/types.ts"
import { RowBuilder, setScalar } from "../operators/row-builder.ts"
import { batchRun, SessionBatch, SessionColumns, sessionKey } from "./session-rows.ts"

/** Columns: unread, read, the time, one key. Row k is at time k. */
function batchOf(rows: number): { readonly batch: SessionBatch; readonly input: Uint8Array } {
  const builder = new RowBuilder([INT64, STRING, TIMESTAMP, STRING], rows)
  for (let k = 0; k < rows; k++) {
    const row = [7n, `text ${k}`, BigInt(k), `key ${k % 2}`]
    row.forEach((value, column) => {
      setScalar(builder.columns[column]!, k, value)
    })
    builder.length++
  }
  const taken = builder.take(true)!
  return {
    batch: new SessionBatch(taken, new SessionColumns(new Set([1]), 2)),
    input: taken.vectors[1]!.data,
  }
}

test("a row reads as it came, without the columns that nobody reads", () => {
  const { batch, input } = batchOf(3)
  input.fill(0)
  assert.deepEqual(batch.rows[1]!.cells, [null, "text 1", 1n, "key 1"], "its bytes are its own")
  assert.equal(batch.rows[1]!.timeUs, 1n)
  assert.equal(batch.keyOf(2), batch.keyOf(0))
  assert.notEqual(batch.keyOf(1), batch.keyOf(0))
})

test("the few rows that are left give their batch up, and read as before", () => {
  const { rows } = batchOf(64).batch
  const moves = rows.map((row) => ({ row, weight: 1 }))
  for (const row of rows.slice(0, 61)) row.letGo()
  assert.equal(batchRun(moves, 61)?.length, 3, "three of sixty-four are enough to keep it")
  rows[61]!.letGo()
  assert.equal(batchRun(moves, 62), null, "two are not")
  assert.deepEqual(rows[63]!.cells, [null, "text 63", 63n, "key 1"])
  assert.deepEqual(rows[0]!.cells, [null, "text 0", 0n, "key 0"], "a checkpoint may still read it")
})

test("a run ends at a gap, at a row that leaves, and at another batch", () => {
  const { rows } = batchOf(8).batch
  const enter = (row: (typeof rows)[number]) => ({ row, weight: 1 })
  const lengthFrom = (moves: readonly { row: (typeof rows)[number]; weight: number }[]) =>
    batchRun(moves, 0)?.length ?? null
  assert.equal(lengthFrom([rows[0]!, rows[1]!, rows[3]!].map(enter)), 2)
  assert.equal(lengthFrom([enter(rows[0]!), { row: rows[1]!, weight: -1 }]), 1)
  assert.equal(lengthFrom([{ row: rows[1]!, weight: -1 }]), null)
  assert.equal(lengthFrom([rows[0]!, batchOf(8).batch.rows[1]!].map(enter)), 1)
})

test("keys are equal for equal values, and no whole number is another's text", () => {
  assert.equal(sessionKey([5n]), 5)
  assert.equal(sessionKey([2n ** 60n]), String(2n ** 60n))
  assert.notEqual(sessionKey(["5"]), sessionKey([5n]))
  assert.equal(sessionKey([Number.NaN]), sessionKey([Number.NaN]))
  assert.equal(sessionKey([-0]), sessionKey([0]))
  assert.notEqual(sessionKey(["a|b", "c"]), sessionKey(["a", "b|c"]))
})
