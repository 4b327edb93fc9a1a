/**
 * Rows on their way from the log to the engine, per partition and in offset order. Rows that came through
 * the door wait here decoded; whatever is missing (after a restart, or when the queue was full) is read from
 * the log again.
 *
 *   processed ........ head of queue ........ durableEnd
 *             ^ a gap is loaded from the log
 */
import type { Batch } from "../../columns/batch.ts"
import { assert } from "../../std/assert.ts"
import type { RowMemory } from "./row-memory.ts"

/**
 * Bytes of producers' bodies that may wait decoded; beyond it rows are read from the log when their turn
 * comes.
 */
const MAX_QUEUED_BYTES = 128 * 1024 * 1024

/** Rows of one event that entered a partition together: consecutive offsets, one append time. */
export interface IntakeSlice {
  readonly event: string
  readonly topic: string
  readonly partition: number
  readonly baseOffset: number
  readonly count: number
  /** Columns as views see them: the contract's fields, then processed_at. */
  readonly batch: Batch
  readonly appendTimeMs: number
  /** Size of the buffer that the batch keeps alive. */
  readonly heldBytes: number
  /** Held by this slice until it was published or dropped; null: left to the collector. */
  readonly memory: RowMemory | null
}

/** A slice of an epoch, with the rows whose id came before: 1 = duplicate. Null: none. */
export interface RuledSlice extends IntakeSlice {
  readonly skip: Uint8Array | null
}

/**
 * Reads rows [from, until) of a partition from the log as slices; fewer are legal, none at a gap's end is
 * not.
 */
export type SliceLoader = (
  topic: string,
  partition: number,
  from: number,
  until: number,
) => Promise<{ readonly slices: readonly IntakeSlice[]; readonly nextOffset: number }>

export interface PartitionPosition {
  readonly topic: string
  readonly partition: number
  /** Next offset that no epoch has taken. */
  taken: number
  /** Next offset behind the epochs whose outputs are out. */
  published: number
  /** Next offset that is not in the log. */
  durableEnd: number
}

interface PartitionQueue extends PartitionPosition {
  readonly slices: IntakeSlice[]
  /** Offsets that were passed over, since they hold no rows of the project, and are not published yet. */
  readonly gaps: { readonly from: number; readonly to: number }[]
}

export class Intake {
  readonly #partitions = new Map<string, PartitionQueue>()
  readonly #loader: SliceLoader
  #queuedBytes = 0
  #wake: (() => void) | null = null

  constructor(load: SliceLoader) {
    this.#loader = load
  }

  /** Begins at `taken`; rows up to `durableEnd` are already in the log. */
  addPartition(position: Omit<PartitionPosition, "published">): void {
    const key = keyOf(position.topic, position.partition)
    this.#partitions.set(key, { ...position, published: position.taken, slices: [], gaps: [] })
  }

  /** Takes rows that the door has appended. Slices of one partition may arrive in any order. */
  offer(slice: IntakeSlice): void {
    const queue = this.#queue(slice.topic, slice.partition)
    queue.durableEnd = Math.max(queue.durableEnd, slice.baseOffset + slice.count)
    if (this.#queuedBytes + slice.heldBytes <= MAX_QUEUED_BYTES) {
      this.#queuedBytes += slice.heldBytes
      insertInOrder(queue.slices, slice)
    } else {
      slice.memory?.release()
    }
    this.wake()
  }

  /** The slices' epoch is out: what views keep of their rows they have copied. */
  markPublished(slices: readonly IntakeSlice[]): void {
    for (const { topic, partition, baseOffset, count, memory } of slices) {
      const queue = this.#queue(topic, partition)
      queue.published = Math.max(queue.published, baseOffset + count)
      publishGaps(queue)
      memory?.release()
    }
  }

  /** Rows in the log that no view shows yet. */
  get backlogRows(): number {
    let rows = 0
    for (const { durableEnd, published } of this.#partitions.values()) rows += durableEnd - published
    return rows
  }

  /** Append time of the oldest row that waits decoded; null when none does. */
  waitingSinceMs(topic: string, partition: number): number | null {
    return this.#queue(topic, partition).slices[0]?.appendTimeMs ?? null
  }

  positions(): readonly PartitionPosition[] {
    return [...this.#partitions.values()]
  }

  position(topic: string, partition: number): PartitionPosition {
    return this.#queue(topic, partition)
  }

  /**
   * At most about `maxRows` rows, in the engine's order; empty when everything was taken. Partitions
   * take turns, so that one with a long backlog does not make the rows of another late.
   */
  async take(maxRows: number): Promise<readonly IntakeSlice[]> {
    const taken: IntakeSlice[] = []
    let rows = 0
    let open = [...this.#partitions.values()].filter((queue) => queue.taken < queue.durableEnd)
    while (rows < maxRows && open.length > 0) {
      const stillOpen: PartitionQueue[] = []
      for (const queue of open) {
        const slice = await this.#next(queue)
        if (slice === null) continue
        taken.push(slice)
        rows += slice.count
        if (queue.taken < queue.durableEnd) stillOpen.push(queue)
      }
      open = stillOpen
    }
    return taken.sort(bySource)
  }

  /** Exactly the rows up to `end`, as an earlier epoch had them. */
  async takeUntil(topic: string, partition: number, end: number): Promise<readonly IntakeSlice[]> {
    const queue = this.#queue(topic, partition)
    queue.durableEnd = Math.max(queue.durableEnd, end)
    const taken: IntakeSlice[] = []
    while (queue.taken < end) {
      const slice = await this.#next(queue, end)
      if (slice !== null) taken.push(slice)
    }
    return taken
  }

  /** Resolves when rows were offered, or somebody else calls wake. */
  waitForRows(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  wake(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  /** The next rows, which end by `end`; null when there are none, and everything before it is passed over. */
  async #next(queue: PartitionQueue, end = queue.durableEnd): Promise<IntakeSlice | null> {
    while (queue.taken < end) {
      const head = queue.slices[0]
      if (head === undefined || head.baseOffset > queue.taken) {
        await this.#load(queue, Math.min(head?.baseOffset ?? queue.durableEnd, queue.durableEnd), end)
        continue
      }
      queue.slices.shift()
      this.#queuedBytes -= head.heldBytes
      const headEnd = head.baseOffset + head.count
      if (headEnd <= queue.taken || headEnd > end) {
        head.memory?.release()
        // An epoch's end was where the rows of the door ended, which the log may have put into one batch.
        if (headEnd > end) await this.#load(queue, end, end)
        continue
      }
      assert(head.baseOffset === queue.taken, "an epoch ends where an append ends")
      queue.taken = headEnd
      return head
    }
    return null
  }

  /** Puts rows up to `until` into the queue. Offsets before `end` that hold none are passed over. */
  async #load(queue: PartitionQueue, until: number, end: number): Promise<void> {
    const { topic, partition, taken } = queue
    const { slices, nextOffset } = await this.#loader(topic, partition, taken, until)
    assert(nextOffset > taken, `the log moves on from ${topic}/${partition}@${taken}`)
    for (const slice of slices) {
      this.#queuedBytes += slice.heldBytes
      insertInOrder(queue.slices, slice)
    }
    passOver(queue, taken, Math.min(slices[0]?.baseOffset ?? nextOffset, end))
  }

  #queue(topic: string, partition: number): PartitionQueue {
    const queue = this.#partitions.get(keyOf(topic, partition))
    assert(queue !== undefined, `${topic}/${partition} is a partition of the project`)
    return queue
  }
}

function passOver(queue: PartitionQueue, from: number, to: number): void {
  if (from < to) queue.gaps.push({ from, to })
  queue.taken = to
  publishGaps(queue)
}

/** A gap is out when everything before it is. */
function publishGaps(queue: PartitionQueue): void {
  for (let gap = queue.gaps[0]; gap !== undefined && gap.from <= queue.published; gap = queue.gaps[0]) {
    queue.published = Math.max(queue.published, gap.to)
    queue.gaps.shift()
  }
}

/** The engine's order: event, partition, offset. */
export function bySource(a: IntakeSlice, b: IntakeSlice): number {
  if (a.event !== b.event) return a.event < b.event ? -1 : 1
  return a.partition - b.partition || a.baseOffset - b.baseOffset
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

function insertInOrder(slices: IntakeSlice[], slice: IntakeSlice): void {
  let at = slices.length
  while (at > 0 && slices[at - 1]!.baseOffset > slice.baseOffset) at--
  slices.splice(at, 0, slice)
}
