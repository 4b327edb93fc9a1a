/** Sessions that keep no rows: what sorting all rows gives, in the memory of their groups alone. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { FLOAT64, STRING, TIMESTAMP } from "../columns/types.ts"
import type { AggregateCall } from "../expr/expression.ts"
import type { EngineOptions } from "./create-engine.ts"
import { column } from "./kit/batches.ts"
import { compareParts } from "./kit/compare-parts.ts"
import { compareSeed } from "./kit/compare-with-naive.ts"
import { END, EVENT, KEY, TUMBLE, VALUE, WINDOWS } from "./kit/events.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"
import { keepingNothing, MemorySpill } from "./kit/memory-spill.ts"
import { randomSessions } from "./kit/random-sessions.ts"

const TIME = col(EVENT, "time")

/** Per key: key, end, and these. */
function byKey(aggregates: readonly AggregateCall[], options: EngineOptions = {}): Harness {
  const spec = groupBy("events", {
    session: { time: TIME, gapUs: 10n, keys: [KEY] },
    keys: [KEY, END],
    windowKeys: { start: null, end: 1 },
    aggregates,
  })
  return new Harness([source(EVENT), spec, view("v", "groups", spec.columns, [0, 1])], EVENT, options)
}

test("random rows give the sessions and the values that sorting them gives", () => {
  for (let seed = 1; seed <= 200; seed++) compareSeed(seed, randomSessions)
})

test("they are the same in one, two and three parts, also across a restore", () => {
  for (let seed = 1; seed <= 60; seed++) compareParts(seed, randomSessions)
})

test("of two that are joined nothing is left but the one that they are", () => {
  const engine = byKey([aggregate("count", null)])
  const rowsOf = (id: string) => engine.engine.work("v").find((work) => work.id === id)!.state.rows
  engine.epoch([
    ["a", 1, 0n],
    ["a", 1, 20n],
    ["b", 1, 0n],
  ])
  assert.equal(rowsOf("groups"), 3)
  engine.epoch([["a", 1, 10n]])
  assert.equal(rowsOf("groups"), 2)
  assert.equal(rowsOf("view v"), 2)
})

test("two groups become one whose pages leave whenever they may", () => {
  const engine = byKey(
    [aggregate("count", null), aggregate("sum", VALUE)],
    keepingNothing(() => new MemorySpill()),
  )
  const epochOf = (time: bigint) =>
    engine.epoch(Array.from({ length: 1_000 }, (_, k) => [`key ${k}`, k, time] as const))
  for (const time of [0n, 20n, 10n]) epochOf(time)
  const rows = engine.rows("v")
  assert.equal(rows.length, 1_000)
  for (const [key, end, count, sum] of rows) {
    assert.deepEqual([end, count, sum], [30n, 3n, 3n * BigInt(String(key).slice(4))])
  }
})

test("floats of two sessions add up and compare as those of one, whatever they are", () => {
  const columns = [column("price", FLOAT64), column("time", TIMESTAMP)]
  const bounded = [...columns, ...WINDOWS]
  const price = col(columns, "price")
  const spec = groupBy("events", {
    session: { time: col(columns, "time"), gapUs: 10n, keys: [] },
    keys: [col(bounded, "window_end")],
    windowKeys: { start: null, end: 0 },
    aggregates: (["sum", "min", "max"] as const).map((name) => aggregate(name, price)),
  })
  const made = () => new Harness([source(columns), spec, view("v", "groups", spec.columns, [0])], columns)
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e16, 1, -1e16, null]
  for (const a of values) {
    for (const b of values) {
      for (const c of values) {
        const [joined, one] = [made(), made()]
        joined.epoch([
          [c, 20n],
          [a, 0n],
          [b, 1n],
        ])
        joined.epoch([[null, 10n]])
        one.epoch([
          [a, 0n],
          [b, 9n],
          [c, 18n],
          [null, 20n],
        ])
        assert.deepEqual(joined.rows("v"), one.rows("v"), `${a}, ${b} and ${c}`)
      }
    }
  }
})

test("which changes are late does not depend on the order that they come in", () => {
  const columns = [column("key", STRING), column("at", TIMESTAMP), column("time", TIMESTAMP)]
  const windows = groupBy("events", {
    ...{ id: "windows", window: { ...TUMBLE, time: col(columns, "time") }, emit: "final" },
    ...{ keys: [col([...columns, ...WINDOWS], "window_end"), col(columns, "key")] },
    ...{ windowKeys: { start: null, end: 0 }, aggregates: [aggregate("max", col(columns, "at"))] },
  })
  const spec = groupBy("windows", {
    session: { time: col(windows.columns, windows.columns[2]!.name), gapUs: 2n, keys: [] },
    keys: [col([...windows.columns, ...WINDOWS], "window_start")],
    ...{ windowKeys: { start: 0, end: null }, aggregates: [aggregate("count", null)] },
  })
  for (const [a, b] of [
    [95n, 97n],
    [97n, 95n],
  ] as const) {
    const engine = new Harness(
      [source(columns), windows, spec, view("v", "groups", spec.columns, [0])],
      columns,
    )
    engine.epoch([["a", 99n, 0n]], 10n)
    const both = [
      ["a", a, 105n],
      ["b", b, 105n],
    ]
    engine.epoch(both, 100n)
    engine.epoch([], 110n)
    // Over by itself, 95 reaches only as far as 97.
    assert.deepEqual(engine.rows("v"), [[97n, 2n]])
    assert.equal(engine.engine.losses("v").lateChanges, 1)
  }
})

test("a session takes no more memory with each row", () => {
  const engine = byKey([aggregate("count", null), aggregate("max", VALUE)], { maxStateBytes: 2 ** 20 })
  const rows = (from: number) => Array.from({ length: 20_000 }, (_, k) => ["a", k, BigInt(from + k)] as const)
  engine.epoch(rows(0))
  const bytes = engine.engine.stateBytes()
  engine.epoch(rows(20_000))
  assert.equal(engine.engine.stateBytes(), bytes)
  assert.deepEqual(engine.rows("v"), [["a", 40_009n, 40_000n, 19_999]])
})
