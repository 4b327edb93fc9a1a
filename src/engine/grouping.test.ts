import assert from "node:assert/strict"
import { test } from "node:test"
import { BOOLEAN, decimal, FLOAT64, INT32, INT64, STRING } from "../columns/types.ts"
import { allocateVector } from "../columns/vector.ts"
import type { Expression } from "../expr/expression.ts"
import { column } from "./kit/batches.ts"
import { EVENT, KEY, perWindow, VALUE } from "./kit/events.ts"
import { aggregate, col, compare, lit } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"

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

test("a million of the largest integers add up exactly", () => {
  const columns = [column("value", INT64, false)]
  const value = col(columns, "value")
  const spec = groupBy("events", { keys: [], aggregates: [aggregate("sum", value), aggregate("avg", value)] })
  const engine = new Harness([source(columns), spec, view("all", "groups", spec.columns, [])], columns).engine
  const [count, most] = [1_100_000, 2n ** 63n - 1n]
  const vector = allocateVector(INT64, count)
  ;(vector.values as BigInt64Array).fill(most)
  const batch = { length: count, vectors: [vector] }
  engine.runEpoch({
    epoch: 1,
    slices: [{ source: "events", partition: 0, baseOffset: 0, batch, skip: null }],
    watermarksUs: new Map(),
  })
  assert.deepEqual(engine.lookup("all", []), [BigInt(count) * most, most * 10n ** 16n])
})

test("minimum and maximum take NaN as greatest, -0 as 0, strings by bytes, and forget NULL", () => {
  const columns = [column("number", FLOAT64), column("text", STRING)]
  const [number, text] = columns.map(({ name }) => col(columns, name)) as [Expression, Expression]
  const calls = [number, text].flatMap((argument) => [aggregate("min", argument), aggregate("max", argument)])
  const spec = groupBy("events", { keys: [], aggregates: calls })
  const cases: [(readonly [number | null, string | null])[], unknown[]][] = [
    [[[null, null]], [null, null, null, null]],
    [
      [
        [Number.NaN, "b"],
        [1, "a"],
        [2, null],
      ],
      [1, Number.NaN, "a", "b"],
    ],
    [
      [
        [3, "a"],
        [Number.NaN, "ab"],
        [-1, ""],
      ],
      [-1, Number.NaN, "", "ab"],
    ],
    [
      [
        [Number.NaN, "\uFFFD"],
        [null, "\u{1F600}"],
      ],
      [Number.NaN, Number.NaN, "\uFFFD", "\u{1F600}"],
    ],
    [
      [
        [-0, "a longer text"],
        [0, "a"],
        [-0, "another"],
      ],
      [0, 0, "a", "another"],
    ],
  ]
  for (const [rows, expected] of cases) {
    const engine = new Harness([source(columns), spec, view("all", "groups", spec.columns, [])], columns)
    for (const row of rows) engine.epoch([row])
    assert.deepEqual(engine.rows("all"), [expected])
  }
})

test("a float sum that left the doubles is marked until its values are gone", () => {
  const columns = [column("id", INT32), column("value", FLOAT64)]
  const values = [col(columns, "value")]
  const last = groupBy("events", {
    id: "last",
    keys: [col(columns, "id")],
    aggregates: values.map((value) => aggregate("min", value)),
  })
  const min = col(last.columns, "min0")
  const spec = groupBy("last", { keys: [], aggregates: [aggregate("sum", min)], filter: positive(min) })
  const engine = new Harness([source(columns), last, spec, view("all", "groups", spec.columns, [])], columns)
  engine.epoch([
    [1, 1e308],
    [2, 1e308],
  ])
  assert.deepEqual(engine.rows("all"), [[null]])
  assert.ok(engine.engine.losses("all").overflowedResults > 0)
  engine.epoch([
    [1, -1],
    [2, -1],
  ])
  assert.deepEqual(engine.rows("all"), [[null]], "a sum over no rows is NULL")
  engine.epoch([[3, 5]])
  assert.deepEqual(engine.rows("all"), [[5]])
})

function positive(value: Expression): Expression {
  return compare("gt", value, lit(0, FLOAT64))
}

test("groups, distinct values and windows that went leave no state behind", () => {
  const last = groupBy("events", { id: "last", keys: [KEY], aggregates: [aggregate("max", VALUE)] })
  const max = col(last.columns, "max0")
  const count = aggregate("count", col(last.columns, "key"), true)
  const spec = groupBy("last", { keys: [max], aggregates: [count] })
  const engine = new Harness([source(EVENT), last, spec, view("by_max", "groups", spec.columns, [0])], EVENT)
  const keys = Array.from({ length: 400 }, (_, k) => `key ${k}`)
  const sizes = Array.from({ length: 30 }, (_, epoch) => {
    engine.epoch(keys.map((key, k) => [key, epoch * 1_000 + k, 0n]))
    return engine.engine.stateBytes()
  })
  assert.equal(engine.rows("by_max").length, 400)
  assert.ok(sizes.at(-1)! <= sizes[3]! * 1.2, `${sizes}`)
  const windows = perWindow({ allowedLatenessUs: 5n })
  const empty = windows.engine.stateBytes()
  windows.epoch([["a", 1, 3n]], 14n)
  const open = windows.engine.stateBytes()
  windows.epoch([], 15n)
  assert.ok(open > empty && windows.engine.stateBytes() === empty, "dropped when end + lateness is reached")
})
