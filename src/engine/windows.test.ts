import assert from "node:assert/strict"
import { test } from "node:test"
import { EVENT, HOP, KEY, perWindow, START, TUMBLE } from "./kit/events.ts"
import { aggregate } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"

test("a window closes when the watermark reaches its end; late rows correct it for a while", () => {
  const engine = perWindow({ emit: "final", allowedLatenessUs: 5n })
  assert.deepEqual(
    engine.epoch(
      [
        ["a", 1, 3n],
        ["a", 2, 12n],
      ],
      9n,
    ).changes,
    {},
  )
  assert.deepEqual(engine.epoch([["a", 4, 4n]], 10n).changes, { totals: [[1, 10n, "a", 2n, 5n]] })
  const corrected = engine.epoch(
    [
      ["a", 1, 5n],
      ["b", 1, 5n],
    ],
    14n,
  )
  assert.deepEqual(corrected.changes, {
    totals: [
      [-1, 10n, "a", 2n, 5n],
      [1, 10n, "a", 3n, 6n],
      [1, 10n, "b", 1n, 1n],
    ],
  })
  const lastMoment = engine.epoch([["a", 1, 9n]], 15n)
  assert.deepEqual(
    lastMoment.verdicts,
    { totals: ["applied"] },
    "judged by the watermark before the epoch: 14",
  )
  const tooLate = engine.epoch(
    [
      ["a", 1, 9n],
      ["a", 1, 12n],
    ],
    15n,
  )
  assert.deepEqual(tooLate.verdicts, { totals: ["late", "applied"] })
  assert.deepEqual(tooLate.changes, {})
  assert.deepEqual(
    engine.rows("totals"),
    [
      [10n, "a", 4n, 7n],
      [10n, "b", 1n, 1n],
    ],
    "rows of gone windows stay",
  )
})

test("with emit changes a window's rows are there before it closes", () => {
  const engine = perWindow({ emit: "changes" })
  assert.deepEqual(engine.epoch([["a", 1, 3n]], 9n).changes, { totals: [[1, 10n, "a", 1n, 1n]] })
  assert.deepEqual(engine.epoch([["a", 2, 9n]], 10n).changes, {
    totals: [
      [-1, 10n, "a", 1n, 1n],
      [1, 10n, "a", 2n, 3n],
    ],
  })
  assert.deepEqual(engine.epoch([["a", 2, 9n]], 10n).verdicts, { totals: ["late"] })
})

test("a watermark that jumps over whole windows still puts their final rows out once, in order", () => {
  const engine = perWindow({ emit: "final", allowedLatenessUs: 5n })
  assert.deepEqual(
    engine.epoch(
      [
        ["a", 1, 25n],
        ["a", 2, 5n],
      ],
      1_000n,
    ).changes,
    {
      totals: [
        [1, 10n, "a", 1n, 2n],
        [1, 30n, "a", 1n, 1n],
      ],
    },
  )
  assert.deepEqual(engine.epoch([], 2_000n).changes, {})
})

test("a row in hopping windows goes to those that live, and is late when none does", () => {
  const engine = perWindow({ window: HOP })
  engine.epoch([], 10n)
  const shown = engine.epoch(
    [
      ["a", 1, 7n],
      ["a", 1, 4n],
    ],
    10n,
  )
  assert.deepEqual(shown.verdicts, { totals: ["applied", "late"] })
  assert.deepEqual(shown.changes, { totals: [[1, 15n, "a", 1n, 1n]] }, "window [0,10) is gone, [5,15) is not")
})

test("times before 1970 floor towards the past; a row without a time is filtered", () => {
  const engine = perWindow({})
  const shown = engine.epoch([
    ["a", 1, -1n],
    ["a", 1, -10n],
    ["a", 1, -11n],
    ["a", 1, null],
  ])
  assert.deepEqual(shown.changes, {
    totals: [
      [1, 0n, "a", 2n, 2n],
      [1, -10n, "a", 1n, 1n],
    ],
  })
  assert.deepEqual(shown.verdicts, { totals: ["applied", "applied", "applied", "filtered"] })
})

test("a time whose window would end outside the timestamps fails its row alone", () => {
  const engine = perWindow({})
  const shown = engine.epoch([
    ["a", 1, 2n ** 63n - 1n],
    ["a", 1, -(2n ** 63n)],
    ["a", 1, 2n ** 60n],
  ])
  const failed = "failed: timestamp-out-of-range"
  assert.deepEqual(shown.verdicts, { totals: [failed, failed, "applied"] })
  const end = (2n ** 60n / 10n + 1n) * 10n
  assert.deepEqual(shown.changes, { totals: [[1, end, "a", 1n, 1n]] }, "exact beyond 2^53")
})

test("windows need not be columns: groups of different windows stay apart", () => {
  const spec = groupBy("events", {
    window: TUMBLE,
    keys: [KEY],
    windowKeys: { start: null, end: null },
    aggregates: [aggregate("count", null)],
  })
  const engine = new Harness([source(EVENT), spec, view("bag", "groups", spec.columns, null)], EVENT)
  engine.epoch([
    ["a", 1, 1n],
    ["a", 1, 11n],
    ["a", 1, 12n],
  ])
  assert.deepEqual(engine.rows("bag"), [
    ["a", 1n],
    ["a", 2n],
  ])
  const start = groupBy("events", {
    window: TUMBLE,
    keys: [START],
    windowKeys: { start: 0, end: null },
    aggregates: [aggregate("count", null)],
  })
  const starts = new Harness([source(EVENT), start, view("starts", "groups", start.columns, [0])], EVENT)
  starts.epoch([
    ["a", 1, 1n],
    ["a", 1, 11n],
  ])
  assert.deepEqual(starts.rows("starts"), [
    [0n, 1n],
    [10n, 1n],
  ])
})
