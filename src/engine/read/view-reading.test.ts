import assert from "node:assert/strict"
import { test } from "node:test"
import type { Column, Scalar } from "../../columns/types.ts"
import {
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  FLOAT64,
  INT32,
  INT64,
  STRING,
  TIMESTAMP,
} from "../../columns/types.ts"
import type { RowQuery } from "../dataflow.ts"
import { column, rowsOf } from "../kit/batches.ts"
import { Harness, source, view } from "../kit/harness.ts"

const ALL: RowQuery = { where: [], sort: [], offset: 0, limit: 100 }

/** A view that holds the rows of its source as they come. */
function table(columns: readonly Column[], key: readonly number[] | null): Harness {
  return new Harness([source(columns), view("rows", "events", columns, key)], columns)
}

function select(harness: Harness, query: Partial<RowQuery>): Scalar[][] {
  using snapshot = harness.engine.snapshot("rows")
  return rowsOf(snapshot.select({ ...ALL, ...query }))
}

const PEOPLE = [column("id", INT64, false), column("name", STRING), column("age", INT32)]
const ROWS = [
  [1n, "ada", 36],
  [2n, "bob", null],
  [3n, "Ada", 20],
  [4n, null, 36],
  [5n, "\u{1F600}", 1],
  [6n, "\uFFFD", 2],
] as const

test("rows are filtered by comparisons; NULL meets only IS NULL", () => {
  const harness = table(PEOPLE, [0])
  harness.epoch(ROWS)
  const ids = (column: number, comparison: RowQuery["where"][number]["comparison"], value: Scalar) =>
    select(harness, { where: [{ column, comparison, value }] }).map(([id]) => id)
  assert.deepEqual(ids(2, "eq", 36), [1n, 4n])
  assert.deepEqual(ids(2, "ne", 36), [3n, 5n, 6n])
  assert.deepEqual(ids(2, "lt", 36), [3n, 5n, 6n])
  assert.deepEqual(ids(2, "lte", 20), [3n, 5n, 6n])
  assert.deepEqual(ids(2, "gt", 20), [1n, 4n])
  assert.deepEqual(ids(2, "gte", 37), [])
  assert.deepEqual(ids(1, "eq", null), [4n])
  assert.deepEqual(ids(1, "ne", null), [1n, 2n, 3n, 5n, 6n])
  assert.deepEqual(ids(1, "lt", null), [])
  assert.deepEqual(ids(1, "eq", "ada"), [1n])
  assert.deepEqual(ids(1, "gt", "bob"), [5n, 6n], "strings compare by their UTF-8 bytes")
  assert.deepEqual(ids(0, "eq", 3n), [3n])
  assert.deepEqual(ids(0, "eq", 9n), [])
  assert.deepEqual(ids(0, "eq", null), [])
})

test("sorting puts NULL last ascending and first descending, and ties by key", () => {
  const harness = table(PEOPLE, [0])
  harness.epoch(ROWS)
  const order = (column: number, descending: boolean) =>
    select(harness, { sort: [{ column, descending }] }).map(([id]) => id)
  assert.deepEqual(order(2, false), [5n, 6n, 3n, 1n, 4n, 2n])
  assert.deepEqual(order(2, true), [2n, 1n, 4n, 3n, 6n, 5n])
  assert.deepEqual(order(1, false), [3n, 1n, 2n, 6n, 5n, 4n], "U+FFFD comes before U+1F600, as its bytes do")
  assert.deepEqual(
    select(harness, { sort: [{ column: 2, descending: false }], offset: 2, limit: 2 }).map(([id]) => id),
    [3n, 1n],
  )
  assert.deepEqual(select(harness, { offset: 6 }), [])
  assert.deepEqual(select(harness, { limit: 0 }), [])
})

test("without a key a row comes as often as it is there, across pages of an answer", () => {
  const columns = [column("name", STRING)]
  const harness = table(columns, null)
  harness.epoch([["b"], ["a"], ["b"], ["b"], [null]])
  assert.deepEqual(select(harness, {}), [["a"], ["b"], ["b"], ["b"], [null]])
  assert.deepEqual(select(harness, { offset: 2, limit: 2 }), [["b"], ["b"]])
  using snapshot = harness.engine.snapshot("rows")
  assert.equal(snapshot.rowCount, 5)
  assert.deepEqual(harness.engine.lookup("rows", ["b"]), ["b"])
  assert.equal(harness.engine.lookup("rows", ["c"]), null)
})

test("every type is a key, is found, compared and read back", () => {
  const cases: [Column["type"], readonly Scalar[]][] = [
    [BOOLEAN, [false, true]],
    [INT32, [-(2 ** 31), -1, 0, 2 ** 31 - 1]],
    [INT64, [-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n]],
    [FLOAT64, [Number.NEGATIVE_INFINITY, -1.5, 0, 1e300, Number.POSITIVE_INFINITY, Number.NaN]],
    [decimal(18, 2), [-999999999999999999n, -1n, 0n, 999999999999999999n]],
    [decimal(38, 2), [-(10n ** 38n) + 1n, -(2n ** 64n), -1n, 0n, 1n, 2n ** 64n, 10n ** 38n - 1n]],
    [STRING, ["", "a", "a\u0000", "ab", "ä", "日本"]],
    [BYTES, [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(0, 0), Uint8Array.of(255)]],
    [TIMESTAMP, [-(2n ** 63n), 0n, 2n ** 63n - 1n]],
    [DATE, [-719_162, 0, 20_000]],
  ]
  for (const [type, values] of cases) {
    const harness = table([column("value", type)], [0])
    harness.epoch([...values, null].reverse().map((value) => [value]))
    assert.deepEqual(
      select(harness, {}).map(([value]) => value),
      [...values, null],
      type.kind,
    )
    values.forEach((value, k) => {
      assert.deepEqual(harness.engine.lookup("rows", [value]), [value], type.kind)
      const greater = select(harness, { where: [{ column: 0, comparison: "gt", value }] })
      assert.deepEqual(
        greater.map(([found]) => found),
        values.slice(k + 1),
        type.kind,
      )
    })
    assert.deepEqual(harness.engine.lookup("rows", [null]), [null])
  }
})

test("a lookup with NULL finds nothing where the key is never NULL", () => {
  const harness = table(PEOPLE, [0])
  harness.epoch([[0n, "zero", 0]])
  assert.deepEqual(harness.engine.lookup("rows", [0n]), [0n, "zero", 0])
  assert.equal(harness.engine.lookup("rows", [null]), null)
})

test("a snapshot shows its epoch while later ones run", () => {
  const columns = [column("id", INT32, false), column("text", STRING)]
  const harness = table(columns, [0])
  const rows = (from: number, count: number) =>
    Array.from({ length: count }, (_, k) => [from + k, `row ${from + k}`])
  harness.epoch(rows(0, 3_000))
  using early = harness.engine.snapshot("rows")
  harness.epoch(rows(3_000, 3_000))
  using later = harness.engine.snapshot("rows")
  const count = (snapshot: typeof early) => snapshot.select({ ...ALL, limit: 1e6 }).length
  assert.deepEqual([early.epoch, early.rowCount, count(early)], [1, 3_000, 3_000])
  assert.deepEqual([later.epoch, later.rowCount, count(later)], [2, 6_000, 6_000])
  const atKey = (snapshot: typeof early) =>
    rowsOf(snapshot.select({ ...ALL, where: [{ column: 0, comparison: "eq", value: 4_000 }] }))
  assert.deepEqual([atKey(early), atKey(later)], [[], [[4_000, "row 4000"]]])
})
