/**
 * The slots an epoch has changed, in the order of their first change, with where the old row was put. A
 * slot's second half-word is its place here; it is touched when that place points back at it (a sparse set:
 * no stamps to reset, and what an old epoch or a checkpoint left there does no harm).
 *
 * While a slot's page is out of memory its place has the page's name, which is negative, and where the slot
 * is in the page: no slot's address, so that it points back at nothing.
 */
import { assert } from "../../std/assert.ts"
import type { KeyTable, SlotMover } from "../state/key-table.ts"
import type { PageStore } from "../state/page-store.ts"

const FIRST_SLOTS = 256

export class TouchedSlots implements SlotMover {
  readonly #store: PageStore
  count = 0
  slots = new Int32Array(FIRST_SLOTS)
  pages = new Int32Array(FIRST_SLOTS)
  /** Row of the old contents among the changes, -1 when there were none; or an old multiplicity. */
  before = new Float64Array(FIRST_SLOTS)
  /** Of each page that is out and has touched slots, the hash of a key. */
  readonly #hashes = new Map<number, number>()

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

  left(address: number, page: number, out: number): void {
    const { i32 } = this.#store
    const place = i32[address * 2 + 1]!
    if (place < 0 || place >= this.count || this.slots[place] !== address) return
    this.slots[place] = ~(address - page)
    this.pages[place] = out
    this.#hashes.set(out, i32[address * 2]!)
  }

  returned(address: number, page: number, out: number): void {
    const place = this.#store.i32[address * 2 + 1]!
    if (place < 0 || place >= this.count || this.pages[place] !== out) return
    if (this.slots[place] !== ~(address - page)) return
    this.slots[place] = address
    this.pages[place] = page
  }

  /** Brings the page of the slot at `place`, of this table, back into memory. Nobody may hold an address. */
  bring(place: number, table: KeyTable): void {
    const hash = this.#hashes.get(this.pages[place]!)
    assert(hash !== undefined, "a page that is out with touched slots is known")
    this.#store.relieve()
    table.own(hash)
  }

  reset(): void {
    this.count = 0
    this.#hashes.clear()
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
