/**
 * The rows that an epoch brings to an operator of ordered rows, encoded one behind the other and linked by
 * partition. They go into the table when the epoch ends, all of a partition together.
 *
 *   bytes   | a row of p | a row of q | another of p | ..        p: 0 -> 2    q: 1
 */
import { assert } from "../../std/assert.ts"
import { equalBytes } from "../code/hashing.ts"
import type { OrderedRowCodec } from "../state/ordered-row.ts"

const FIRST_ROWS = 256
/** Places in them are 32-bit numbers. */
const MAX_BYTES = 0x7fff_ffff
/** Behind the last row of a partition. */
export const NO_ROW = -1

export interface ArrivedPartition {
  readonly hash: number
  /** Where its bytes lie, with which each of its rows begins. */
  readonly start: number
  readonly length: number
  /** Its rows in the order in which they came: the first and the last of a chain. */
  first: number
  last: number
  count: number
  /** A row behind which none matters; null where none is known. */
  bound: Uint8Array | null
  /** Another one of the same hash. */
  readonly next: ArrivedPartition | undefined
}

export class ArrivedRows {
  /** In the order of their first rows. */
  readonly partitions: ArrivedPartition[] = []
  /** By row: where its bytes begin, how many they are, how often it came, which of its partition is next. */
  starts = new Int32Array(FIRST_ROWS)
  lengths = new Int32Array(FIRST_ROWS)
  weights = new Int32Array(FIRST_ROWS)
  nexts = new Int32Array(FIRST_ROWS)
  #count = 0
  readonly #byHash = new Map<number, ArrivedPartition>()
  readonly #codec: OrderedRowCodec

  constructor(codec: OrderedRowCodec) {
    this.#codec = codec
  }

  /** Of all rows; longer ones take their place when more rows come. */
  get bytes(): Uint8Array {
    return this.#codec.bytes
  }

  /** A copy of the partition's bytes. */
  keyOf({ start, length }: ArrivedPartition): Uint8Array {
    return this.bytes.slice(start, start + length)
  }

  /** The partition of the row whose head is encoded. */
  find(hash: number): ArrivedPartition | undefined {
    const { bytes, start, partitionLength } = this.#codec
    let found = this.#byHash.get(hash)
    while (
      found !== undefined &&
      (found.length !== partitionLength || !equalBytes(bytes, found.start, bytes, start, partitionLength))
    ) {
      found = found.next
    }
    return found
  }

  /** The partition of the row whose head is encoded, which is to be its first. */
  begin(hash: number, bound: Uint8Array | null): ArrivedPartition {
    const { start, partitionLength } = this.#codec
    const partition: ArrivedPartition = {
      hash,
      start,
      length: partitionLength,
      first: NO_ROW,
      last: NO_ROW,
      count: 0,
      bound,
      next: this.#byHash.get(hash),
    }
    this.#byHash.set(hash, partition)
    this.partitions.push(partition)
    return partition
  }

  /** Keeps the row that is encoded. */
  add(partition: ArrivedPartition, weight: number): void {
    if (this.#count === this.starts.length) this.#makeRoom(this.#count * 2)
    const { start, length } = this.#codec
    assert(start + length <= MAX_BYTES, "an epoch's rows are less than 2 GB")
    const row = this.#count++
    this.starts[row] = start
    this.lengths[row] = length
    this.weights[row] = weight
    this.nexts[row] = NO_ROW
    this.#codec.keep()
    if (partition.count++ === 0) partition.first = row
    else this.nexts[partition.last] = row
    partition.last = row
  }

  /** Of the partition's rows only these are left, in this order. */
  replace(partition: ArrivedPartition, rows: readonly number[]): void {
    assert(rows.length > 0, "a partition that has arrived has a row")
    rows.forEach((row, k) => {
      this.nexts[row] = rows[k + 1] ?? NO_ROW
    })
    partition.first = rows[0]!
    partition.last = rows.at(-1)!
    partition.count = rows.length
  }

  clear(): void {
    this.partitions.length = 0
    this.#byHash.clear()
    if (this.starts.length > Math.max(FIRST_ROWS, 4 * this.#count)) this.#makeRoom(2 * this.#count)
    this.#count = 0
    this.#codec.dropKept()
  }

  #makeRoom(rows: number): void {
    const resized = (values: Int32Array) => {
      const room = new Int32Array(Math.max(FIRST_ROWS, rows))
      room.set(values.subarray(0, this.#count))
      return room
    }
    this.starts = resized(this.starts)
    this.lengths = resized(this.lengths)
    this.weights = resized(this.weights)
    this.nexts = resized(this.nexts)
  }
}
