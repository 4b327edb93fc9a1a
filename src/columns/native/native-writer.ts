/**
 * Rows of our batches as one block of ClickHouse's Native format
 * (https://clickhouse.com/docs/interfaces/formats/Native):
 *
 *   block  = columns:varint rows:varint column*
 *   column = name:string type:string nulls:u8[rows]? values
 *
 * A block collects rows of many batches, column by column; the bytes of a string go from the producer's
 * buffer into the block and never become a JavaScript string. Its memory is used again after `clear`.
 */
import { assert } from "../../std/assert.ts"
import type { Column } from "../types.ts"
import { isVariableWidth } from "../types.ts"
import { type Vector, wordsPerRow } from "../vector.ts"
import { clickhouseType, MAX_DECIMAL32_DIGITS } from "./clickhouse-types.ts"

/** Room that a block begins with; it doubles from there. */
const FIRST_ROWS = 1_024
const FIRST_BYTES = 16_384

export class NativeWriter {
  readonly #columns: readonly ColumnWriter[]
  #rows = 0

  constructor(columns: readonly Column[]) {
    this.#columns = columns.map(columnWriter)
  }

  get rows(): number {
    return this.#rows
  }

  /** What the block has by now, its header aside. */
  get sizeBytes(): number {
    return this.#columns.reduce((total, column) => total + column.sizeBytes, 0)
  }

  /**
   * Adds the first `count` rows of `vectors`, one for each column, without those that `skip` marks with 1.
   */
  append(vectors: readonly Vector[], count: number, skip: Uint8Array | null = null): void {
    assert(vectors.length === this.#columns.length, "a block has one vector for each column")
    if (skip === null) {
      for (const [index, column] of this.#columns.entries()) column.append(vectors[index]!, 0, count)
      this.#rows += count
      return
    }
    // Runs between skipped rows: duplicates are few, or whole requests.
    for (let from = 0; from < count; ) {
      while (from < count && skip[from] === 1) from++
      let until = from
      while (until < count && skip[until] !== 1) until++
      for (const [index, column] of this.#columns.entries()) column.append(vectors[index]!, from, until)
      this.#rows += until - from
      from = until
    }
  }

  /** The block, in pieces that point into the writer's memory: they are good until `clear`. */
  pieces(): Uint8Array[] {
    return [
      new Uint8Array([...varint(this.#columns.length), ...varint(this.#rows)]),
      ...this.#columns.flatMap((column) => column.pieces(this.#rows)),
    ]
  }

  /** An empty block. The caller reads no piece any more. */
  clear(): void {
    this.#rows = 0
    for (const column of this.#columns) column.clear()
  }
}

interface ColumnWriter {
  readonly sizeBytes: number
  /** Rows [from, until). */
  append(vector: Vector, from: number, until: number): void
  pieces(rows: number): Uint8Array[]
  clear(): void
}

function columnWriter(column: Column): ColumnWriter {
  const { type } = column
  const name = encodeName(column.name)
  const header = new Uint8Array([...name, ...encodeName(clickhouseType(column))])
  const nulls = column.nullable ? new Bytes(FIRST_ROWS) : null
  if (isVariableWidth(type)) return new SliceColumn(header, nulls)
  if (type.kind === "decimal" && type.precision <= MAX_DECIMAL32_DIGITS)
    return new NarrowColumn(header, nulls)
  return new FixedColumn(header, nulls, bytesPerValue(column))
}

function bytesPerValue({ type }: Column): number {
  if (type.kind === "boolean") return 1
  if (type.kind === "int32" || type.kind === "date") return 4
  return 8 * wordsPerRow(type)
}

/** Bytes that grow. */
class Bytes {
  bytes: Uint8Array
  length = 0

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Room for `more` bytes behind `length`. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  add(source: Uint8Array): void {
    this.reserve(source.length)
    this.bytes.set(source, this.length)
    this.length += source.length
  }

  written(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}

abstract class BufferedColumn implements ColumnWriter {
  readonly header: Uint8Array
  readonly nulls: Bytes | null
  readonly values: Bytes

  constructor(header: Uint8Array, nulls: Bytes | null) {
    this.header = header
    this.nulls = nulls
    this.values = new Bytes(FIRST_BYTES)
  }

  get sizeBytes(): number {
    return (this.nulls?.length ?? 0) + this.values.length
  }

  append(vector: Vector, from: number, until: number): void {
    this.nulls?.add(vector.nulls.subarray(from, until))
    this.addValues(vector, from, until)
  }

  abstract addValues(vector: Vector, from: number, until: number): void

  pieces(rows: number): Uint8Array[] {
    assert(this.nulls === null || this.nulls.length === rows, "every row has its null byte")
    const values = this.values.written()
    return this.nulls === null ? [this.header, values] : [this.header, this.nulls.written(), values]
  }

  clear(): void {
    if (this.nulls !== null) this.nulls.length = 0
    this.values.length = 0
  }
}

/** Values that lie in the vector as ClickHouse has them. */
class FixedColumn extends BufferedColumn {
  readonly #size: number

  constructor(header: Uint8Array, nulls: Bytes | null, size: number) {
    super(header, nulls)
    this.#size = size
  }

  addValues({ values }: Vector, from: number, until: number): void {
    const size = this.#size
    this.values.add(new Uint8Array(values.buffer, values.byteOffset + from * size, (until - from) * size))
  }
}

/** Decimals of at most nine digits: the lower half of our word, which holds all of them. */
class NarrowColumn extends BufferedColumn {
  addValues({ values }: Vector, from: number, until: number): void {
    const words = new Int32Array(values.buffer, values.byteOffset, 2 * until)
    const narrow = new Int32Array(until - from)
    for (let row = from; row < until; row++) narrow[row - from] = words[2 * row]!
    this.values.add(new Uint8Array(narrow.buffer))
  }
}

/** Longer slices are copied by the machine's own copy, which costs more to call than to run. */
const SHORT_SLICE = 24
const MAX_VARINT_BYTES = 5

class SliceColumn extends BufferedColumn {
  addValues({ nulls, values, ends, data }: Vector, from: number, until: number): void {
    let total = (until - from) * MAX_VARINT_BYTES
    for (let row = from; row < until; row++) {
      // A null row may hold anything, also an end before its start.
      if (nulls[row] !== 1) total += ends[row]! - (values[row] as number)
    }
    this.values.reserve(total)
    const target = this.values.bytes
    let at = this.values.length
    for (let row = from; row < until; row++) {
      if (nulls[row] === 1) {
        target[at++] = 0
        continue
      }
      const start = values[row] as number
      const end = ends[row]!
      const length = end - start
      let rest = length
      while (rest >= 0x80) {
        target[at++] = (rest & 0x7f) | 0x80
        rest >>>= 7
      }
      target[at++] = rest
      if (length <= SHORT_SLICE) for (let byte = start; byte < end; byte++) target[at++] = data[byte]!
      else {
        target.set(data.subarray(start, end), at)
        at += length
      }
    }
    this.values.length = at
  }
}

function encodeName(name: string): number[] {
  const bytes = new TextEncoder().encode(name)
  return [...varint(bytes.length), ...bytes]
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80)
  return [...bytes, value]
}
