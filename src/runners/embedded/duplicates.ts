/**
 * Duplicates of one topic: a row whose id last occurred less than the window before it, by append time. The same
 * memory answers twice: behind the log it decides (deterministic, rebuilt from the log at start), at the door it
 * is a cache that spares an append.
 */
import { assert } from "../../std/assert.ts"

/** Ids remembered per topic; a topic that needs more within its window is told so instead of growing for ever. */
const MAX_REMEMBERED_IDS = 20_000_000

export interface Occurrence {
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
}

export class DuplicateMemory {
  readonly #windowMs: number
  /** Insertion order is order of the latest occurrence, since append times do not fall. */
  readonly #latest = new Map<string, Occurrence>()

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

  /** Decides on a row of the log, and remembers it. */
  admit(id: string, occurrence: Occurrence): boolean {
    const duplicate = this.find(id, occurrence.appendTimeMs) !== undefined
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
