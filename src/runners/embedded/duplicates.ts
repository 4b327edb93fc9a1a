/**
 * Duplicates of one topic: a row whose id last occurred less than the window before it, by append time. The
 * same memory answers twice: behind the log it decides (deterministic, rebuilt from the log at start), at
 * the door it is a cache that spares an append.
 */
import { assert } from "../../std/assert.ts"

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

export class DuplicateMemory {
  readonly #windowMs: number
  /** Insertion order is order of the latest occurrence, since append times do not fall. */
  readonly #latest = new Map<string, Occurrence>()
  /** Ids that are on their way through the log, so that a second copy waits for the first one's place. */
  readonly #coming = new Map<string, { readonly appending: Promise<AppendPlace>; readonly rank: number }>()

  constructor(windowMs: number) {
    assert(windowMs > 0, "a dedup window is longer than nothing")
    this.#windowMs = windowMs
  }

  get size(): number {
    return this.#latest.size
  }

  /** The earlier occurrence that makes `id` at `timeMs` a duplicate, or undefined. */
  find(id: string, timeMs: number): Occurrence | undefined {
    const earlier = this.#latest.get(id)
    return earlier !== undefined && timeMs - earlier.appendTimeMs < this.#windowMs ? earlier : undefined
  }

  /** The door is appending rows with these ids, in this order. */
  announce(ids: readonly string[], appending: Promise<AppendPlace>): void {
    for (const [rank, id] of ids.entries()) this.#coming.set(id, { appending, rank })
    appending.catch(() => {
      for (const id of ids) if (this.#coming.get(id)?.appending === appending) this.#coming.delete(id)
    })
  }

  /** Where an announced row that was not decided on yet will be. Rejects when its append fails. */
  coming(id: string): Promise<Occurrence> | undefined {
    const row = this.#coming.get(id)
    if (row === undefined) return undefined
    return row.appending.then(({ partition, baseOffset, appendTimeMs }) => {
      return { partition, offset: baseOffset + row.rank, appendTimeMs }
    })
  }

  /** Decides on a row of the log, and remembers it. */
  admit(id: string, occurrence: Occurrence): boolean {
    const duplicate = this.find(id, occurrence.appendTimeMs) !== undefined
    this.#coming.delete(id)
    this.#latest.delete(id)
    this.#latest.set(id, occurrence)
    this.#forgetBefore(occurrence.appendTimeMs - this.#windowMs)
    return !duplicate
  }

  #forgetBefore(timeMs: number): void {
    for (const [id, { appendTimeMs }] of this.#latest) {
      if (appendTimeMs > timeMs && this.#latest.size <= MAX_REMEMBERED_IDS) return
      this.#latest.delete(id)
    }
  }
}
