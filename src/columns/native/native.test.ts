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
import { readNativeBlocks } from "./native-reader.ts"
import { NativeWriter } from "./native-writer.ts"

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
  const writer = new NativeWriter(COLUMNS)
  const first = batchOf(COLUMNS, ROWS)
  writer.append(first.vectors, first.length)
  const second = batchOf(COLUMNS, NULLS)
  writer.append(second.vectors, second.length)
  const bytes = Buffer.concat(writer.pieces())
  for (const size of [1, 7, 4_096, 1_000_000]) {
    assert.deepEqual(await decode(bytes, size, COLUMNS), [...ROWS, ...NULLS], `pieces of ${size}`)
  }
  writer.clear()
  writer.append(first.vectors, 1)
  assert.deepEqual(await decode(Buffer.concat(writer.pieces()), 4_096, COLUMNS), ROWS.slice(0, 1))
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
    const writer = new NativeWriter(columns)
    writer.append(batch.vectors, batch.length, Uint8Array.from(skip))
    assert.equal(writer.rows, left.length)
    const rows = await decode(Buffer.concat(writer.pieces()), 4_096, columns)
    assert.deepEqual(
      rows.map(([i]) => i),
      left,
    )
  }
})

test("a result that is cut short is no result", async () => {
  const columns: Column[] = [{ name: "i", type: INT32, nullable: false }]
  const writer = new NativeWriter(columns)
  writer.append(batchOf(columns, [[1], [2]]).vectors, 2)
  const bytes = Buffer.concat(writer.pieces())
  await assert.rejects(decode(bytes.subarray(0, -1), 4_096, columns), /whole block/)
})
