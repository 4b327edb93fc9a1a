import assert from "node:assert/strict"
import { test } from "node:test"
import { decimal, FLOAT64, INT32, INT64 } from "../../columns/types.ts"
import { SeededRandom } from "../../std/random.ts"
import { PageStore } from "../state/page-store.ts"
import {
  addSquareOfBig,
  addSquareOfInt32,
  addToExact,
  addToRunning,
  exactSpread,
  floatSpread,
  readSquares,
  SQUARES_WORDS,
  squaresKind,
} from "./squares.ts"

/** A store and the word where accumulators may begin. */
function words(): { readonly store: PageStore; readonly at: number } {
  const store = new PageStore(1 << 20)
  const page = store.allocate(0)
  store.i64.fill(0n, page + 8, page + 512)
  return { store, at: page + 8 }
}

const POP = { of: "pop", root: false } as const
const SAMP = { of: "samp", root: false } as const

test("squares of 32-bit numbers add up exactly, at their limits and with any weight", () => {
  const { store, at } = words()
  const random = new SeededRandom(1)
  let expected = 0n
  for (let k = 0; k < 20_000; k++) {
    const x =
      k % 3 === 0 ? [-(2 ** 31), 2 ** 31 - 1, -1, 65_535, -65_536][k % 5]! : random.below(2 ** 31) - 2 ** 30
    const weight = k % 7 === 0 ? random.below(100_000) - 20_000 : 1
    addSquareOfInt32(store, at, x, weight)
    expected += BigInt(x) * BigInt(x) * BigInt(weight)
  }
  assert.equal(readSquares(store, at, "int32"), expected)
  for (let k = 0; k < 5_000_000; k++) addSquareOfInt32(store, at, -(2 ** 31), 1)
  assert.equal(readSquares(store, at, "int32"), expected + 5_000_000n * 2n ** 62n)
})

test("squares of 64-bit numbers and of decimals of 38 digits add up exactly and can be taken back", () => {
  for (const [kind, limit] of [
    ["narrow", 2n ** 63n - 1n],
    ["wide", 10n ** 38n - 1n],
  ] as const) {
    const { store, at } = words()
    for (const x of [limit, -limit, 1n, 0n]) addSquareOfBig(store, at, kind, x, 2 ** 31 - 1)
    assert.equal(readSquares(store, at, kind), (2n * limit * limit + 1n) * (2n ** 31n - 1n))
    for (const x of [limit, -limit, 1n, 0n]) addSquareOfBig(store, at, kind, x, -(2 ** 31) + 1)
    assert.equal(readSquares(store, at, kind), 0n)
  }
})

test("variances and deviations of decimals are rounded once, half away from zero", () => {
  const values = [2n, 4n, 4n, 4n, 5n, 5n, 7n, 9n]
  const sums = { sum: 40n, squares: values.reduce((a, b) => a + b * b, 0n) }
  assert.equal(exactSpread(POP, 8n, sums, { scale: 0, result: 16 }), 4n * 10n ** 16n)
  assert.equal(exactSpread({ ...POP, root: true }, 8n, sums, { scale: 0, result: 16 }), 2n * 10n ** 16n)
  assert.equal(exactSpread(SAMP, 8n, sums, { scale: 0, result: 16 }), 45_714_285_714_285_714n)
  assert.equal(
    exactSpread({ ...SAMP, root: true }, 8n, sums, { scale: 0, result: 16 }),
    21_380_899_352_993_951n,
  )
  assert.equal(exactSpread(SAMP, 1n, { sum: 3n, squares: 9n }, { scale: 0, result: 16 }), null)
  // 0.01, 0.02 at scale 10: 16 places are fewer than the square's 20.
  const cents = { sum: 300_000_000n, squares: 10n ** 16n + 4n * 10n ** 16n }
  assert.equal(exactSpread(POP, 2n, cents, { scale: 10, result: 16 }), 25n * 10n ** 10n)
})

/** Of doubles, by whole numbers: what the sums of exact fractions are. */
function referenceVariance(values: readonly number[]): number {
  const scaled = values.map((value) => BigInt(Math.round(value * 2 ** 20)))
  const n = BigInt(values.length)
  const total = scaled.reduce((a, b) => a + b, 0n)
  const squares = scaled.reduce((a, b) => a + b * b, 0n)
  return Number(((n * squares - total * total) * 10n ** 20n) / (n * (n - 1n))) / 1e20 / 2 ** 40
}

test("float variances agree with exact arithmetic within 1e-9, also far from zero", () => {
  const random = new SeededRandom(2)
  for (const base of [0, 1_000, 2 ** 30]) {
    for (const kind of ["running", "exact"] as const) {
      const { store, at } = words()
      const values = Array.from({ length: 1_000 }, () => base + random.below(2 ** 20) / 2 ** 14)
      values.forEach((value, k) => {
        if (kind === "running") addToRunning(store, at, value, k)
        else addToExact(store, at, value, 1)
      })
      const found = floatSpread(store, SAMP, { kind, at, count: values.length })!
      const expected = referenceVariance(values)
      assert.ok(Math.abs(found - expected) <= 1e-9 * expected, `${kind} at ${base}: ${found}, ${expected}`)
    }
  }
})

test("what was added to a float variance can be taken back without a trace, however large it was", () => {
  const { store, at } = words()
  const spikes = [1e300, -1e300, 5e-324, 1.7976931348623157e308, Number.NaN, Number.POSITIVE_INFINITY, -0]
  for (const x of [0.1, 0.2, 0.4]) addToExact(store, at, x, 1)
  const before = floatSpread(store, SAMP, { kind: "exact", at, count: 3 })
  for (const x of spikes) addToExact(store, at, x, 3)
  assert.equal(floatSpread(store, SAMP, { kind: "exact", at, count: 24 }), Number.NaN)
  for (const x of spikes) addToExact(store, at, x, -3)
  assert.equal(floatSpread(store, SAMP, { kind: "exact", at, count: 3 }), before)
  assert.ok(Math.abs(before! - 0.023333333333333334) < 1e-17)
  for (const x of [0.1, 0.2, 0.4]) addToExact(store, at, x, -1)
  for (let k = 1; k < SQUARES_WORDS.exact; k++) assert.equal(store.i64[at + k], 0n)
})

test("equal floats have no variance at all, and one that leaves the doubles is marked", () => {
  for (const kind of ["running", "exact"] as const) {
    const { store, at } = words()
    const add = (x: number, k: number) =>
      kind === "running" ? addToRunning(store, at, x, k) : addToExact(store, at, x, 1)
    for (let k = 0; k < 100; k++) add(0.1, k)
    assert.equal(floatSpread(store, SAMP, { kind, at, count: 100 }), 0)
    add(1.7e308, 100)
    assert.equal(floatSpread(store, SAMP, { kind, at, count: 101 }), undefined)
  }
})

test("the kind of squares follows from type and input", () => {
  assert.equal(squaresKind(INT32, true), "int32")
  assert.equal(squaresKind(INT64, false), "narrow")
  assert.equal(squaresKind(decimal(18, 2), false), "narrow")
  assert.equal(squaresKind(decimal(19, 2), false), "wide")
  assert.equal(squaresKind(FLOAT64, false), "running")
  assert.equal(squaresKind(FLOAT64, true), "exact")
})
