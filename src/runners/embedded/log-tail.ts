/** The newest records of one event as they were sent, read from the log at the reader's pace. */
import type { Log } from "../../log/log.ts"
import type { EventTail, TailRecord } from "../runtime.ts"
import type { EventLane } from "./door.ts"
import { readRecords } from "./history.ts"

/**
 * A reader that is slower than the stream jumps to the newest records: tail shows what is new, it is no
 * replay.
 */
const MAX_BEHIND_RECORDS = 10_000
const READ_BYTES = 256 * 1024

export class LogTail implements EventTail {
  readonly #log: Log
  readonly #lane: EventLane
  readonly #positions: Map<number, number>
  readonly #onClosed: () => void
  #wake: (() => void) | null = null
  #closed = false

  constructor(log: Log, lane: EventLane, starts: ReadonlyMap<number, number>, onClosed: () => void) {
    this.#log = log
    this.#lane = lane
    this.#positions = new Map(starts)
    this.#onClosed = onClosed
  }

  async next(): Promise<readonly TailRecord[] | null> {
    while (!this.#closed) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      const records = await this.#read()
      if (records.length > 0) return records
      if (!this.#closed) await changed
    }
    return null
  }

  wake(): void {
    this.#wake?.()
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#onClosed()
    this.wake()
  }

  async #read(): Promise<readonly TailRecord[]> {
    const found: TailRecord[] = []
    const topic = this.#lane.topic.name
    for (const [partition, position] of this.#positions) {
      const { begin, durableEnd } = await this.#log.range(topic, partition)
      const offset = Math.max(position, begin, durableEnd - MAX_BEHIND_RECORDS)
      if (offset >= durableEnd) continue
      const read = await this.#log.read({ topic, partition, offset, maxBytes: READ_BYTES })
      this.#positions.set(partition, read.nextOffset)
      for (const record of readRecords(read.batches)) {
        const { value, event } = record
        if (record.offset < offset || value === null || event !== this.#lane.contract.name) continue
        found.push({ partition, offset: record.offset, appendTimeMs: record.appendTimeMs, value })
      }
    }
    return found
  }
}
