/**
 * Blocks of ClickHouse's Native format as batches; the format is drawn in native-block.ts. The types are
 * those that we write, and ClickHouse's other numbers and times where one of ours holds all their values.
 */
import { assert } from "../../std/assert.ts"
import type { Batch } from "../batch.ts"
import { type Column, decimal, type LogicalType } from "../types.ts"
import { allocateVector, NO_DATA, NO_ENDS, type Vector } from "../vector.ts"

/** Rows with the names and types that the block says. */
export interface NativeBatch extends Batch {
  readonly columns: readonly Column[]
}

/** The blocks of a result, as they are whole. The bytes of strings are copied out of the pieces. */
export async function* readNativeBlocks(body: AsyncIterable<Uint8Array>): AsyncIterable<NativeBatch> {
  let held: Uint8Array = NO_DATA
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  /**
   * A block that was not whole is tried again when this much more has come: each byte is read a few times.
   */
  let wanted = 1
  for await (const piece of body) {
    waiting.push(piece)
    waitingBytes += piece.length
    if (waitingBytes < wanted) continue
    held = Buffer.concat([held, ...waiting])
    waiting = []
    waitingBytes = 0
    for (let block = readBlock(held); ; block = readBlock(held)) {
      if (block === null) break
      held = held.subarray(block.sizeBytes)
      yield block.batch
    }
    wanted = Math.max(1, held.length)
  }
  held = Buffer.concat([held, ...waiting])
  while (held.length > 0) {
    const block = readBlock(held)
    assert(block !== null, "a result in the Native format ends with a whole block")
    held = held.subarray(block.sizeBytes)
    yield block.batch
  }
}

/** The first block of `bytes`; null when it is not whole. */
function readBlock(bytes: Uint8Array): { readonly batch: NativeBatch; readonly sizeBytes: number } | null {
  if (bytes.length === 0) return null
  const cursor = new Cursor(bytes)
  const count = cursor.varint()
  const length = cursor.varint()
  const columns: Column[] = []
  const vectors: Vector[] = []
  for (let index = 0; index < count && !cursor.isShort; index++) {
    const name = cursor.text()
    const spelling = cursor.text()
    if (cursor.isShort) return null
    const column = { name, ...parseType(name, spelling) }
    columns.push({ name, type: column.type, nullable: column.nullable })
    vectors.push(readVector(cursor, column, length))
  }
  return cursor.isShort ? null : { batch: { length, columns, vectors }, sizeBytes: cursor.position }
}

interface ReadColumn {
  readonly type: LogicalType
  readonly nullable: boolean
  /** Bytes of a value; 0: strings. */
  readonly size: number
  /** Into the vector's values. */
  readonly convert: (bytes: Uint8Array<ArrayBuffer>, length: number) => Vector["values"]
}

function readVector(cursor: Cursor, { type, nullable, size, convert }: ReadColumn, length: number): Vector {
  const nulls = nullable ? cursor.take(length) : new Uint8Array(length)
  if (size > 0) {
    const bytes = cursor.take(size * length)
    if (cursor.isShort) return { type, nulls, values: new Uint8Array(0), ends: NO_ENDS, data: NO_DATA }
    return { type, nulls, values: convert(bytes, length), ends: NO_ENDS, data: NO_DATA }
  }
  const vector = allocateVector(type, length, cursor.bytes)
  for (let row = 0; row < length && !cursor.isShort; row++) {
    const slice = cursor.varint()
    vector.values[row] = cursor.position
    cursor.skip(slice)
    vector.ends[row] = cursor.position
  }
  return { ...vector, nulls }
}

const int32: ReadColumn["convert"] = (bytes) => new Int32Array(bytes.buffer)
const int64: ReadColumn["convert"] = (bytes) => new BigInt64Array(bytes.buffer)
const widen =
  (view: (buffer: ArrayBuffer) => ArrayLike<number>): ReadColumn["convert"] =>
  ({ buffer }) =>
    Int32Array.from(view(buffer))
const widenTo64 =
  (view: (buffer: ArrayBuffer) => ArrayLike<number>, factor: bigint): ReadColumn["convert"] =>
  ({ buffer }) =>
    BigInt64Array.from(view(buffer), (value) => BigInt(value) * factor)

type PlainRead = Omit<ReadColumn, "nullable">

const PLAIN: ReadonlyMap<string, PlainRead> = new Map<string, PlainRead>([
  ["Bool", { type: { kind: "boolean" }, size: 1, convert: (bytes) => bytes }],
  ["Int8", { type: { kind: "int32" }, size: 1, convert: widen((buffer) => new Int8Array(buffer)) }],
  ["UInt8", { type: { kind: "int32" }, size: 1, convert: widen((buffer) => new Uint8Array(buffer)) }],
  ["Int16", { type: { kind: "int32" }, size: 2, convert: widen((buffer) => new Int16Array(buffer)) }],
  ["UInt16", { type: { kind: "int32" }, size: 2, convert: widen((buffer) => new Uint16Array(buffer)) }],
  ["Int32", { type: { kind: "int32" }, size: 4, convert: int32 }],
  [
    "UInt32",
    { type: { kind: "int64" }, size: 4, convert: widenTo64((buffer) => new Uint32Array(buffer), 1n) },
  ],
  ["Int64", { type: { kind: "int64" }, size: 8, convert: int64 }],
  ["UInt64", { type: { kind: "int64" }, size: 8, convert: unsigned64 }],
  [
    "Float32",
    {
      type: { kind: "float64" },
      size: 4,
      convert: ({ buffer }) => Float64Array.from(new Float32Array(buffer)),
    },
  ],
  ["Float64", { type: { kind: "float64" }, size: 8, convert: ({ buffer }) => new Float64Array(buffer) }],
  ["String", { type: { kind: "string" }, size: 0, convert: int32 }],
  ["Date", { type: { kind: "date" }, size: 2, convert: widen((buffer) => new Uint16Array(buffer)) }],
  ["Date32", { type: { kind: "date" }, size: 4, convert: int32 }],
  [
    "DateTime",
    {
      type: { kind: "timestamp" },
      size: 4,
      convert: widenTo64((buffer) => new Uint32Array(buffer), 1_000_000n),
    },
  ],
])

function parseType(name: string, spelling: string): ReadColumn {
  const inner = /^Nullable\((.*)\)$/.exec(spelling)?.[1]
  const read = parsePlain(inner ?? spelling)
  assert(read !== null, `the column ${name} is ${spelling}, which has no type of ours: cast it in the query`)
  return { ...read, nullable: inner !== undefined }
}

function parsePlain(spelling: string): PlainRead | null {
  const plain = PLAIN.get(spelling.replace(/^DateTime\('UTC'\)$/, "DateTime"))
  if (plain !== undefined) return plain
  const time = /^DateTime64\((\d)(?:, '[^']*')?\)$/.exec(spelling)
  if (time !== null) {
    const digits = Number(time[1])
    if (digits > 6) return null
    const factor = 10n ** BigInt(6 - digits)
    const convert: ReadColumn["convert"] = (bytes) =>
      factor === 1n ? int64(bytes, 0) : new BigInt64Array(bytes.buffer).map((value) => value * factor)
    return { type: { kind: "timestamp" }, size: 8, convert }
  }
  const number = /^Decimal\((\d+), (\d+)\)$/.exec(spelling)
  if (number === null) return null
  const [precision, scale] = [Number(number[1]), Number(number[2])]
  if (precision > 38) return null
  const size = precision <= 9 ? 4 : precision <= 18 ? 8 : 16
  const convert = size === 4 ? widenTo64((buffer) => new Int32Array(buffer), 1n) : int64
  return { type: decimal(precision, scale), size, convert }
}

function unsigned64({ buffer }: Uint8Array<ArrayBuffer>): BigInt64Array {
  const values = new BigInt64Array(buffer)
  for (const value of values)
    assert(value >= 0n, "a UInt64 beyond 2^63 has no type of ours: cast it in the query")
  return values
}

/** Reads on; past the end it is short, and what it returned since has no meaning. */
class Cursor {
  readonly bytes: Uint8Array
  position = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get isShort(): boolean {
    return this.position > this.bytes.length
  }

  varint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.bytes[this.position++]
      if (byte === undefined) {
        this.position = this.bytes.length + 1
        return 0
      }
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
  }

  text(): string {
    const length = this.varint()
    const start = this.position
    this.skip(length)
    return this.isShort ? "" : new TextDecoder().decode(this.bytes.subarray(start, this.position))
  }

  skip(length: number): void {
    this.position += length
  }

  /** A copy, so that it is aligned whatever it came out of. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const start = this.position
    this.position += length
    return this.isShort ? new Uint8Array(0) : new Uint8Array(this.bytes.subarray(start, this.position))
  }
}
