import assert from "node:assert/strict"
import { test } from "node:test"
import { INT32 } from "../../columns/types.ts"
import { SeededRandom } from "../../std/random.ts"
import { OrderedMultiset } from "../state/ordered-multiset.ts"
import { PageStore } from "../state/page-store.ts"
import { countValue, ERROR } from "./heavy-hitters.ts"

const CAPACITY = 20

test("counters are as many as they may be, and none is off by more than it says", () => {
  const item = { type: INT32, nullable: false, descending: false, nullsFirst: false }
  const counters = new OrderedMultiset(new PageStore(1 << 20), [item, ERROR])
  const random = new SeededRandom(5)
  const groups = [1, 2].map(() => new Map<number, number>())
  for (let row = 1; row <= 4_000; row++) {
    groups.forEach((exact, k) => {
      const value = random.below(4) === 0 ? random.below(3) : random.below(500)
      exact.set(value, (exact.get(value) ?? 0) + 1)
      countValue(counters, k + 1, value, CAPACITY)
      assert.equal(counters.entryCount(k + 1), Math.min(CAPACITY, exact.size))
      assert.equal(counters.count(k + 1), row)
    })
  }
  groups.forEach((exact, k) => {
    const held = new Set<number>()
    for (const { items, count } of counters.entries(k + 1)) {
      const [value, error] = items as [number, number]
      held.add(value)
      const times = exact.get(value)!
      assert.ok(count >= times && count - error <= times, `${value}: ${count} less ${error} of ${times}`)
      assert.ok(error <= 4_000 / CAPACITY)
    }
    for (const [value, times] of exact) assert.ok(times <= 4_000 / CAPACITY || held.has(value))
  })
})
