/**
 * Rows of many batches, copied side by side as fast as memory is copied: what has to be done with them at
 * once. Making a block of ClickHouse's Native format of them can wait, and another thread can do it
 * (native-block.ts).
 *
 *   part   = rows, place of its skip marks or NONE, then for each column:
 *            nulls, values, ends, data: places; base: what `values` and `ends` count from
 *   place  = chunk * 2^32 + first byte, always a multiple of 8
 *
 * Columns of a batch that point into the same bytes, such as a request's body, have them copied once, unless
 * little of them is wanted: then slice by slice.
 */
import { assert } from "../../std/assert.ts"
import { freeMemory } from "../../std/free-memory.ts"
import { type Column, isVariableWidth } from "../types.ts"
import type { Vector } from "../vector.ts"
import { vectorBytesPerRow } from "./clickhouse-types.ts"

/** Rows that were packed: plain data, made to be sent to another thread together with its chunks. */
export interface PackedRows {
  readonly rows: number
  readonly chunks: readonly ArrayBuffer[]
  readonly parts: readonly number[]
}

/** Numbers of a part before its columns, and of each column. */
export const PART_HEAD = 2
export const PART_COLUMN = 5
export const NONE = -1
export const CHUNK_STEP = 2 ** 32

/** A chunk holds a few requests; what is larger gets one of its own. */
const CHUNK_BYTES = 1_048_576
/** Chunks kept for the next rows, so that a steady stream allocates nothing. */
const MAX_SPARE_CHUNKS = 32
/** Bytes from the first slice to the last, for each byte that is wanted, that are copied as they lie. */
const MAX_SPAN = 3
/** Bytes that are copied one by one: a call to the machine's copy costs more. */
const SHORT_COPY = 48

interface PackedColumn {
  /** 0: slices. */
  readonly size: number
  readonly nullable: boolean
}

/** Bytes that slices of one or more columns point into. */
interface SharedBytes {
  readonly data: Uint8Array
  low: number
  high: number
  /** Of all slices together. */
  wantedBytes: number
  /** Of the copy of [low, high); NONE: not copied as a whole. */
  place: number
}

export class RowPacker {
  readonly #columns: readonly PackedColumn[]
  readonly #spare: ArrayBuffer[] = []
  #rows = 0
  #parts: number[] = []
  #chunks: ArrayBuffer[] = []
  #chunk: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  /** Next free byte of the last chunk. */
  #at = 0
  #sizeBytes = 0

  constructor(columns: readonly Column[]) {
    this.#columns = columns.map(({ type, nullable }) => {
      return { nullable, size: isVariableWidth(type) ? 0 : vectorBytesPerRow(type) }
    })
  }

  get rows(): number {
    return this.#rows
  }

  /** Of the chunks that are in use. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /**
   * Adds the first `count` rows of `vectors`, one for each column, without those that `skip` marks with 1.
   */
  append(vectors: readonly Vector[], count: number, skip: Uint8Array | null = null): void {
    assert(vectors.length === this.#columns.length, "there is one vector for each column")
    const rows = skip === null ? count : countKept(skip, count)
    if (rows === 0) return
    this.#parts.push(count, skip === null ? NONE : this.#copy(skip, count))
    const shared = this.#copyShared(vectors, count)
    for (const [index, column] of this.#columns.entries()) {
      const vector = vectors[index]!
      const nulls = column.nullable ? this.#copy(vector.nulls, count) : NONE
      if (column.size > 0) {
        const values = this.#copy(bytesOf(vector.values), count * column.size)
        this.#parts.push(nulls, values, NONE, NONE, 0)
        continue
      }
      const { place, low } = shared.find(({ data }) => data === vector.data)!
      if (place === NONE) {
        this.#parts.push(nulls, ...this.#copySlices(vector, count), 0)
        continue
      }
      const values = this.#copy(bytesOf(vector.values), count * 4)
      this.#parts.push(nulls, values, this.#copy(bytesOf(vector.ends), count * 4), place, low)
    }
    this.#rows += rows
  }

  /** The rows; the packer is empty then. Their chunks may come back through `recycle`. */
  take(): PackedRows {
    const packed = { rows: this.#rows, chunks: this.#chunks, parts: this.#parts }
    this.#rows = 0
    this.#parts = []
    this.#chunks = []
    this.#chunk = new Uint8Array(0)
    this.#at = 0
    this.#sizeBytes = 0
    return packed
  }

  /** Gives memory back that is kept for the next rows. */
  trim(): void {
    for (const chunk of this.#spare.splice(0)) freeMemory(chunk)
  }

  /** Takes chunks back that nobody reads any more. */
  recycle(chunks: readonly ArrayBuffer[]): void {
    for (const chunk of chunks) {
      const isKept = chunk.byteLength === CHUNK_BYTES && this.#spare.length < MAX_SPARE_CHUNKS
      if (isKept) this.#spare.push(chunk)
      else freeMemory(chunk)
    }
  }

  /** What slices point into, copied as it is unless little of it is wanted. */
  #copyShared(vectors: readonly Vector[], count: number): readonly SharedBytes[] {
    const shared: SharedBytes[] = []
    for (const [index, { size }] of this.#columns.entries()) {
      if (size > 0) continue
      const { nulls, values, ends, data } = vectors[index]!
      let bytes = shared.find((known) => known.data === data)
      if (bytes === undefined) {
        bytes = { data, low: data.length, high: 0, wantedBytes: 0, place: NONE }
        shared.push(bytes)
      }
      let { low, high, wantedBytes } = bytes
      for (let row = 0; row < count; row++) {
        // A null row may hold anything, also an end before its start.
        if (nulls[row] === 1) continue
        const [start, end] = [values[row] as number, ends[row]!]
        if (start < low) low = start
        if (end > high) high = end
        wantedBytes += end - start
      }
      Object.assign(bytes, { low, high, wantedBytes })
    }
    for (const bytes of shared) {
      const { data, low, high, wantedBytes } = bytes
      if (low >= high || high - low > MAX_SPAN * wantedBytes) continue
      bytes.place = this.#copy(data.subarray(low, high), high - low)
    }
    return shared
  }

  /** Each slice by itself. @returns places of starts, ends and bytes */
  #copySlices({ nulls, values, ends, data }: Vector, count: number): [number, number, number] {
    let total = 0
    for (let row = 0; row < count; row++) if (nulls[row] !== 1) total += ends[row]! - (values[row] as number)
    const placeOfBytes = this.#reserve(total)
    const bytes = new Uint8Array(this.#chunk.buffer, placeOfBytes % CHUNK_STEP, total)
    const placeOfStarts = this.#reserve(4 * count)
    const starts = new Int32Array(this.#chunk.buffer, placeOfStarts % CHUNK_STEP, count)
    const placeOfEnds = this.#reserve(4 * count)
    const copiedEnds = new Int32Array(this.#chunk.buffer, placeOfEnds % CHUNK_STEP, count)
    let at = 0
    for (let row = 0; row < count; row++) {
      starts[row] = at
      if (nulls[row] !== 1) {
        const [start, end] = [values[row] as number, ends[row]!]
        if (end - start > SHORT_COPY) bytes.set(data.subarray(start, end), at)
        else for (let byte = start; byte < end; byte++) bytes[at + byte - start] = data[byte]!
        at += end - start
      }
      copiedEnds[row] = at
    }
    return [placeOfStarts, placeOfEnds, placeOfBytes]
  }

  #copy(source: Uint8Array, length: number): number {
    const place = this.#reserve(length)
    const at = place % CHUNK_STEP
    const target = this.#chunk
    if (length <= SHORT_COPY) for (let byte = 0; byte < length; byte++) target[at + byte] = source[byte]!
    else target.set(source.length === length ? source : source.subarray(0, length), at)
    return place
  }

  /** Room in the last chunk. */
  #reserve(length: number): number {
    if (this.#at + length > this.#chunk.length) this.#openChunk(length)
    const at = this.#at
    this.#at = (at + length + 7) & ~7
    return (this.#chunks.length - 1) * CHUNK_STEP + at
  }

  #openChunk(length: number): void {
    const chunk =
      length > CHUNK_BYTES
        ? new ArrayBuffer((length + 7) & ~7)
        : (this.#spare.pop() ?? new ArrayBuffer(CHUNK_BYTES))
    this.#chunks.push(chunk)
    this.#chunk = new Uint8Array(chunk)
    this.#at = 0
    this.#sizeBytes += chunk.byteLength
  }
}

function countKept(skip: Uint8Array, count: number): number {
  let kept = 0
  for (let row = 0; row < count; row++) if (skip[row] !== 1) kept++
  return kept
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
