import assert from "node:assert/strict"
import { test } from "node:test"
import { zstdDecompressSync } from "node:zlib"
import { parquetMetadata, parquetReadObjects } from "hyparquet"
import type { LogicalType } from "../../src/columns/types.ts"
import { allocateVector, type Vector } from "../../src/columns/vector.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { evolveSchema, type IcebergSchema } from "../../src/stores/lake/iceberg-schema.ts"
import { type ColumnRows, ParquetWriter } from "../../src/stores/lake/parquet-writer.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"

/** More than a first buffer of any column holds, in pieces that are not of one size. */
const PIECES = [1, 700, 2500, 3, 1800]
const TYPES: Readonly<Record<string, LogicalType>> = {
  flag: { kind: "boolean" },
  small: { kind: "int32" },
  large: { kind: "int64" },
  ratio: { kind: "float64" },
  cents: { kind: "decimal", precision: 7, scale: 2 },
  money: { kind: "decimal", precision: 18, scale: 4 },
  wealth: { kind: "decimal", precision: 30, scale: 3 },
  text: { kind: "string" },
  prose: { kind: "string" },
}
const isText = (kind: string) => TYPES[kind]!.kind === "string"
type Value = boolean | number | bigint | string | null

/** Few and many nulls, long and short texts with shared beginnings, numbers of both signs and all sizes. */
function someValue(kind: string, random: SeededRandom): Value {
  const word = random.uint32()
  if (word % 5 === 0) return null
  const wide = (BigInt(word) - 2n ** 31n) * BigInt(random.uint32())
  switch (kind) {
    case "flag":
      return word % 2 === 0
    case "small":
      return word | 0
    case "ratio":
      return word % 11 === 0 ? Number.NaN : (word - 2 ** 31) / 7
    case "cents":
      return (word % 20_000_000) - 10_000_000
    case "large":
      return wide
    case "money":
      return wide % 10n ** 18n
    case "wealth":
      return wide * 1_000_000_007n
    case "prose":
      return `${"x".repeat(word % 13 === 0 ? 2000 : 3)}${word}`
    default:
      return `order-${"é".repeat(word % 7)}${word % 1000}`
  }
}

function vectorOf(kind: string, values: readonly Value[]): Vector {
  const texts = values.map((value) => Buffer.from(isText(kind) ? String(value ?? "") : ""))
  const vector = allocateVector(TYPES[kind]!, values.length, Buffer.concat(texts))
  let at = 0
  for (const [row, value] of values.entries()) {
    if (value === null) vector.nulls[row] = 1
    if (isText(kind)) {
      ;(vector.values as Int32Array)[row] = at
      at += texts[row]!.length
      vector.ends[row] = at
    } else if (value === null) continue
    else if (kind === "wealth") {
      ;(vector.values as BigInt64Array)[2 * row] = BigInt.asIntN(64, value as bigint)
      ;(vector.values as BigInt64Array)[2 * row + 1] = (value as bigint) >> 64n
    } else if (vector.values instanceof BigInt64Array) vector.values[row] = BigInt(value as bigint)
    else vector.values[row] = Number(value)
  }
  return vector
}

interface Written {
  readonly rows: readonly Record<string, unknown>[]
  readonly expected: Readonly<Record<string, readonly Value[]>>
  readonly statistics: Readonly<Record<string, { min: unknown; max: unknown; nulls: number }>>
  readonly nulls: ReadonlyMap<number, number>
  readonly schema: IcebergSchema
}

/** @param isSelected rows of a vector come in another order, some of them not at all. */
async function write(seed: number, isSelected: boolean): Promise<Written> {
  const random = new SeededRandom(seed)
  const disk = new SimDisk({ random })
  disk.makeDirectory("/lake")
  const columns = Object.entries(TYPES).map(([name, type]) => ({ name, type, nullable: true }))
  const { schema: whole } = evolveSchema(null, columns)
  const schema = { ...whole, fields: whole.fields.filter(({ name }) => name in TYPES) }
  const file = disk.open("/lake/one.parquet", { create: true })
  const writer = new ParquetWriter(file, schema)
  const expected: Record<string, Value[]> = {}
  for (const count of PIECES) {
    const batch = new Map<string, ColumnRows>()
    for (const kind of Object.keys(TYPES)) {
      const values = Array.from({ length: count }, () => someValue(kind, random))
      const rows = isSelected ? Int32Array.from(values, () => (random.uint32() % (count + 1)) - 1) : null
      batch.set(kind, { kind: "vector", vector: vectorOf(kind, values), rows })
      const added = rows === null ? values : [...rows].map((row) => (row < 0 ? null : values[row]!))
      expected[kind] = [...(expected[kind] ?? []), ...added]
    }
    writer.append({ count, columns: batch })
  }
  const { nullValueCounts, sizeBytes } = writer.finish()
  const bytes = new Uint8Array(sizeBytes)
  file.read(bytes, 0)
  const metadata = parquetMetadata(bytes.buffer)
  const statistics = Object.fromEntries(
    metadata.row_groups[0]!.columns.map(({ meta_data }) => {
      const { min_value, max_value, null_count } = meta_data!.statistics!
      return [meta_data!.path_in_schema[0], { min: min_value, max: max_value, nulls: Number(null_count) }]
    }),
  )
  const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) }
  const rows = await parquetReadObjects({ file: bytes.buffer, metadata, compressors })
  return { rows, expected, statistics, nulls: nullValueCounts, schema }
}

/** As a reader of Parquet gives decimals, near enough to tell rows apart. */
function scaled(kind: string, value: Value): unknown {
  const type = TYPES[kind]!
  return type.kind === "decimal" && value !== null ? Number(value) * 10 ** -type.scale : value
}

for (const isSelected of [false, true]) {
  const how = isSelected ? ", selected" : ""
  test(`another reader finds the values, nulls and bounds of each type${how}`, async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const { rows, expected, statistics, nulls, schema } = await write(seed, isSelected)
      for (const [kind, values] of Object.entries(expected)) {
        assert.equal(rows.length, values.length)
        for (const [row, value] of values.entries()) {
          const found = rows[row]![kind]
          const wanted = scaled(kind, value)
          if (typeof wanted === "number" && Number.isFinite(wanted))
            assert.ok(Math.abs((found as number) - wanted) <= Math.abs(wanted) * 1e-12, `${kind} ${row}`)
          else assert.deepEqual(found ?? null, wanted, `${kind} ${row}`)
        }
        const present = values.filter((value) => value !== null)
        const { id } = schema.fields.find(({ name }) => name === kind)!
        assert.equal(nulls.get(id), values.length - present.length)
        checkBounds(kind, present, statistics[kind]!)
      }
    }
  })
}

function checkBounds(kind: string, present: readonly Value[], { min, max }: { min: unknown; max: unknown }) {
  // Left out: decimals have bytes of another order, NaN is not ordered, long texts prune nothing.
  const isLeftOut = TYPES[kind]!.kind === "decimal" || kind === "ratio" || kind === "prose"
  const sorted = [...present].sort((a, b) =>
    isText(kind) ? Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b))) : a! < b! ? -1 : 1,
  )
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (isLeftOut) {
    assert.equal(min, undefined, kind)
    return
  }
  assert.deepEqual([min, max], [first, last], kind)
}
