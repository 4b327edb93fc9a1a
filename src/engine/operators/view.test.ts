import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChangeBatch } from "../../columns/batch.ts"
import { INT32, STRING } from "../../columns/types.ts"
import { batchOf, column, type Row, weightedRows } from "../kit/batches.ts"
import { PageStore } from "../state/page-store.ts"
import { ViewOperator } from "./view.ts"

const COLUMNS = [column("key", STRING), column("value", INT32)]

function changes(...rows: readonly (readonly [weight: number, ...row: Row])[]): ChangeBatch {
  const batch = batchOf(
    COLUMNS,
    rows.map(([, ...row]) => row),
  )
  return { ...batch, weights: Int32Array.from(rows, ([weight]) => weight) }
}

function viewWith(key: readonly number[] | null, ...rows: readonly Row[]): ViewOperator {
  const spec = { kind: "view", id: "v", input: "x", name: "v", columns: COLUMNS, key } as const
  const view = new ViewOperator(spec, new PageStore(16 << 20), { appendOnly: false })
  view.apply(changes(...rows.map((row) => [1, ...row] as const)))
  view.flush()
  return view
}

const NETTED: [string, (readonly [number, ...Row])[], [number, ...Row][]][] = [
  [
    "replaced",
    [
      [-1, "a", 1],
      [1, "a", 2],
    ],
    [
      [-1, "a", 1],
      [1, "a", 2],
    ],
  ],
  [
    "replaced, the new row first",
    [
      [1, "a", 2],
      [-1, "a", 1],
    ],
    [
      [-1, "a", 1],
      [1, "a", 2],
    ],
  ],
  [
    "taken and put back",
    [
      [-1, "a", 1],
      [1, "a", 1],
    ],
    [],
  ],
  [
    "put twice, taken once",
    [
      [1, "a", 1],
      [-1, "a", 1],
    ],
    [],
  ],
  [
    "came and went",
    [
      [1, "b", 5],
      [-1, "b", 5],
    ],
    [],
  ],
  [
    "went before it came, and another stayed",
    [
      [-1, "b", 5],
      [1, "b", 5],
      [1, "b", 6],
    ],
    [[1, "b", 6]],
  ],
  [
    "moved through",
    [
      [-1, "a", 1],
      [1, "a", 2],
      [-1, "a", 2],
      [1, "a", 3],
    ],
    [
      [-1, "a", 1],
      [1, "a", 3],
    ],
  ],
  [
    "two waiting",
    [
      [1, "a", 2],
      [1, "a", 3],
      [-1, "a", 2],
      [-1, "a", 1],
    ],
    [
      [-1, "a", 1],
      [1, "a", 3],
    ],
  ],
  ["gone", [[-1, "a", 1]], [[-1, "a", 1]]],
]

test("changes are netted per key, in whatever order they come", () => {
  for (const [name, applied, expected] of NETTED) {
    const view = viewWith([0], ["a", 1])
    for (const change of applied) view.apply(changes(change))
    const flushed = view.flush()
    const found = flushed === null ? [] : weightedRows(flushed).map(([weight, row]) => [weight, ...row])
    assert.deepEqual(found, expected, name)
  }
})

test("what does not add up per key is refused", () => {
  const cases: [string, (readonly [number, ...Row])[]][] = [
    ["a second row", [[1, "a", 2]]],
    ["the same row twice", [[1, "a", 1]]],
    ["a retraction of another row", [[-1, "a", 2]]],
    ["a retraction of nothing", [[-1, "b", 1]]],
    ["two at once", [[2, "b", 1]]],
  ]
  for (const [name, applied] of cases) {
    const view = viewWith([0], ["a", 1])
    view.apply(changes(...applied))
    assert.throws(() => view.flush(), /one row per key and takes back only rows that it has/, name)
  }
})

test("without a key rows have multiplicities", () => {
  const view = viewWith(null, ["a", 1], ["a", 1])
  view.apply(changes([3, "a", 1], [-4, "a", 1], [2, "b", null], [-1, "b", null]))
  assert.deepEqual(weightedRows(view.flush()!), [
    [-1, ["a", 1]],
    [1, ["b", null]],
  ])
  assert.equal(view.rowCount, 2)
  view.apply(changes([-2, "a", 1]))
  assert.throws(() => view.flush(), /takes back only rows that it has/)
})
