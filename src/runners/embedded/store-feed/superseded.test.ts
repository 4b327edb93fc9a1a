import assert from "node:assert/strict"
import { test } from "node:test"
import { batchOf } from "../../../../test/kit/batch-of.ts"
import { type Column, INT64, type Scalar, STRING } from "../../../columns/types.ts"
import { supersededRows } from "./superseded.ts"

const COLUMNS: Column[] = [
  { name: "k", type: STRING, nullable: true },
  { name: "n", type: INT64, nullable: false },
]

type Change = readonly [key: string | null, n: bigint, weight: number]

function marked(changes: readonly Change[], key: readonly number[]): number[] {
  const rows = changes.map(([k, n]): Scalar[] => [k, n])
  const weights = Int32Array.from(changes, ([, , weight]) => weight)
  const marks = supersededRows({ ...batchOf(COLUMNS, rows), weights }, key) ?? new Uint8Array(0)
  return [...marks].flatMap((mark, row) => (mark === 1 ? [row] : []))
}

/** Changes, and which of them are left out. */
const CASES: [changes: Change[], marked: number[]][] = [
  [
    [
      ["a", 1n, -1],
      ["a", 2n, 1],
    ],
    [0],
  ],
  [[["a", 1n, -1]], []],
  [[["a", 1n, 1]], []],
  [
    [
      ["a", 1n, -1],
      ["b", 1n, 1],
    ],
    [],
  ],
  [
    [
      [null, 1n, -1],
      [null, 2n, 1],
    ],
    [0],
  ],
  [
    [
      [null, 1n, -1],
      ["", 2n, 1],
    ],
    [],
  ],
  // b goes for ever between two that change; c is new.
  [
    [
      ["a", 1n, -1],
      ["b", 1n, -1],
      ["d", 1n, -1],
      ["a", 2n, 1],
      ["c", 1n, 1],
      ["d", 2n, 1],
    ],
    [0, 2],
  ],
  [
    [
      ["a", 1n, -1],
      ["a", 2n, 1],
      ["b", 1n, -1],
      ["b", 2n, 1],
    ],
    [0, 2],
  ],
]

test("a row that goes is left out exactly when another of its key comes", () => {
  for (const [changes, rows] of CASES) assert.deepEqual(marked(changes, [0]), rows)
  assert.deepEqual(
    marked(
      [
        ["a", 1n, -1],
        ["a", 2n, 1],
      ],
      [0, 1],
    ),
    [],
  )
  assert.deepEqual(
    marked(
      [
        ["a", 1n, -1],
        ["a", 2n, 1],
      ],
      [],
    ),
    [],
  )
})

test("of many keys nearly all pairs are found, and never a row that only goes", () => {
  const keys = Array.from({ length: 5_000 }, (_, n) => n)
  const isGone = (n: number) => n % 7 === 3
  const isNew = (n: number) => n % 5 === 1
  const goes = keys.filter((n) => !isNew(n)).map((n): Change => [`k${n}`, 1n, -1])
  const comes = keys.filter((n) => !isGone(n)).map((n): Change => [`k${n}`, 2n, 1])
  const rows = marked([...goes, ...comes], [0])
  const pairs = keys.filter((n) => !isGone(n) && !isNew(n)).length
  assert.ok(rows.length > 0.99 * pairs, `${rows.length} of ${pairs}`)
  for (const row of rows) assert.ok(!isGone(Number(goes[row]![0]!.slice(1))))
})
