import assert from "node:assert/strict"
import { test } from "node:test"
import { windowRange } from "./window-range.ts"

const even = (sizeUs: bigint, slideUs: bigint) => windowRange({ kind: "hop", sizeUs, slideUs })

test("the windows of a time, and the range in which they are the same", () => {
  const cases: [size: bigint, slide: bigint, time: bigint, starts: bigint[], from: bigint, until: bigint][] =
    [
      [10n, 10n, 25n, [20n], 20n, 30n],
      [10n, 10n, 20n, [20n], 20n, 30n],
      [10n, 10n, 29n, [20n], 20n, 30n],
      [10n, 10n, -1n, [-10n], -10n, 0n],
      [10n, 10n, -10n, [-10n], -10n, 0n],
      [10n, 5n, 12n, [5n, 10n], 10n, 15n],
      [3n, 2n, 4n, [2n, 4n], 4n, 5n],
      [3n, 2n, 5n, [4n], 5n, 6n],
      [12n, 5n, 11n, [0n, 5n, 10n], 10n, 12n],
      [12n, 5n, 13n, [5n, 10n], 12n, 15n],
      [2n, 5n, 6n, [5n], 5n, 7n],
      [2n, 5n, 8n, [], 7n, 10n],
    ]
  for (const [size, slide, time, starts, from, until] of cases) {
    const range = even(size, slide)
    assert.equal(range.seek(time), true)
    const found = [range.starts, range.rangeStart, range.rangeEnd]
    assert.deepEqual(found, [starts, from, until], `size ${size}, slide ${slide}, time ${time}`)
  }
})

test("every time of a range has the windows that were found for it", () => {
  for (const [size, slide] of [
    [10n, 10n],
    [10n, 5n],
    [7n, 3n],
    [12n, 5n],
    [3n, 7n],
  ] as const) {
    const range = even(size, slide)
    for (let time = -40n; time < 40n; time++) {
      range.seek(time)
      const { rangeStart, rangeEnd } = range
      assert.ok(rangeStart <= time && time < rangeEnd)
      const starts = Array.from({ length: 60 }, (_, k) => BigInt(k - 30) * slide)
      const expected = (at: bigint) => starts.filter((start) => start <= at && at < start + size)
      for (let at = rangeStart; at < rangeEnd; at++)
        assert.deepEqual(range.starts, expected(at), `${size}/${slide} at ${at}`)
    }
  }
})

test("times whose windows leave the timestamps are refused, and doubles stand for exact ranges only", () => {
  const range = even(10n, 5n)
  assert.equal(range.seek(2n ** 63n - 1n), false)
  assert.equal(range.seek(-(2n ** 63n)), false)
  assert.equal(range.seek(2n ** 53n + 1n), true)
  assert.ok(Number.isNaN(range.from) && Number.isNaN(range.until))
  assert.equal(range.seek(12n), true)
  assert.deepEqual([range.from, range.until], [10, 15])
})

test("a row in more windows than a week has minutes is our own mistake", () => {
  assert.throws(() => even(10_081n, 1n), /10080 windows at most/)
  assert.throws(() => even(0n, 1n), /a size and a slide/)
})
