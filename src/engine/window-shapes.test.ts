/** Offsets, growing windows and zones in the engine. Numbers of trackers name where others went wrong. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { TIMESTAMP } from "../columns/types.ts"
import type { AggregateSpec, EngineWindow } from "./dataflow.ts"
import { END, EVENT, KEY, START, VALUE, WINDOWS } from "./kit/events.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"

const TIME = col(EVENT, "time")
const us = (text: string) => BigInt(Date.parse(text)) * 1_000n
const DAY = 86_400_000_000n

/** Per window: start, end, count, sum. */
function bounded(window: EngineWindow, parts: Partial<AggregateSpec> = {}): Harness {
  const spec = groupBy("events", {
    window,
    keys: [START, END],
    windowKeys: { start: 0, end: 1 },
    aggregates: [aggregate("count", null), aggregate("sum", VALUE)],
    ...parts,
  })
  return new Harness([source(EVENT), spec, view("windows", "groups", spec.columns, [0, 1])], EVENT)
}

test("an offset shifts windows, before 1970 too (risingwave#15198, FLINK-26334, SPARK-39347)", () => {
  const engine = bounded({ kind: "tumble", time: TIME, sizeUs: 10n, slideUs: 10n, offsetUs: 3n })
  engine.epoch([-8n, -7n, 2n, 3n, 12n].map((time) => ["a", 1, time]))
  assert.deepEqual(engine.rows("windows"), [
    [-17n, -7n, 1n, 1n],
    [-7n, 3n, 2n, 2n],
    [3n, 13n, 2n, 2n],
  ])
})

test("windows that grow close step by step, and a late row is in those that are open", () => {
  const window: EngineWindow = { kind: "cumulate", time: TIME, sizeUs: 30n, slideUs: 10n }
  const engine = bounded(window, { emit: "final" })
  assert.deepEqual(engine.epoch([["a", 1, 2n]], 10n).changes, { windows: [[1, 0n, 10n, 1n, 1n]] })
  const partly = engine.epoch(
    [
      ["a", 2, 5n],
      ["a", 4, 15n],
    ],
    20n,
  )
  assert.deepEqual(partly.verdicts, { windows: ["applied", "applied"] })
  assert.deepEqual(partly.changes, { windows: [[1, 0n, 20n, 3n, 7n]] })
  assert.deepEqual(engine.epoch([["a", 8, 29n]], 30n).changes, { windows: [[1, 0n, 30n, 4n, 15n]] })
  assert.deepEqual(engine.epoch([["a", 1, 29n]], 30n).verdicts, { windows: ["late"] })
})

test("windows without rows yield nothing", () => {
  for (const kind of ["tumble", "cumulate"] as const) {
    const engine = bounded({ kind, time: TIME, sizeUs: 10n, slideUs: 10n }, { emit: "final" })
    const shown = engine.epoch(
      [
        ["a", 1, 1n],
        ["a", 1, 95n],
      ],
      1_000n,
    )
    assert.deepEqual(
      shown.changes["windows"]!.map((row) => row[2]),
      [10n, 100n],
    )
  }
})

test("a row whose time changes leaves all its hops (risingwave#10495)", () => {
  const newest = groupBy("events", { id: "newest", keys: [KEY], aggregates: [aggregate("max", TIME)] })
  const columns = [newest.columns[0]!, { name: "time", type: TIMESTAMP, nullable: true }]
  const both = [...columns, ...WINDOWS]
  const hops = groupBy("newest", {
    window: { kind: "hop", time: col(columns, "time"), sizeUs: 20n, slideUs: 10n, offsetUs: 5n },
    keys: [col(both, "window_start"), col(both, "window_end")],
    windowKeys: { start: 0, end: 1 },
    aggregates: [aggregate("count", null)],
  })
  const specs = [source(EVENT), newest, hops, view("hops", "groups", hops.columns, [0, 1])]
  const engine = new Harness(specs, EVENT)
  engine.epoch([["a", 1, 7n]])
  assert.deepEqual(engine.rows("hops"), [
    [-5n, 15n, 1n],
    [5n, 25n, 1n],
  ])
  engine.epoch([["a", 1, 31n]])
  assert.deepEqual(engine.rows("hops"), [
    [15n, 35n, 1n],
    [25n, 45n, 1n],
  ])
})

test("no row of a night in which the clocks change is lost or counted twice (FLINK-38075)", () => {
  for (const night of ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z"]) {
    const engine = bounded({ kind: "tumble", time: TIME, sizeUs: DAY, slideUs: DAY, zone: "Europe/Berlin" })
    const rows = Array.from(
      { length: 200 },
      (_, k) => ["a", 1, us(night) + BigInt(k) * 600_000_000n] as const,
    )
    const { verdicts } = engine.epoch(rows)
    assert.deepEqual(new Set(verdicts["windows"]), new Set(["applied"]))
    assert.equal(
      engine.rows("windows").reduce((sum, row) => sum + (row[2] as bigint), 0n),
      200n,
    )
  }
})

test("a short day closes after 23 hours, a long one after 25", () => {
  const zoned: EngineWindow = { kind: "tumble", time: TIME, sizeUs: DAY, slideUs: DAY, zone: "Europe/Berlin" }
  for (const [start, end] of [
    ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"],
    ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"],
  ] as const) {
    const engine = bounded(zoned, { emit: "final" })
    assert.deepEqual(engine.epoch([["a", 1, us(start)]], us(end) - 1n).changes, {})
    assert.deepEqual(engine.epoch([], us(end)).changes, { windows: [[1, us(start), us(end), 1n, 1n]] })
  }
})

test("groups of a zone's days that carry their start alone close with the day", () => {
  const shape = { kind: "tumble", sizeUs: DAY, slideUs: DAY, zone: "Europe/Berlin" } as const
  const perKey = groupBy("events", {
    id: "days",
    window: { ...shape, time: TIME },
    keys: [START, KEY],
    windowKeys: { start: 0, end: null },
    aggregates: [aggregate("count", null)],
  })
  const again = groupBy("days", {
    keys: [col(perKey.columns, "window_start")],
    windowKeys: { start: 0, end: null },
    windowShape: shape,
    aggregates: [aggregate("count", null)],
    emit: "final",
  })
  const engine = new Harness([source(EVENT), perKey, again, view("v", "groups", again.columns, [0])], EVENT)
  const [start, end] = [us("2026-03-28T23:00:00Z"), us("2026-03-29T22:00:00Z")]
  engine.epoch(
    [
      ["a", 1, start],
      ["b", 1, end - 1n],
      ["b", 1, end],
    ],
    end - 1n,
  )
  assert.deepEqual(engine.epoch([], end).changes, { v: [[1, start, 2n]] })
})

test("a time so far out that its day might not fit fails its row alone", () => {
  const engine = bounded({ kind: "tumble", time: TIME, sizeUs: DAY, slideUs: DAY, zone: "Europe/Berlin" })
  const { verdicts } = engine.epoch([
    ["a", 1, 2n ** 63n - 1n],
    ["a", 1, us("9999-12-31T23:59:59Z")],
  ])
  assert.deepEqual(verdicts, { windows: ["failed: timestamp-out-of-range", "applied"] })
})
