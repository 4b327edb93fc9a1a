import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChangeBatch } from "./batch.ts"
import { decodeChanges, encodeChanges } from "./batch-codec.ts"
import { readRow, writeWide } from "./scalar.ts"
import { BOOLEAN, type Column, DATE, decimal, FLOAT64, INT32, INT64, STRING } from "./types.ts"
import { allocateVector } from "./vector.ts"

const TYPES = [INT32, INT64, STRING, FLOAT64, BOOLEAN, decimal(30, 2), DATE]
const COLUMNS: readonly Column[] = TYPES.map((type, index) => ({ name: `c${index}`, type, nullable: true }))

function sample(rows: number, weights: Int32Array | null): ChangeBatch {
  const text = new TextEncoder().encode("añb😀c")
  const vectors = TYPES.map((type) => allocateVector(type, rows + 3, text))
  for (let row = 0; row < rows; row++) {
    vectors[0]!.values[row] = row - 1
    vectors[1]!.values[row] = -(2n ** 62n) + BigInt(row)
    vectors[2]!.values[row] = row % 2
    vectors[2]!.ends[row] = row % 2 === 0 ? 1 : 3
    vectors[3]!.values[row] = row / 3
    vectors[4]!.values[row] = row % 2
    writeWide(vectors[5]!.values as BigInt64Array, row, -(10n ** 29n) - BigInt(row))
    vectors[6]!.values[row] = -row
    vectors[row % 7]!.nulls[row] = 1
  }
  return { length: rows, vectors, weights }
}

test("a batch comes back as it was, whatever its length", () => {
  for (const rows of [0, 1, 2, 7, 33]) {
    for (const weights of [null, Int32Array.from({ length: rows }, (_, row) => row - 3)]) {
      const batch = sample(rows, weights)
      const decoded = decodeChanges(encodeChanges(batch), COLUMNS)
      assert.equal(decoded.length, rows)
      assert.deepEqual(decoded.weights, weights)
      for (let row = 0; row < rows; row++) assert.deepEqual(readRow(decoded, row), readRow(batch, row))
    }
  }
})

test("bytes that are cut short are an error and not a shorter batch", () => {
  const bytes = encodeChanges(sample(7, null))
  assert.throws(() => decodeChanges(bytes.subarray(0, bytes.length - 8), COLUMNS))
})
