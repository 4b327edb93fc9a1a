import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import { smallest } from "./smallest.ts"

test("the smallest items are those that sorting would put first", () => {
  const random = new SeededRandom(3)
  for (const [count, limit] of [
    [0, 5],
    [5, 0],
    [5, 9],
    [1_000, 1],
    [1_000, 37],
    [1_000, 1_000],
  ] as const) {
    const items = Array.from({ length: count }, () => random.below(500))
    const sorted = [...items].sort((a, b) => a - b).slice(0, limit)
    assert.deepEqual(
      smallest(items, limit, (a, b) => a - b),
      sorted,
      `${limit} of ${count}`,
    )
  }
})
