/**
 * Duplicates of one event. Behind the log the ruling is made (id-memory.ts); at the door there is a cache of
 * the latest rulings and of what is on its way, which spares an append and answers with the first receipt.
 */
import type { Disk } from "../../../std/disk.ts"
import { ComingIds } from "./coming-ids.ts"
import type { IdColumn } from "./id-column.ts"
import { type IdSeed, seedOf } from "./id-hash.ts"
import { IdMemory, type IdPlace, type SavedIds } from "./id-memory.ts"
import { KnownIds, type Occurrence } from "./known-ids.ts"
import type { DuplicateLimits } from "./limits.ts"

export type SavedDuplicates = SavedIds

/** An append under way, and how many of its rows nobody has ruled on. */
interface Announcement {
  readonly appending: Promise<IdPlace>
  rows: number
}

export interface DuplicatesOptions {
  readonly disk: Disk
  /** For the files of all events. */
  readonly directory: string
  readonly event: string
  readonly windowMs: number
  readonly limits: DuplicateLimits
  readonly logId: string
}

export interface DuplicateFigures {
  readonly ids: number
  readonly memoryBytes: number
  readonly diskBytes: number
  /** Reads of blocks since the start. */
  readonly reads: number
}

export class Duplicates {
  /** What ids are hashed with. */
  readonly seed: IdSeed
  readonly memory: IdMemory
  readonly #windowMs: number
  readonly #known: KnownIds
  readonly #coming = new ComingIds()
  readonly #announcements = new Map<number, Announcement>()
  #lastAnnouncement = 0

  constructor(options: DuplicatesOptions) {
    this.seed = seedOf(options.logId)
    this.memory = new IdMemory(options)
    this.#windowMs = options.windowMs
    this.#known = new KnownIds(options.limits.knownIds)
  }

  /** The occurrence that makes the id of `row` at `timeMs` a duplicate, if the door still knows it. */
  find(ids: IdColumn, row: number, timeMs: number): Occurrence | undefined {
    return this.#known.find(ids.hashes, row, timeMs - this.#windowMs)
  }

  /** The door is appending these rows (null: all), in this order. */
  announce(ids: IdColumn, rows: Int32Array | null, appending: Promise<IdPlace>): void {
    const number = this.#numberAnnouncement()
    const count = rows?.length ?? ids.count
    for (let rank = 0; rank < count; rank++) {
      const row = rows === null ? rank : rows[rank]!
      this.#forgetComing(ids, row)
      this.#coming.put(ids.hashes, row, number, rank)
    }
    this.#announcements.set(number, { appending, rows: count })
    appending.catch(() => {
      // Nobody waits for these rows any more.
      this.#coming.removeAppend(number)
      this.#announcements.delete(number)
    })
  }

  /** Where an announced row that was not ruled on yet will be. Rejects when its append fails. */
  coming(ids: IdColumn, row: number): Promise<Occurrence> | undefined {
    const number = this.#coming.appendOf(ids.hashes, row)
    const announcement = this.#announcements.get(number)
    if (announcement === undefined) return undefined
    const rank = this.#coming.rankOf(ids.hashes, row)
    return announcement.appending.then(({ partition, baseOffset, appendTimeMs }) => {
      return { partition, offset: baseOffset + rank, appendTimeMs }
    })
  }

  /** Rules on rows of the log, and remembers them: 1 marks a duplicate; null when there are none. */
  rule(ids: IdColumn, place: IdPlace): Uint8Array | null {
    const skip = this.memory.rule(ids, place)
    const { partition, baseOffset, appendTimeMs } = place
    const hasComing = this.#coming.size > 0
    for (let row = 0; row < ids.count; row++) {
      if (hasComing) this.#forgetComing(ids, row)
      const occurrence = { partition, offset: baseOffset + row, appendTimeMs }
      this.#known.put(ids.hashes, row, skip === null || skip[row] === 0, occurrence)
    }
    return skip
  }

  get figures(): DuplicateFigures {
    const { figures } = this.memory
    const memoryBytes = figures.memoryBytes + this.#known.sizeBytes + this.#coming.sizeBytes
    return { ...figures, memoryBytes }
  }

  /** Numbers fit into 31 bits, and few are in use. */
  #numberAnnouncement(): number {
    do this.#lastAnnouncement = (this.#lastAnnouncement % 0x7fffffff) + 1
    while (this.#announcements.has(this.#lastAnnouncement))
    return this.#lastAnnouncement
  }

  #forgetComing(ids: IdColumn, row: number): void {
    const number = this.#coming.appendOf(ids.hashes, row)
    if (number === 0) return
    this.#coming.remove(ids.hashes, row)
    const announcement = this.#announcements.get(number)
    if (announcement !== undefined && --announcement.rows === 0) this.#announcements.delete(number)
  }
}
