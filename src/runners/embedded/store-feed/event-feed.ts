/**
 * Rows of one event on their way into its table: copied as their epoch is published, about a block a second.
 * A partition whose rows found no room, or that has a past, is read from the log until it has caught up.
 *
 *   published slices --live--> filling block --once a second--> insert
 *   log, without duplicates --behind--^
 *
 * Nothing waits for it: `offer` copies what has room and returns.
 */
import type { BlockEncoder } from "../../../columns/native/block-encoder.ts"
import { RowPacker } from "../../../columns/native/row-packer.ts"
import { type Column, INT32, INT64 } from "../../../columns/types.ts"
import { allocateVector, type Vector } from "../../../columns/vector.ts"
import type { OffsetRun, OffsetSpan } from "../../../ports/verdict-ledger.ts"
import { assert } from "../../../std/assert.ts"
import { freeMemory } from "../../../std/free-memory.ts"
import { type EventTable, eventBlockColumns, type HotStore } from "../../../stores/store.ts"
import { skipRuns } from "../duplicate-runs.ts"
import type { IntakeSlice, RuledSlice, SliceLoader } from "../intake.ts"
import { BLOCK_BYTES, BLOCK_INTERVAL_MS, BLOCK_ROWS, MAX_BLOCK_BYTES, MAX_BLOCK_ROWS } from "./feed-limits.ts"
import { FeedLoop, type FeedLoopParts } from "./feed-loop.ts"

export interface EventFeedParts extends FeedLoopParts {
  readonly eventTable: EventTable
  readonly topic: string
  readonly partitions: number
  readonly store: HotStore
  readonly encoder: BlockEncoder
  readonly load: SliceLoader
  /** First offset of a partition that the log still has. */
  readonly begin: (partition: number) => Promise<number>
  /** Offset behind the rows whose epochs are out. */
  readonly publishedEnd: (partition: number) => number
  /** Rows whose id came before. */
  readonly duplicates: (span: Omit<OffsetSpan, "topic">) => Promise<readonly OffsetRun[]>
  /** Rows before these are in the table. */
  readonly onDurable: (ends: readonly number[]) => void
}

interface PartitionFeed {
  /** Next offset for the block that fills. */
  next: number
  /** Offset behind the rows in the table. */
  durable: number
  /** Published slices are taken; else the log is read. */
  isLive: boolean
}

export class EventFeed extends FeedLoop {
  readonly #parts: EventFeedParts
  readonly #columns: readonly Column[]
  readonly #filling: RowPacker
  #partitions: PartitionFeed[] = []

  constructor(parts: EventFeedParts) {
    super(parts)
    this.#parts = parts
    this.#columns = eventBlockColumns(parts.eventTable)
    this.#filling = new RowPacker(this.#columns)
  }

  /** Rows of a published epoch. Their memory is the caller's again when it returns. */
  offer(slice: RuledSlice): void {
    const partition = this.#partitions[slice.partition]
    if (partition === undefined || !partition.isLive) return
    const end = slice.baseOffset + slice.count
    if (end <= partition.next) return
    if (this.#isFull()) {
      partition.isLive = false
      return
    }
    this.#append(slice, slice.skip, partition)
    if (this.#isDue()) this.wake()
  }

  protected async feed(): Promise<void> {
    const { store, eventTable, partitions, begin } = this.#parts
    this.#partitions = []
    this.#filling.take()
    const positions = await store.prepareEvent(eventTable)
    const found: PartitionFeed[] = []
    for (let partition = 0; partition < partitions; partition++) {
      const stored = positions.get(partition) ?? 0
      const next = Math.max(stored, await begin(partition))
      if (stored > 0 && next > stored) this.#tellGap(partition, stored, next)
      found.push({ next, durable: next, isLive: false })
    }
    this.#partitions = found
    while (!this.stopping) {
      for (const partition of found.keys()) await this.#catchUp(partition)
      if (found.every(({ isLive }) => isLive)) this.following()
      if (!this.#isDue()) await this.pause(BLOCK_INTERVAL_MS)
      await this.#flush()
    }
    await this.#flush()
  }

  protected missing(): { readonly rows: number; readonly isBehind: boolean } {
    const { partitions, publishedEnd } = this.#parts
    let rows = 0
    for (let partition = 0; partition < partitions; partition++) {
      rows += Math.max(0, publishedEnd(partition) - (this.#partitions[partition]?.durable ?? 0))
    }
    return { rows, isBehind: rows > 0 }
  }

  /** Reads what the log has beyond the table, until there is nothing published that is missing. */
  async #catchUp(index: number): Promise<void> {
    const { topic, load, publishedEnd, duplicates, eventTable } = this.#parts
    const partition = this.#partitions[index]!
    while (!partition.isLive && !this.stopping) {
      const end = publishedEnd(index)
      if (partition.next >= end) {
        // Nothing is published between this look and the next: slices are offered in the same breath.
        partition.isLive = true
        return
      }
      this.state = "loading"
      const { next: from } = partition
      const { slices, nextOffset } = await load(topic, index, from, end)
      assert(nextOffset > from, `the log moves on from ${topic}/${index}@${from}`)
      const runs = await duplicates({ partition: index, from, until: nextOffset })
      for (const slice of slices) {
        if (slice.event === eventTable.name) {
          if (this.#isDue()) await this.#flush()
          this.#append(slice, skipRuns(runs, slice), partition)
        }
        slice.memory?.release()
      }
      partition.next = nextOffset
    }
  }

  /** Only where there is no lake, or rows are older than what it keeps. */
  #tellGap(partition: number, from: number, until: number): void {
    const { table, topic, report } = this.#parts
    report(
      `The table ${table} goes on without the offsets ${from} to ${until - 1} of ${topic}/${partition}: ` +
        "the log deleted them before the store had them, and no lake has them.",
    )
  }

  async #flush(): Promise<void> {
    const { store, eventTable, encoder, onDurable, clock } = this.#parts
    const ends = this.#partitions.map(({ next }) => next)
    const nowMs = clock.nowMs()
    if (this.#filling.rows > 0) {
      const packed = this.#filling.take()
      const { bytes, chunks } = await encoder.encode(this.#columns, packed)
      this.#filling.recycle(chunks)
      await store.appendEvents(eventTable, { rows: packed.rows, pieces: [bytes] })
      freeMemory(bytes.buffer)
      this.writtenRows += packed.rows
    } else this.#filling.trim()
    for (const [index, end] of ends.entries()) this.#partitions[index]!.durable = end
    this.coveredMs = nowMs
    onDurable(ends)
  }

  #isDue(): boolean {
    return this.#filling.rows >= BLOCK_ROWS || this.#filling.sizeBytes >= BLOCK_BYTES
  }

  #isFull(): boolean {
    return this.#filling.rows >= MAX_BLOCK_ROWS || this.#filling.sizeBytes >= MAX_BLOCK_BYTES
  }

  #append(slice: IntakeSlice, skip: Uint8Array | null, partition: PartitionFeed): void {
    const { batch, baseOffset, count } = slice
    const known = Math.max(0, partition.next - baseOffset)
    const left = known === 0 ? skip : skipFirst(skip, known, count)
    const vectors = [...batch.vectors, repeated(slice.partition, count), offsets(baseOffset, count)]
    this.#filling.append(vectors, count, left)
    partition.next = baseOffset + count
  }
}

function skipFirst(skip: Uint8Array | null, known: number, count: number): Uint8Array {
  const all = new Uint8Array(count)
  if (skip !== null) all.set(skip.subarray(0, count))
  return all.fill(1, 0, known)
}

function repeated(value: number, count: number): Vector {
  const vector = allocateVector(INT32, count)
  ;(vector.values as Int32Array).fill(value)
  return vector
}

/** Consecutive whole numbers below 2^53, written as two words each: making bigints would cost more. */
function offsets(first: number, count: number): Vector {
  const vector = allocateVector(INT64, count)
  const words = new Uint32Array(vector.values.buffer)
  for (let row = 0; row < count; row++) {
    words[2 * row] = (first + row) >>> 0
    words[2 * row + 1] = Math.floor((first + row) / 2 ** 32)
  }
  return vector
}
