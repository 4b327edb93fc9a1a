import assert from "node:assert/strict"
import { test } from "node:test"
import type { Column } from "../columns/types.ts"
import { BOOLEAN, decimal, FLOAT64, INT32, INT64, STRING, TIMESTAMP } from "../columns/types.ts"
import type { Expression } from "../expr/expression.ts"
import type { AggregateSpec, EngineWindow } from "./dataflow.ts"
import { column } from "./kit/batches.ts"
import { aggregate, call, col, columnsOf, compare, lit } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"

const EVENT = [column("key", STRING), column("value", INT32), column("time", TIMESTAMP)]
const WINDOWS = [column("window_start", TIMESTAMP, false), column("window_end", TIMESTAMP, false)]
const KEY = col(EVENT, "key")
const VALUE = col(EVENT, "value")
const START = col([...EVENT, ...WINDOWS], "window_start")
const END = col([...EVENT, ...WINDOWS], "window_end")
const TUMBLE: EngineWindow = { kind: "tumble", time: col(EVENT, "time"), sizeUs: 10n, slideUs: 10n }
const HOP: EngineWindow = { kind: "hop", time: col(EVENT, "time"), sizeUs: 10n, slideUs: 5n }

/** Count and sum per window and key; the key columns are window_end and key. */
function perWindow(parts: Partial<AggregateSpec>): Harness {
  const spec = groupBy("events", {
    window: TUMBLE,
    keys: [END, KEY],
    windowKeys: { start: null, end: 0 },
    aggregates: [aggregate("count", null), aggregate("sum", VALUE)],
    ...parts,
  })
  return new Harness([source(EVENT), spec, view("totals", "groups", spec.columns, [0, 1])], EVENT)
}

test("a changed group puts out its old row and its new one, an unchanged group nothing", () => {
  const spec = groupBy("events", { keys: [KEY], aggregates: [aggregate("max", VALUE)] })
  const engine = new Harness([source(EVENT), spec, view("top", "groups", spec.columns, [0])], EVENT)
  assert.deepEqual(
    engine.epoch([
      ["a", 3, 0n],
      ["b", 1, 0n],
    ]).changes,
    {
      top: [
        [1, "a", 3],
        [1, "b", 1],
      ],
    },
  )
  assert.deepEqual(
    engine.epoch([
      ["a", 2, 0n],
      ["b", 5, 0n],
    ]).changes,
    {
      top: [
        [-1, "b", 1],
        [1, "b", 5],
      ],
    },
  )
  assert.deepEqual(engine.epoch([["a", 1, 0n]]).changes, {})
  assert.deepEqual(engine.rows("top"), [
    ["a", 3],
    ["b", 5],
  ])
})

test("GROUP BY without keys is one row from the first epoch on, also without input", () => {
  const calls = [aggregate("count", null), aggregate("sum", VALUE), aggregate("min", VALUE)]
  const spec = groupBy("events", { keys: [], aggregates: calls })
  const engine = new Harness([source(EVENT), spec, view("all", "groups", spec.columns, [])], EVENT)
  assert.deepEqual(engine.rows("all"), [], "nothing is known before the first epoch")
  assert.deepEqual(engine.epoch([]).changes, { all: [[1, 0n, null, null]] })
  assert.deepEqual(engine.epoch([]).changes, {})
  assert.deepEqual(engine.epoch([["a", 4, 0n]]).changes, {
    all: [
      [-1, 0n, null, null],
      [1, 1n, 4n, 4],
    ],
  })
  assert.deepEqual(engine.engine.lookup("all", []), [1n, 4n, 4])
})

test("NULL keys form one group, NaN keys another, and -0 is 0", () => {
  const columns = [column("key", FLOAT64)]
  const spec = groupBy("events", { keys: [col(columns, "key")], aggregates: [aggregate("count", null)] })
  const engine = new Harness([source(columns), spec, view("keys", "groups", spec.columns, [0])], columns)
  engine.epoch([[null], [Number.NaN], [0], [-0], [Number.NaN], [null], [0]])
  assert.deepEqual(engine.rows("keys"), [
    [0, 3n],
    [Number.NaN, 2n],
    [null, 2n],
  ])
  assert.deepEqual(engine.engine.lookup("keys", [-0]), [0, 3n])
  assert.deepEqual(engine.engine.lookup("keys", [null]), [null, 2n])
})

test("sums and averages are exact beyond 64 bits; what does not fit its column is marked there", () => {
  const columns = [column("small", INT32), column("big", INT64), column("wide", decimal(38, 2))]
  const [small, big, wide] = columns.map(({ name }) => col(columns, name)) as [
    Expression,
    Expression,
    Expression,
  ]
  const calls = [
    aggregate("sum", big),
    aggregate("avg", big),
    aggregate("sum", wide),
    aggregate("avg", small),
  ]
  const spec = groupBy("events", { keys: [], aggregates: calls })
  const engine = new Harness([source(columns), spec, view("all", "groups", spec.columns, [])], columns)
  const most = 2n ** 63n - 1n
  engine.epoch([
    [1, most, 1n],
    [1, most, 10n ** 38n - 1n],
    [0, most, null],
  ])
  assert.deepEqual(engine.rows("all"), [[3n * most, most * 10n ** 16n, null, 6666666666666667n]])
  assert.equal(engine.engine.losses("all").overflowedResults, 1)
  engine.epoch([
    [-3, -most, -1n],
    [null, -most, -1n],
    [-2, null, null],
  ])
  assert.deepEqual(
    engine.rows("all"),
    [[most, (most * 10n ** 16n) / 5n, 10n ** 38n - 2n, -6000000000000000n]],
    "the sum is back in range as if it had never left",
  )
})

test("averages round half away from zero", () => {
  const columns = [column("value", decimal(20, 17))]
  const spec = groupBy("events", { keys: [], aggregates: [aggregate("avg", col(columns, "value"))] })
  for (const [values, expected] of [
    [[1n, 2n], 2n],
    [[-1n, -2n], -2n],
    [[1n, 1n, 2n], 1n],
    [[0n, -1n], -1n],
  ] as const) {
    const engine = new Harness([source(columns), spec, view("all", "groups", spec.columns, [])], columns)
    engine.epoch(values.map((value) => [value]))
    assert.deepEqual(engine.rows("all"), [[expected]], String(values))
  }
})

test("float sums forget NaN and infinities that were taken back, and lost digits with them", () => {
  const columns = [column("id", INT32), column("value", FLOAT64)]
  const last = groupBy("events", {
    id: "last",
    keys: [col(columns, "id")],
    aggregates: [aggregate("max", col(columns, "value"))],
  })
  const value = col(last.columns, "max0")
  const spec = groupBy("last", { keys: [], aggregates: [aggregate("sum", value), aggregate("avg", value)] })
  const engine = new Harness([source(columns), last, spec, view("all", "groups", spec.columns, [])], columns)
  engine.epoch([
    [1, 0.1],
    [2, -1e300],
    [3, Number.NEGATIVE_INFINITY],
  ])
  assert.deepEqual(engine.rows("all"), [[Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]])
  engine.epoch([
    [3, 2],
    [2, 5],
  ])
  assert.deepEqual(engine.rows("all"), [[7.1, 7.1 / 3]])
  engine.epoch([[1, Number.NaN]])
  assert.deepEqual(engine.rows("all"), [[Number.NaN, Number.NaN]])
})

test("a window closes when the watermark reaches its end, and takes late rows until its lateness is over", () => {
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

test("an expression that fails in one of a row's windows keeps the row out of all of them", () => {
  const seen = [...EVENT, ...WINDOWS]
  const zeroAtFive: Expression = {
    kind: "case",
    type: INT32,
    nullable: false,
    // biome-ignore lint/suspicious/noThenProperty: the plan's word for a branch's value
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

test("a group whose rows are all taken back is gone, and comes back afresh", () => {
  const last = groupBy("events", { id: "last", keys: [KEY], aggregates: [aggregate("max", VALUE)] })
  const max = col(last.columns, "max0")
  const calls = [aggregate("count", null), aggregate("min", col(last.columns, "key"))]
  const spec = groupBy("last", { keys: [max], aggregates: calls })
  const engine = new Harness([source(EVENT), last, spec, view("by_max", "groups", spec.columns, [0])], EVENT)
  engine.epoch([
    ["b", 1, 0n],
    ["a", 1, 0n],
    ["c", 2, 0n],
  ])
  assert.deepEqual(engine.rows("by_max"), [
    [1, 2n, "a"],
    [2, 1n, "c"],
  ])
  assert.deepEqual(engine.epoch([["a", 2, 0n]]).changes, {
    by_max: [
      [-1, 1, 2n, "a"],
      [-1, 2, 1n, "c"],
      [1, 1, 1n, "b"],
      [1, 2, 2n, "a"],
    ],
  })
  assert.deepEqual(engine.epoch([["b", 2, 0n]]).changes, {
    by_max: [
      [-1, 1, 1n, "b"],
      [-1, 2, 2n, "a"],
      [1, 2, 3n, "a"],
    ],
  })
  assert.deepEqual(engine.rows("by_max"), [[2, 3n, "a"]])
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

test("a boolean group key and a filter that is NULL", () => {
  const columns = [column("flag", BOOLEAN), column("value", INT32)]
  const spec = groupBy("events", {
    keys: [col(columns, "flag")],
    aggregates: [aggregate("count", col(columns, "value"))],
    filter: compare("gt", col(columns, "value"), lit(0, INT32)),
  })
  const engine = new Harness([source(columns), spec, view("flags", "groups", spec.columns, [0])], columns)
  const shown = engine.epoch([
    [true, 1],
    [false, 1],
    [true, null],
    [null, 2],
    [true, 0],
  ])
  assert.deepEqual(shown.verdicts, { flags: ["applied", "applied", "filtered", "applied", "filtered"] })
  assert.deepEqual(engine.rows("flags"), [
    [false, 1n],
    [true, 1n],
    [null, 1n],
  ])
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
