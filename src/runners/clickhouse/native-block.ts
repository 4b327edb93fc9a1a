/** Rows as one block of ClickHouse's Native format: a header, then column after column. */
import type { Interval, LogicalType, Scalar } from "../../columns/types.ts"
import { clickhouseType, packInterval } from "../../expr/clickhouse/sql-writer.ts"
import { assert, assertNever } from "../../std/assert.ts"

export interface BlockColumn {
  readonly name: string
  /** ClickHouse's name of the type, as the bytes have it. */
  readonly type: string
  readonly bytes: Uint8Array
}

export function nativeBlock(columns: readonly BlockColumn[], rows: number): Uint8Array {
  return Buffer.concat(nativePieces(columns, rows))
}

/** The same without a copy of the columns' bytes. */
export function nativePieces(columns: readonly BlockColumn[], rows: number): readonly Uint8Array[] {
  const head = [varint(columns.length), varint(rows)]
  return [...head, ...columns.flatMap(({ name, type, bytes }) => [text(name), text(type), bytes])]
}

export function int32Column(name: string, values: Int32Array): BlockColumn {
  return { name, type: "Int32", bytes: bytesOf(values) }
}

export function int64Column(name: string, values: BigInt64Array): BlockColumn {
  return { name, type: "Int64", bytes: bytesOf(values) }
}

export function stringColumn(name: string, values: readonly (string | Uint8Array)[]): BlockColumn {
  return { name, type: "String", bytes: Buffer.concat(values.flatMap(pieces)) }
}

/** Values of one of our types, NULLs included, as expr/clickhouse/sql-writer.ts lays them out. */
export function nullableColumn(name: string, type: LogicalType, values: readonly Scalar[]): BlockColumn {
  const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0))
  const bytes = Buffer.concat([nulls, valueBytes(type, values)])
  return { name, type: `Nullable(${clickhouseType(type)})`, bytes }
}

function valueBytes(type: LogicalType, values: readonly Scalar[]): Uint8Array {
  switch (type.kind) {
    case "boolean":
      return Uint8Array.from(values, (value) => (value === true ? 1 : 0))
    case "int32":
    case "date":
      return bytesOf(Int32Array.from(values, (value) => (value as number | null) ?? 0))
    case "int64":
    case "timestamp":
      return bytesOf(BigInt64Array.from(values, (value) => (value as bigint | null) ?? 0n))
    case "float64":
      return bytesOf(Float64Array.from(values, (value) => (value as number | null) ?? 0))
    case "decimal":
      return wideBytes(values.map((value) => (value as bigint | null) ?? 0n))
    case "interval":
      return wideBytes(values.map((value) => (value === null ? 0n : packInterval(value as Interval))))
    case "string":
    case "json":
    case "bytes":
      return Buffer.concat(values.flatMap((value) => pieces((value as string | Uint8Array | null) ?? "")))
    default:
      return assertNever(type)
  }
}

/** Int256: four words, the lowest first. */
function wideBytes(values: readonly bigint[]): Uint8Array {
  const words = new BigInt64Array(values.length * 4)
  for (const [row, value] of values.entries()) {
    for (let word = 0; word < 4; word++) {
      words[row * 4 + word] = BigInt.asIntN(64, value >> BigInt(64 * word))
    }
  }
  return bytesOf(words)
}

function pieces(value: string | Uint8Array): readonly Uint8Array[] {
  const bytes = typeof value === "string" ? Buffer.from(value) : value
  return [varint(bytes.length), bytes]
}

const text = (value: string) => Buffer.concat(pieces(value))

function varint(value: number): Uint8Array {
  assert(Number.isSafeInteger(value) && value >= 0, "a length is a whole number")
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Uint8Array.from([...bytes, rest])
}

function bytesOf(values: Int32Array | BigInt64Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
