import assert from "node:assert/strict"
import { test } from "node:test"
import type { Column } from "../columns/types.ts"
import { INT32, INT64, STRING, TIMESTAMP } from "../columns/types.ts"
import type { Expression } from "../expr/expression.ts"
import { column } from "./kit/batches.ts"
import { EVENT, HOP, KEY, perWindow, TUMBLE, VALUE, WINDOWS } from "./kit/events.ts"
import { aggregate, call, col, columnsOf, compare, lit } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"

test("an expression that fails in one of a row's windows keeps the row out of all of them", () => {
  const seen = [...EVENT, ...WINDOWS]
  const zeroAtFive: Expression = {
    kind: "case",
    type: INT32,
    nullable: false,
    branches: [{ when: compare("eq", col(seen, "window_start"), lit(5n, TIMESTAMP)), then: lit(0, INT32) }],
    otherwise: lit(1, INT32),
  }
  const perHop = perWindow({
    window: HOP,
    aggregates: [aggregate("sum", call("divide", INT32, lit(8, INT32), zeroAtFive))],
  })
  const shown = perHop.epoch([
    ["a", 1, 7n],
    ["a", 1, 2n],
  ])
  assert.deepEqual(shown.verdicts, { totals: ["failed: division-by-zero", "applied"] })
  assert.deepEqual(shown.changes, {
    totals: [
      [1, 5n, "a", 8n],
      [1, 10n, "a", 8n],
    ],
  })
  const outputs = [KEY, call("divide", INT32, lit(8, INT32), zeroAtFive)]
  const columns = columnsOf(outputs, ["key", "eighth"])
  const stage = {
    kind: "stage",
    id: "s",
    input: "events",
    filter: null,
    window: HOP,
    outputs,
    columns,
  } as const
  const perRow = new Harness([source(EVENT), stage, view("rows", "s", columns, null)], EVENT)
  const rows = perRow.epoch([
    ["a", 1, 7n],
    ["b", 1, 2n],
  ])
  assert.deepEqual(rows.verdicts, { rows: ["failed: division-by-zero", "applied"] })
  assert.deepEqual(
    rows.changes,
    {
      rows: [
        [1, "b", 8],
        [1, "b", 8],
      ],
    },
    "once for each of its windows",
  )
})

test("a row that is late in one branch of a union is late, and applied in none", () => {
  const seen = [...EVENT, ...WINDOWS]
  const columns = [column("key", STRING), column("window_end", TIMESTAMP, false)]
  const stages = [col(seen, "window_end"), lit(1_000n, TIMESTAMP)].map(
    (end, k) =>
      ({
        kind: "stage",
        id: `s${k}`,
        input: "events",
        filter: null,
        window: TUMBLE,
        outputs: [KEY, end],
        columns,
      }) as const,
  )
  const union = { kind: "union", id: "u", inputs: ["s0", "s1"], columns } as const
  const spec = groupBy("u", {
    keys: [col(columns, "window_end")],
    windowKeys: { start: null, end: 0 },
    windowSizeUs: 10n,
    aggregates: [aggregate("count", null)],
  })
  const engine = new Harness(
    [source(EVENT), ...stages, union, spec, view("ends", "groups", spec.columns, [0])],
    EVENT,
  )
  engine.epoch([], 10n)
  const shown = engine.epoch([
    ["a", 1, 5n],
    ["a", 1, 15n],
  ])
  assert.deepEqual(shown.verdicts, { ends: ["late", "applied"] })
  assert.deepEqual(shown.changes, {
    ends: [
      [1, 20n, 1n],
      [1, 1_000n, 1n],
    ],
  })
})

test("a row that fails in one branch of a union is applied in none", () => {
  const columns: Column[] = [column("key", STRING), column("eighth", INT32)]
  const failing = [KEY, call("divide", INT32, lit(8, INT32), VALUE)]
  const plain = [KEY, VALUE]
  const stages = [failing, plain].map(
    (outputs, k) =>
      ({
        kind: "stage",
        id: `s${k}`,
        input: "events",
        filter: null,
        window: null,
        outputs,
        columns,
      }) as const,
  )
  const union = { kind: "union", id: "u", inputs: ["s0", "s1"], columns } as const
  const engine = new Harness([source(EVENT), ...stages, union, view("both", "u", columns, null)], EVENT)
  const shown = engine.epoch([
    ["a", 0, 0n],
    ["b", 2, 0n],
  ])
  assert.deepEqual(shown.verdicts, { both: ["failed: division-by-zero", "applied"] })
  assert.deepEqual(shown.changes, {
    both: [
      [1, "b", 4],
      [1, "b", 2],
    ],
  })
})

test("skipped rows are duplicates for every view and change nothing", () => {
  const engine = perWindow({})
  const shown = engine.epoch(
    [
      ["a", 1, 3n],
      ["a", 1, 3n],
    ],
    undefined,
    [0, 1],
  )
  assert.deepEqual(shown.verdicts, { totals: ["applied", "duplicate"] })
  assert.deepEqual(shown.changes, { totals: [[1, 10n, "a", 1n, 1n]] })
})

test("a derived row that fails is left out and counted, and so is its retraction", () => {
  const spec = groupBy("events", { keys: [KEY], aggregates: [aggregate("sum", VALUE)] })
  const sum = col(spec.columns, "sum0")
  const outputs = [col(spec.columns, "key"), call("divide", INT64, lit(12n, INT64), sum)]
  const columns = columnsOf(outputs, ["key", "twelfth"])
  const stage = {
    kind: "stage",
    id: "s",
    input: "groups",
    filter: null,
    window: null,
    outputs,
    columns,
  } as const
  const engine = new Harness([source(EVENT), spec, stage, view("shares", "s", columns, null)], EVENT)
  assert.deepEqual(
    engine.epoch([
      ["a", 0, 0n],
      ["b", 3, 0n],
    ]).changes,
    { shares: [[1, "b", 4n]] },
  )
  assert.equal(engine.engine.losses("shares").failedChanges, 1)
  const shown = engine.epoch([
    ["a", 6, 0n],
    ["b", -3, 0n],
  ])
  assert.deepEqual(shown.changes, {
    shares: [
      [-1, "b", 4n],
      [1, "a", 2n],
    ],
  })
  assert.deepEqual(shown.verdicts, { shares: ["applied", "applied"] }, "the events themselves were applied")
  assert.equal(engine.engine.losses("shares").failedChanges, 3)
})

test("a view over a view has its upstream's verdicts, and its rows follow within the epoch", () => {
  const spec = groupBy("events", {
    keys: [KEY],
    aggregates: [aggregate("count", null)],
    filter: compare("gt", VALUE, lit(0, INT32)),
  })
  const count = col(spec.columns, "count0")
  const many = {
    kind: "stage",
    id: "many",
    input: "view counts",
    filter: compare("gt", count, lit(1n, INT64)),
    window: null,
    outputs: [col(spec.columns, "key")],
    columns: [column("key", STRING)],
  } as const
  const specs = [
    source(EVENT),
    spec,
    view("counts", "groups", spec.columns, [0]),
    many,
    view("busy", "many", many.columns, [0]),
  ]
  const engine = new Harness(specs, EVENT)
  const first = engine.epoch([
    ["a", 1, 0n],
    ["b", 0, 0n],
  ])
  assert.deepEqual(first.verdicts, { counts: ["applied", "filtered"], busy: ["applied", "filtered"] })
  assert.deepEqual(engine.epoch([["a", 1, 0n]]).changes.busy, [[1, "a"]])
})

test("two rows with one key, or a retraction of a row that is not there, stop the engine", () => {
  const outputs = [KEY, VALUE]
  const columns = columnsOf(outputs, ["key", "value"])
  const stage = {
    kind: "stage",
    id: "s",
    input: "events",
    filter: null,
    window: null,
    outputs,
    columns,
  } as const
  const engine = new Harness([source(EVENT), stage, view("unique", "s", columns, [0])], EVENT)
  engine.epoch([["a", 1, 0n]])
  assert.throws(() => engine.epoch([["a", 2, 0n]]), /view unique has one row per key/)
  assert.throws(() => engine.epoch([]), /an engine whose epoch failed is not used again/)
})

test("a view of two views: applied where either applied the row, else the most telling reason", () => {
  const counts = (id: string, filter: Expression | null) =>
    groupBy("events", { id, keys: [call("divide", INT32, lit(6, INT32), VALUE)], aggregates: [], filter })
  const positive = counts("positive", compare("gt", VALUE, lit(0, INT32)))
  const small = counts("small", compare("lt", VALUE, lit(9, INT32)))
  const columns = positive.columns
  const union = { kind: "union", id: "u", inputs: ["view first", "view second"], columns } as const
  const views = [view("first", "positive", columns, [0]), view("second", "small", columns, [0])]
  const engine = new Harness(
    [source(EVENT), positive, small, ...views, union, view("both", "u", columns, null)],
    EVENT,
  )
  const shown = engine.epoch([
    ["a", 3, 0n],
    ["a", 0, 0n],
    ["a", 12, 0n],
    ["a", null, 0n],
  ])
  assert.deepEqual(shown.verdicts, {
    first: ["applied", "filtered", "applied", "filtered"],
    second: ["applied", "failed: division-by-zero", "filtered", "filtered"],
    both: ["applied", "failed: division-by-zero", "applied", "filtered"],
  })
  assert.deepEqual(shown.changes["both"], [
    [2, 2],
    [1, 0],
  ])
})

test("a change in a column that a view does not have is no change of the view", () => {
  const spec = groupBy("events", {
    keys: [KEY],
    aggregates: [aggregate("count", null), aggregate("max", VALUE)],
  })
  const outputs = [col(spec.columns, "key"), col(spec.columns, "max1")]
  const columns = columnsOf(outputs, ["key", "max"])
  const stage = {
    kind: "stage",
    id: "s",
    input: "groups",
    filter: null,
    window: null,
    outputs,
    columns,
  } as const
  const engine = new Harness([source(EVENT), spec, stage, view("top", "s", columns, [0])], EVENT)
  engine.epoch([["a", 3, 0n]])
  assert.deepEqual(engine.epoch([["a", 2, 0n]]).changes, {})
})
