import assert from "node:assert/strict"
import { test } from "node:test"
import { batchOf } from "../../../test/kit/batch-of.ts"
import { readRow } from "../scalar.ts"
import {
  BOOLEAN,
  BYTES,
  type Column,
  DATE,
  decimal,
  FLOAT64,
  INT32,
  INT64,
  JSON_TEXT,
  type Scalar,
  STRING,
  TIMESTAMP,
} from "../types.ts"
import { allocateVector, type Vector } from "../vector.ts"
import { nativeBlock } from "./native-block.ts"
import { readNativeBlocks } from "./native-reader.ts"
import { RowPacker } from "./row-packer.ts"

const TYPES = [BOOLEAN, INT32, INT64, FLOAT64, decimal(9, 2), decimal(18, 3), decimal(38, 10), STRING]
const COLUMNS: readonly Column[] = [...TYPES, BYTES, JSON_TEXT, TIMESTAMP, DATE].flatMap((type, index) => [
  { name: `a${index}`, type, nullable: false },
  { name: `n${index}`, type, nullable: true },
])
const LONG = "é".repeat(300)
const VALUES: readonly (readonly Scalar[])[] = [
  [true, -5, -(2n ** 63n), -0.5, -999_999_999n, -(10n ** 18n - 1n), -(10n ** 38n - 1n), ""],
  [false, 2 ** 31 - 1, 2n ** 63n - 1n, Number.MAX_VALUE, 999_999_999n, 1n, 10n ** 38n - 1n, LONG],
  [true, 0, 0n, Number.NaN, 0n, 0n, 2n ** 64n, "x\0y"],
]
const MORE: readonly (readonly Scalar[])[] = [
  [new Uint8Array(0), "null", -1n, -1],
  [Uint8Array.of(0, 255, 13), '{"a":1.0}', 4_102_444_800_000_000n, 20_000],
  [new Uint8Array(200).fill(7), "[]", 0n, 0],
]
const ROWS = VALUES.map((row, index) => [...row, ...MORE[index]!].flatMap((value) => [value, value]))
const NULLS = ROWS.map((row) => row.map((value, column) => (column % 2 === 1 ? null : value)))

async function* inPieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function decode(
  bytes: Uint8Array,
  pieceBytes: number,
  columns: readonly Column[],
): Promise<Scalar[][]> {
  const rows: Scalar[][] = []
  for await (const block of readNativeBlocks(inPieces(bytes, pieceBytes))) {
    // bytes and json come back as what they are in ClickHouse.
    const vectors = block.vectors.map((vector, index) => {
      const { kind } = columns[index]!.type
      return kind === "bytes" || kind === "json" ? { ...vector, type: columns[index]!.type } : vector
    })
    const batch = { length: block.length, vectors }
    for (let row = 0; row < block.length; row++) rows.push(readRow(batch, row).map(plainBytes))
  }
  return rows
}

/** A Buffer is not deeply equal to the Uint8Array of the same bytes. */
function plainBytes(value: Scalar): Scalar {
  return value instanceof Uint8Array ? new Uint8Array(value) : value
}

test("values of every type, null or not, come back as they were", async () => {
  const packer = new RowPacker(COLUMNS)
  const first = batchOf(COLUMNS, ROWS)
  packer.append(first.vectors, first.length)
  const second = batchOf(COLUMNS, NULLS)
  packer.append(second.vectors, second.length)
  const packed = packer.take()
  const bytes = nativeBlock(COLUMNS, packed)
  for (const size of [1, 7, 4_096, 1_000_000]) {
    assert.deepEqual(await decode(bytes, size, COLUMNS), [...ROWS, ...NULLS], `pieces of ${size}`)
  }
  // The next rows lie in the same memory.
  packer.recycle(packed.chunks)
  packer.append(first.vectors, 1)
  const [one, left] = [packer.take(), packer.take()]
  assert.equal(one.chunks[0], packed.chunks.at(-1))
  assert.deepEqual(await decode(nativeBlock(COLUMNS, one), 4_096, COLUMNS), ROWS.slice(0, 1))
  assert.deepEqual(await decode(nativeBlock(COLUMNS, left), 4_096, COLUMNS), [])
})

test("skipped rows are left out wherever they are", async () => {
  const columns: Column[] = [
    { name: "i", type: INT32, nullable: false },
    { name: "s", type: STRING, nullable: true },
  ]
  const batch = batchOf(
    columns,
    [0, 1, 2, 3, 4].map((i) => [i, i === 3 ? null : `s${i}`]),
  )
  const cases: [skip: number[], left: number[]][] = [
    [
      [0, 0, 0, 0, 0],
      [0, 1, 2, 3, 4],
    ],
    [
      [1, 0, 1, 0, 1],
      [1, 3],
    ],
    [[1, 1, 1, 1, 1], []],
    [
      [0, 1, 1, 0, 0],
      [0, 3, 4],
    ],
  ]
  for (const [skip, left] of cases) {
    const packer = new RowPacker(columns)
    packer.append(batch.vectors, batch.length, Uint8Array.from(skip))
    assert.equal(packer.rows, left.length)
    const rows = await decode(nativeBlock(columns, packer.take()), 4_096, columns)
    assert.deepEqual(
      rows.map(([i]) => i),
      left,
    )
  }
})

test("a result that is cut short is no result", async () => {
  const columns: Column[] = [{ name: "i", type: INT32, nullable: false }]
  const packer = new RowPacker(columns)
  packer.append(batchOf(columns, [[1], [2]]).vectors, 2)
  const bytes = nativeBlock(columns, packer.take())
  await assert.rejects(decode(bytes.subarray(0, -1), 4_096, columns), /whole block/)
})

test("slices of shared bytes come back, of all of them or of a few, and however large they are", async () => {
  const columns: Column[] = ["a", "b"].map((name) => ({ name, type: STRING, nullable: true }))
  const text = Array.from({ length: 300_000 }, (_, n) => `<${n}>`).join("")
  const data = new TextEncoder().encode(text)
  const slice = (ranges: readonly (readonly [number, number] | null)[]): Vector => {
    const vector = allocateVector(STRING, ranges.length, data)
    for (const [row, range] of ranges.entries()) {
      vector.nulls[row] = range === null ? 1 : 0
      vector.values[row] = range?.[0] ?? 2 ** 31 - 1
      vector.ends[row] = range?.[1] ?? -5
    }
    return vector
  }
  const [few, all] = [[1_000_000, 1_000_200] as const, [0, data.length] as const]
  const cases = [
    [
      [few, null],
      [null, [999_990, 1_000_000]],
    ],
    [
      [all, few],
      [[5, 5], all],
    ],
    [
      [null, null],
      [few, [0, 3]],
    ],
    [[[data.length - 1, data.length]], [all]],
  ] as const
  const packer = new RowPacker(columns)
  const expected: Scalar[][] = []
  for (const [a, b] of cases) {
    packer.append([slice(a), slice(b)], a.length)
    const textOf = (range: readonly [number, number] | null | undefined) =>
      range ? text.slice(...range) : null
    for (const row of a.keys()) expected.push([textOf(a[row]), textOf(b[row])])
  }
  const bytes = nativeBlock(columns, packer.take())
  assert.deepEqual(await decode(bytes, 1_000_000, columns), expected)
})
