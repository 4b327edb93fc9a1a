/**
 * The slots an epoch has changed, in the order of their first change, with where the old row was put. A
 * slot's second half-word is its place here; it is touched when that place points back at it (a sparse set:
 * no stamps to reset, and what an old epoch or a checkpoint left there does no harm).
 */
import type { SlotMover } from "../state/key-table.ts"
import type { PageStore } from "../state/page-store.ts"

const FIRST_SLOTS = 256

export class TouchedSlots implements SlotMover {
  readonly #store: PageStore
  count = 0
  slots = new Int32Array(FIRST_SLOTS)
  pages = new Int32Array(FIRST_SLOTS)
  /** Row of the old contents among the changes, -1 when there were none; or an old multiplicity. */
  before = new Float64Array(FIRST_SLOTS)

  constructor(store: PageStore) {
    this.#store = store
  }

  /** Returns the slot's place. */
  add(page: number, address: number, before: number): number {
    if (this.count === this.slots.length) this.#grow()
    const place = this.count++
    this.slots[place] = address
    this.pages[place] = page
    this.before[place] = before
    this.#store.i32[address * 2 + 1] = place
    return place
  }

  moved(from: number, to: number, page: number): void {
    const place = this.#store.i32[to * 2 + 1]!
    if (place < 0 || place >= this.count || this.slots[place] !== from) return
    this.slots[place] = to
    this.pages[place] = page
  }

  reset(): void {
    this.count = 0
  }

  #grow(): void {
    const length = this.slots.length * 2
    const slots = new Int32Array(length)
    const pages = new Int32Array(length)
    const before = new Float64Array(length)
    slots.set(this.slots)
    pages.set(this.pages)
    before.set(this.before)
    this.slots = slots
    this.pages = pages
    this.before = before
  }
}
