/**
 * Packed rows as one block of ClickHouse's Native format
 * (https://clickhouse.com/docs/interfaces/formats/Native):
 *
 *   block  = columns:varint rows:varint column*
 *   column = name:string type:string nulls:u8[rows]? values
 *
 * The block's size is counted before it is written, so it has no byte too many; the bytes of a string go from
 * the producer's buffer into the block and never become a JavaScript string.
 */
import { assert } from "../../std/assert.ts"
import { type Column, isVariableWidth, type LogicalType } from "../types.ts"
import { clickhouseType, isNarrowDecimal, vectorBytesPerRow } from "./clickhouse-types.ts"
import { CHUNK_STEP, NONE, PART_COLUMN, PART_HEAD, type PackedRows } from "./row-packer.ts"

/** Longer slices are copied by the machine's own copy, which costs more to call than to run. */
const SHORT_SLICE = 24

export function nativeBlock(columns: readonly Column[], packed: PackedRows): Uint8Array<ArrayBuffer> {
  const parts = readParts(columns, packed)
  const head = Uint8Array.from([...varint(columns.length), ...varint(packed.rows)])
  const heads = columns.map((column) => {
    return Uint8Array.from([...encodeName(column.name), ...encodeName(clickhouseType(column))])
  })
  let sizeBytes = head.length
  for (const [index, column] of columns.entries()) {
    sizeBytes += heads[index]!.length + (column.nullable ? packed.rows : 0)
    sizeBytes += isVariableWidth(column.type)
      ? parts.reduce((total, part) => total + sliceBytes(part, part.columns[index]!), 0)
      : packed.rows * bytesPerValue(column.type)
  }
  const block = new Uint8Array(sizeBytes)
  block.set(head)
  let at = head.length
  for (const [index, column] of columns.entries()) {
    block.set(heads[index]!, at)
    at += heads[index]!.length
    if (column.nullable) for (const part of parts) at = writeNulls(block, at, part, part.columns[index]!)
    for (const part of parts) at = writeValues(block, at, { ...part, column: part.columns[index]! }, column)
  }
  assert(at === sizeBytes, "a block is as large as it was counted")
  return block
}

interface Part {
  /** Rows that stay: [from, until) twice a run. */
  readonly runs: readonly number[]
  readonly columns: readonly PartColumn[]
}

interface PartColumn {
  /** Empty where no row is null. */
  readonly nulls: Uint8Array
  readonly values: Uint8Array
  /** Of slices, in `data`; empty for others. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly data: Uint8Array
  /** What starts and ends are ahead of `data`. */
  readonly base: number
}

const NO_BYTES = new Uint8Array(0)
const NO_PLACES = new Int32Array(0)

function readParts(columns: readonly Column[], { parts: numbers, chunks }: PackedRows): Part[] {
  const bytes = (place: number, length: number) =>
    place === NONE
      ? NO_BYTES
      : new Uint8Array(chunks[Math.floor(place / CHUNK_STEP)]!, place % CHUNK_STEP, length)
  const places = (place: number, length: number) =>
    place === NONE
      ? NO_PLACES
      : new Int32Array(chunks[Math.floor(place / CHUNK_STEP)]!, place % CHUNK_STEP, length)
  const parts: Part[] = []
  for (let at = 0; at < numbers.length; ) {
    const [count, skip] = [numbers[at]!, numbers[at + 1]!]
    at += PART_HEAD
    const read = columns.map(({ type }): PartColumn => {
      const [nulls, values, ends, data, base] = numbers.slice(at, at + PART_COLUMN) as Five
      at += PART_COLUMN
      const isSlices = isVariableWidth(type)
      return {
        nulls: bytes(nulls, count),
        values: isSlices ? NO_BYTES : bytes(values, count * vectorBytesPerRow(type)),
        starts: isSlices ? places(values, count) : NO_PLACES,
        ends: places(ends, count),
        data:
          data === NONE
            ? NO_BYTES
            : new Uint8Array(chunks[Math.floor(data / CHUNK_STEP)]!, data % CHUNK_STEP),
        base,
      }
    })
    parts.push({ runs: keptRuns(bytes(skip, count), count), columns: read })
  }
  return parts
}

type Five = [nulls: number, values: number, ends: number, data: number, base: number]

/** Duplicates are few, or whole requests. */
function keptRuns(skip: Uint8Array, count: number): number[] {
  if (skip.length === 0) return [0, count]
  const runs: number[] = []
  for (let from = 0; from < count; ) {
    while (from < count && skip[from] === 1) from++
    let until = from
    while (until < count && skip[until] !== 1) until++
    if (until > from) runs.push(from, until)
    from = until
  }
  return runs
}

function sliceBytes({ runs }: Part, { nulls, starts, ends }: PartColumn): number {
  let total = 0
  for (let run = 0; run < runs.length; run += 2) {
    const until = runs[run + 1]!
    for (let row = runs[run]!; row < until; row++) {
      const length = nulls[row] === 1 ? 0 : ends[row]! - starts[row]!
      total += length + 1
      for (let rest = length; rest >= 0x80; rest >>>= 7) total++
    }
  }
  return total
}

function writeNulls(block: Uint8Array, start: number, { runs }: Part, { nulls }: PartColumn): number {
  let at = start
  for (let run = 0; run < runs.length; run += 2) {
    block.set(nulls.subarray(runs[run]!, runs[run + 1]!), at)
    at += runs[run + 1]! - runs[run]!
  }
  return at
}

interface Values {
  readonly runs: readonly number[]
  readonly column: PartColumn
}

function writeValues(block: Uint8Array, start: number, { runs, column }: Values, { type }: Column): number {
  let at = start
  for (let run = 0; run < runs.length; run += 2) {
    const [from, until] = [runs[run]!, runs[run + 1]!]
    if (isVariableWidth(type)) at = writeSlices(block, at, column, from, until)
    else if (isNarrowDecimal(type)) at = writeNarrow(block, at, column.values, from, until)
    else {
      const size = vectorBytesPerRow(type)
      block.set(column.values.subarray(from * size, until * size), at)
      at += (until - from) * size
    }
  }
  return at
}

/** Decimals of at most nine digits: the lower half of our word, which holds all of them. */
function writeNarrow(block: Uint8Array, start: number, values: Uint8Array, from: number, until: number) {
  let at = start
  for (let row = from; row < until; row++) {
    for (let byte = 0; byte < 4; byte++) block[at++] = values[8 * row + byte]!
  }
  return at
}

function writeSlices(block: Uint8Array, start: number, column: PartColumn, from: number, until: number) {
  const { nulls, starts, ends, data, base } = column
  let at = start
  for (let row = from; row < until; row++) {
    if (nulls[row] === 1) {
      block[at++] = 0
      continue
    }
    const first = starts[row]! - base
    const end = ends[row]! - base
    let rest = end - first
    while (rest >= 0x80) {
      block[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    block[at++] = rest
    if (end - first <= SHORT_SLICE) for (let byte = first; byte < end; byte++) block[at++] = data[byte]!
    else {
      block.set(data.subarray(first, end), at)
      at += end - first
    }
  }
  return at
}

function bytesPerValue(type: LogicalType): number {
  return isNarrowDecimal(type) ? 4 : vectorBytesPerRow(type)
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
