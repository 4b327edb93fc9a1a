/**
 * The newest changes of one view, epoch by epoch, in memory. Readers pull with their own cursor; one that
 * falls behind what is kept takes a fresh snapshot instead, so a slow reader costs nothing.
 */
import { assert } from "../../std/assert.ts"
import type { ViewUpdate } from "../runtime.ts"

/** Rows kept for readers that come back or are slow: minutes of a busy view, a few tens of MB at most. */
const MAX_KEPT_ROWS = 200_000
/** Rows of it that a checkpoint keeps, so that readers go on where they were also after a restart. */
const MAX_SAVED_ROWS = 20_000

/** The same object for every reader, so that its text is made once. */
export type ChangelogEntry = Extract<ViewUpdate, { kind: "changes" }>

export class Changelog {
  #entries: ChangelogEntry[] = []
  #firstEntry = 0
  #keptRows = 0
  /** Changes of every epoch after this one are kept. */
  #completeAfter: number
  #waiting: (() => void)[] = []
  #closed = false

  /** @param startEpoch nothing changed after this epoch that is not in `entries`. */
  constructor(startEpoch: number, entries: readonly ChangelogEntry[] = []) {
    this.#completeAfter = startEpoch
    for (const entry of entries) this.publish(entry)
  }

  /** The newest entries, for a checkpoint. */
  save(): { readonly completeAfter: number; readonly entries: readonly ChangelogEntry[] } {
    let first = this.#entries.length
    let rows = 0
    while (first > this.#firstEntry) {
      rows += this.#entries[first - 1]!.changes.length
      if (rows > MAX_SAVED_ROWS) break
      first--
    }
    const before = this.#entries[first - 1]
    const completeAfter =
      first > this.#firstEntry && before !== undefined ? before.epoch : this.#completeAfter
    return { completeAfter, entries: this.#entries.slice(first) }
  }

  /** What was kept belongs to another history: readers of it, up to `epoch`, take a fresh snapshot. */
  beginAfter(epoch: number): void {
    this.#entries = []
    this.#firstEntry = 0
    this.#keptRows = 0
    this.#completeAfter = epoch
  }

  /** Changes of every later epoch are kept. */
  get completeAfter(): number {
    return this.#completeAfter
  }

  publish(entry: ChangelogEntry): void {
    assert(entry.epoch > this.#completeAfter, "epochs grow")
    this.#entries.push(entry)
    this.#keptRows += entry.changes.length
    while (this.#keptRows > MAX_KEPT_ROWS && this.#firstEntry < this.#entries.length - 1) {
      const dropped = this.#entries[this.#firstEntry++]!
      this.#keptRows -= dropped.changes.length
      this.#completeAfter = dropped.epoch
    }
    // What was dropped holds its rows until then.
    if (this.#firstEntry > 16 && 2 * this.#firstEntry > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#firstEntry)
      this.#firstEntry = 0
    }
    this.wake()
  }

  /** True when nothing after `epoch` is missing. */
  reachesBackTo(epoch: number): boolean {
    return epoch >= this.#completeAfter
  }

  /** The first entry after `epoch`, or undefined when there is none yet. */
  after(epoch: number): ChangelogEntry | undefined {
    let low = this.#firstEntry
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.epoch <= epoch) low = middle + 1
      else high = middle
    }
    return this.#entries[low]
  }

  /** Resolves at the next publish or close. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  get closed(): boolean {
    return this.#closed
  }

  close(): void {
    this.#closed = true
    this.wake()
  }

  /** Lets every waiting reader look again; used when one of them is to stop. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
