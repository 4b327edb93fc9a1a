/** What operators have done: totals, and the last minute in parts of ten seconds. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { INT64, STRING } from "../columns/types.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"
import { WorkMeter } from "./work-meter.ts"

const SECOND = 1_000

test("a meter adds up all work, and forgets the recent part of it after a minute", () => {
  let nowMs = 0
  const meter = new WorkMeter(() => nowMs)
  const work = (atMs: number, busyMs: number, rows: number) => {
    nowMs = atMs + busyMs
    return meter.note("groups", atMs, rows, 1)
  }
  assert.equal(work(0, 5, 100), 5)
  work(30 * SECOND, 2, 10)
  assert.deepEqual(meter.of("groups"), {
    total: { rowsIn: 110, rowsOut: 2, busyMs: 7 },
    recent: { rowsIn: 110, rowsOut: 2, busyMs: 7 },
  })
  nowMs = 60 * SECOND
  assert.deepEqual(meter.of("groups").recent, { rowsIn: 10, rowsOut: 1, busyMs: 2 })
  work(65 * SECOND, 1, 1)
  assert.deepEqual(meter.of("groups").recent, { rowsIn: 11, rowsOut: 2, busyMs: 3 }, "a part begins anew")
  nowMs = 1_000 * SECOND
  assert.deepEqual(meter.of("groups"), {
    total: { rowsIn: 111, rowsOut: 3, busyMs: 8 },
    recent: { rowsIn: 0, rowsOut: 0, busyMs: 0 },
  })
  assert.equal(meter.of("nobody").total.rowsIn, 0)
})

const COLUMNS = [
  { name: "k", type: STRING, nullable: false },
  { name: "n", type: INT64, nullable: false },
]
const GROUPS = groupBy("events", { keys: [col(COLUMNS, "k")], aggregates: [aggregate("count", null)] })
const SPECS = [source(COLUMNS), GROUPS, view("v", "groups", GROUPS.columns, [0])]

test("an engine tells rows, time and state of each operator, and answers the same without a clock", () => {
  let nowMs = 0
  const timed = new Harness(SPECS, COLUMNS, { nowMs: () => nowMs++ })
  const timeless = new Harness(SPECS, COLUMNS)
  for (const rows of [
    [
      ["a", 1n],
      ["b", 2n],
      ["a", 3n],
    ],
    [["a", 4n]],
  ]) {
    assert.deepEqual(timed.epoch(rows), timeless.epoch(rows))
  }
  const [verdicts, groups, rows] = timed.engine.work("v")
  assert.equal(verdicts!.id, "view v/verdicts")
  assert.deepEqual([groups!.id, groups!.total.rowsIn, groups!.total.rowsOut], ["groups", 4, 4])
  assert.deepEqual([rows!.id, rows!.total.rowsIn, rows!.state.rows], ["view v", 4, 2])
  assert.deepEqual(
    [verdicts, groups, rows].map((each) => each!.total.busyMs),
    [2, 2, 2],
  )
  assert.equal(groups!.state.rows, 2)
  assert.equal(groups!.state.bytes + rows!.state.bytes, timed.engine.stateBytes())
  assert.ok(timeless.engine.work("v").every(({ total }) => total.busyMs === 0))
})
