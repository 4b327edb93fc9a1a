import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import { PageStore } from "../state/page-store.ts"
import * as sums from "./exact-sums.ts"

test("sums of any weight stay exact through carries", () => {
  const random = new SeededRandom(2)
  const store = new PageStore(1 << 20)
  const [limbs, words, triple] = [0, 16, 32].map((offset) => store.allocate(0) + offset) as [
    number,
    number,
    number,
  ]
  for (const at of [limbs, words, triple]) store.i64.fill(0n, at, at + 4)
  const expected = [0n, 0n, 0n] as [bigint, bigint, bigint]
  for (let step = 0; step < 3_000; step++) {
    const weight = (random.below(2) === 0 ? 1 : -1) * (1 + random.below(2 ** 31 - 1))
    const [low, high] = [random.uint32() | 0, random.uint32() | 0]
    const big = (BigInt(high) << 32n) + BigInt(low >>> 0)
    sums.addLimbs(store, limbs, low, weight)
    sums.addWords(store, words, low, high, weight)
    sums.addTriple(store, triple, big * big, weight)
    expected[0] += BigInt(low) * BigInt(weight)
    expected[1] += big * BigInt(weight)
    expected[2] += big * big * BigInt(weight)
    const found = [sums.readLimbs(store, limbs), sums.readWords(store, words), sums.readTriple(store, triple)]
    assert.deepEqual(found, expected)
  }
})

test("a carry changes how a sum is held, not the sum", () => {
  const store = new PageStore(1 << 20)
  const at = store.allocate(0)
  for (const [low, middle, high] of [
    [sums.LIMB_CARRY + 7, sums.LIMB_CARRY + 9, 3],
    [-sums.LIMB_CARRY - 7, sums.LIMB_CARRY, -3],
    [5, -sums.LIMB_CARRY - 1, 0],
  ] as const) {
    store.f64.set([low, middle, high], at)
    const before = BigInt(low) + BigInt(middle) * 2n ** 32n + BigInt(high) * 2n ** 64n
    sums.carryWords(store, at)
    assert.equal(sums.readWords(store, at), before)
    assert.ok(Math.abs(store.f64[at]!) < 2 ** 32 && Math.abs(store.f64[at + 1]!) < 2 ** 32, "room again")
  }
})
