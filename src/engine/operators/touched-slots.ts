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
import { PlaceChains } from "./place-chains.ts"

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
  /** Of the epoch's places, by page; null until a page leaves. */
  #chains: PlaceChains | null = null

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
    this.#chains?.add(page, place)
    return place
  }

  moved(from: number, to: number, page: number): void {
    const place = this.#store.i32[to * 2 + 1]!
    if (place < 0 || place >= this.count || this.slots[place] !== from) return
    this.#chains?.move(this.pages[place]!, page, place)
    this.slots[place] = to
    this.pages[place] = page
  }

  left(page: number, out: number, hash: number): void {
    if (this.count === 0) return
    this.#chains ??= this.#chained()
    const first = this.#chains.rename(page, out)
    if (first < 0) return
    this.#hashes.set(out, hash)
    for (let place = first; place >= 0; place = this.#chains.next(place)) {
      this.slots[place] = ~(this.slots[place]! - page)
      this.pages[place] = out
    }
  }

  returned(out: number, page: number): void {
    if (this.#chains === null || !this.#hashes.delete(out)) return
    for (let place = this.#chains.rename(out, page); place >= 0; place = this.#chains.next(place)) {
      this.slots[place] = page + ~this.slots[place]!
      this.pages[place] = page
    }
  }

  #chained(): PlaceChains {
    const chains = new PlaceChains(this.slots.length)
    for (let place = 0; place < this.count; place++) chains.add(this.pages[place]!, place)
    return chains
  }

  /**
   * Brings the pages of slots of this table back into memory, where they are together until others come.
   * Nobody may hold an address.
   */
  bring(table: KeyTable, places: readonly number[]): void {
    this.#store.relieve()
    for (const place of places) {
      if (this.pages[place]! >= 0) continue
      const hash = this.#hashes.get(this.pages[place]!)
      assert(hash !== undefined, "a page that is out with touched slots is known")
      table.own(hash)
    }
  }

  reset(): void {
    this.count = 0
    this.#hashes.clear()
    this.#chains = null
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
