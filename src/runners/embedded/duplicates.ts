/**
 * Duplicates of one topic: a row whose id last occurred less than the window before it, by append time. The
 * same memory answers twice: behind the log it decides (deterministic, rebuilt from the log at start), at
 * the door it is a cache that spares an append.
 */
import { assert } from "../../std/assert.ts"
import { type IdColumn, IdTable } from "./id-table.ts"

/**
 * Ids remembered per topic; a topic that needs more within its window is told so instead of growing for ever.
 */
const MAX_REMEMBERED_IDS = 20_000_000

export interface Occurrence {
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
}

/** Where an append begins. */
export interface AppendPlace {
  readonly partition: number
  readonly baseOffset: number
  readonly appendTimeMs: number
}

/** An append under way, and how many of its rows nobody has decided on. */
interface Announcement {
  readonly appending: Promise<AppendPlace>
  rows: number
}

export class DuplicateMemory {
  readonly #windowMs: number
  /** Partition, offset, append time. The order is that of append times, since they do not fall. */
  readonly #latest = new IdTable()
  /** Ids on their way through the log, so that a second copy waits: number of the append, rank in it. */
  readonly #coming = new IdTable()
  readonly #announcements = new Map<number, Announcement>()
  #nextAnnouncement = 0

  constructor(windowMs: number) {
    assert(windowMs > 0, "a dedup window is longer than nothing")
    this.#windowMs = windowMs
  }

  get size(): number {
    return this.#latest.size
  }

  /** The earlier occurrence that makes the id of `row` at `timeMs` a duplicate, or undefined. */
  find(ids: IdColumn, row: number, timeMs: number): Occurrence | undefined {
    const entry = this.#latest.find(ids, row)
    if (entry < 0 || timeMs - this.#latest.number(entry, 2) >= this.#windowMs) return undefined
    return {
      partition: this.#latest.number(entry, 0),
      offset: this.#latest.number(entry, 1),
      appendTimeMs: this.#latest.number(entry, 2),
    }
  }

  /** The door is appending these rows (null: all), in this order. */
  announce(ids: IdColumn, rows: Int32Array | null, appending: Promise<AppendPlace>): void {
    const number = this.#nextAnnouncement++
    const count = rows?.length ?? ids.count
    for (let rank = 0; rank < count; rank++) {
      const row = rows === null ? rank : rows[rank]!
      this.#forgetComing(this.#coming.find(ids, row))
      this.#coming.put(ids, row, number, rank, 0)
    }
    this.#announcements.set(number, { appending, rows: count })
    appending.catch(() => this.#withdraw(number))
  }

  /** Where an announced row that was not decided on yet will be. Rejects when its append fails. */
  coming(ids: IdColumn, row: number): Promise<Occurrence> | undefined {
    const entry = this.#coming.find(ids, row)
    if (entry < 0) return undefined
    const rank = this.#coming.number(entry, 1)
    const announcement = this.#announcements.get(this.#coming.number(entry, 0))
    assert(announcement !== undefined, "a row that is coming was announced")
    return announcement.appending.then(({ partition, baseOffset, appendTimeMs }) => {
      return { partition, offset: baseOffset + rank, appendTimeMs }
    })
  }

  /** Decides on a row of the log, and remembers it. */
  admit(ids: IdColumn, row: number, { partition, offset, appendTimeMs }: Occurrence): boolean {
    const entry = this.#latest.find(ids, row)
    const isFresh = entry < 0 || appendTimeMs - this.#latest.number(entry, 2) >= this.#windowMs
    this.#forgetComing(this.#coming.find(ids, row))
    this.#latest.put(ids, row, partition, offset, appendTimeMs)
    this.#forgetBefore(appendTimeMs - this.#windowMs)
    return isFresh
  }

  #forgetBefore(timeMs: number): void {
    for (let entry = this.#latest.oldest; entry >= 0; entry = this.#latest.oldest) {
      if (this.#latest.number(entry, 2) > timeMs && this.#latest.size <= MAX_REMEMBERED_IDS) return
      this.#latest.remove(entry)
    }
  }

  #forgetComing(entry: number): void {
    if (entry < 0) return
    const number = this.#coming.number(entry, 0)
    this.#coming.remove(entry)
    const announcement = this.#announcements.get(number)
    if (announcement !== undefined && --announcement.rows === 0) this.#announcements.delete(number)
  }

  /** The append has failed: nobody waits for its rows any more. */
  #withdraw(number: number): void {
    for (const entry of [...this.#coming.entries()]) {
      if (this.#coming.number(entry, 0) === number) this.#coming.remove(entry)
    }
    this.#announcements.delete(number)
  }
}
