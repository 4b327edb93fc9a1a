import assert from "node:assert/strict"
import { test } from "node:test"
import type { PairAggregateName } from "../../expr/expression.ts"
import { PAIR_AGGREGATES } from "../../expr/expression.ts"
import { SeededRandom } from "../../std/random.ts"
import { PageStore } from "../state/page-store.ts"
import type { PairsKind } from "./pairs.ts"
import { addToExactPairs, addToRunningPairs, PAIRS_WORDS, pairStatistic } from "./pairs.ts"

class Pairs {
  readonly #store = new PageStore(1 << 20)
  readonly #kind: PairsKind
  readonly #at: number
  #count = 0

  constructor(kind: PairsKind) {
    const page = this.#store.allocate(0)
    this.#kind = kind
    this.#at = page + 8
    this.#store.i64.fill(0n, this.#at, this.#at + PAIRS_WORDS[kind])
  }

  add(y: number, x: number, weight = 1): void {
    if (this.#kind === "running") addToRunningPairs(this.#store, this.#at, y, x, this.#count)
    else addToExactPairs(this.#store, this.#at, y, x, weight)
    this.#count += weight
  }

  get(name: PairAggregateName): number | null | undefined {
    return pairStatistic(name, this.#store, { kind: this.#kind, at: this.#at }, this.#count)
  }

  get all(): readonly (number | null | undefined)[] {
    return PAIR_AGGREGATES.map((name) => this.get(name))
  }

  get words(): readonly bigint[] {
    return [...this.#store.i64.subarray(this.#at, this.#at + PAIRS_WORDS[this.#kind])]
  }
}

test("a line is found with its slope, its intercept and a correlation of one", () => {
  for (const kind of ["running", "exact"] as const) {
    const pairs = new Pairs(kind)
    for (const x of [1, 2, 4, 7]) pairs.add(3 * x - 2, x)
    assert.deepEqual(pairs.all, [1, 15.75, 21, 3, -2, 1, 63], kind)
  }
})

test("pairs that were taken back leave nothing, however large they were", () => {
  const random = new SeededRandom(3)
  const pairs = new Pairs("exact")
  const value = () => (random.below(2_000_001) - 1_000_000) * 2 ** (random.below(600) - 300)
  const gone = Array.from({ length: 500 }, () => [value(), value()] as const)
  const kept: readonly (readonly [number, number])[] = [
    [0.1, 0.3],
    [0.2, 0.25],
    [0.7, -1e-9],
  ]
  const alone = new Pairs("exact")
  for (const [y, x] of kept) alone.add(y, x)
  for (const [y, x] of gone) pairs.add(y, x)
  pairs.add(Number.NaN, Number.POSITIVE_INFINITY)
  pairs.add(1, Number.NEGATIVE_INFINITY)
  for (const [y, x] of kept) pairs.add(y, x)
  assert.ok(PAIR_AGGREGATES.every((name) => Number.isNaN(pairs.get(name))))
  pairs.add(1, Number.NEGATIVE_INFINITY, -1)
  pairs.add(Number.NaN, Number.POSITIVE_INFINITY, -1)
  for (const [y, x] of gone.toReversed()) pairs.add(y, x, -1)
  assert.deepEqual(pairs.words, alone.words)
  assert.deepEqual(pairs.all, alone.all)
})

test("what only comes is as near as its largest products allow", () => {
  const random = new SeededRandom(5)
  for (const offset of [0, 1e9, -3e14]) {
    const [running, exact] = [new Pairs("running"), new Pairs("exact")]
    for (let k = 0; k < 3_000; k++) {
      const x = offset + random.below(1_000) / 8
      const y = offset - x / 2 + random.below(100) / 8
      running.add(y, x)
      exact.add(y, x)
    }
    for (const name of ["corr", "covar_pop", "covar_samp", "regr_slope", "regr_r2", "regr_sxy"] as const) {
      const [near, right] = [running.get(name)!, exact.get(name)!]
      assert.ok(Math.abs(near - right) <= 1e-9 * Math.abs(right), `${name}: ${near}, not ${right}`)
    }
  }
})

test("equal values have no slope and no correlation, which rounding does not change", () => {
  for (const kind of ["running", "exact"] as const) {
    const [flat, level] = [new Pairs(kind), new Pairs(kind)]
    for (let k = 0; k < 10; k++) {
      flat.add(k, 0.1)
      level.add(0.1, k)
    }
    assert.deepEqual(flat.all, [null, 0, 0, null, null, null, 0], kind)
    assert.deepEqual(level.all, [null, 0, 0, 0, 0.1, 1, 0], kind)
  }
})

test("one pair has no sample, and finite values that leave the doubles are told from NaN", () => {
  for (const kind of ["running", "exact"] as const) {
    const pairs = new Pairs(kind)
    pairs.add(1e308, -1e308)
    assert.deepEqual(pairs.all, [null, 0, null, null, null, null, 0], kind)
    pairs.add(-1e308, 1e308)
    assert.equal(pairs.get("covar_pop"), undefined, kind)
    const special = new Pairs(kind)
    special.add(Number.NaN, 1)
    special.add(2, 1)
    assert.deepEqual(special.all, [null, Number.NaN, Number.NaN, null, null, null, Number.NaN], kind)
    special.add(2, 3)
    assert.ok(
      special.all.every((value) => Number.isNaN(value)),
      kind,
    )
  }
})
