/**
 * Byte strings in order, each with a weight: a list of pages in order, each a sorted index over its entries.
 * A page that is full splits alone; pages are copied when a snapshot holds them too, as a key table's are,
 * and may be out of memory.
 *
 *   pages   [ a .. f ] [ g .. p ] [ q .. z ]      found by their first entries
 *
 * An entry whose weight comes to 0 is gone. Weights may be negative while an epoch is under way.
 */
import { OrderedCursor } from "./ordered-cursor.ts"
import {
  COUNT,
  compareEntry,
  DEAD,
  ENTRY_HEADER_BYTES,
  entryAt,
  entryBytes,
  setWeight,
  TOP,
  weightAt,
} from "./ordered-page.ts"
import { type CountedPage, OrderedPages } from "./ordered-pages.ts"
import type { OrderedSnapshot } from "./ordered-snapshot.ts"
import { GENERATION, HEADER_BYTES, INDEX, SIZE_CLASS } from "./page-format.ts"
import { classFor, pageBytes, SPLIT_CLASS } from "./page-sizes.ts"
import type { PageStore } from "./page-store.ts"

/** A page is rebuilt as it is when that leaves a quarter of it free. */
const REBUILD_BELOW = 0.75
/** Pages with fewer entries grow instead of splitting. */
const MIN_ENTRIES = 8

/** Of an entry, or where one would be. */
export interface Place {
  /** Its index; -1 where there is none. */
  readonly page: number
  readonly slot: number
}

interface WeighedSlot {
  readonly page: number
  readonly slot: number
  readonly weight: number
}

export class OrderedTable {
  readonly store: PageStore
  /** Never an empty one. */
  readonly pageList: OrderedPages
  #count = 0
  readonly #place: OrderedCursor

  /** @param options.relieves false where whoever asks holds addresses of other tables' pages */
  constructor(store: PageStore, { relieves = true } = {}) {
    this.store = store
    this.pageList = new OrderedPages(store, relieves)
    this.#place = new OrderedCursor(this)
  }

  /** Entries. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds to the weight of the entry of `length` bytes from `start` on, which must not lie in the page store;
   * returns the sum.
   */
  add(bytes: Uint8Array, length: number, weight: number, start = 0): number {
    this.#relieve()
    const place = this.#placeOf(bytes, length, start)
    const at = this.#place.moveTo(place.page, place.slot)
    if (at.valid && at.equals(bytes, length, start)) return this.#addWeight(at.page, at.slot, weight)
    if (weight !== 0) this.#insert(bytes, length, weight, start, place)
    return weight
  }

  /** Adds to the weight of the cursor's entry, behind which the cursor is where nothing is left of it. */
  addAt(at: OrderedCursor, weight: number): void {
    this.#relieve()
    const { page, slot } = at
    this.#addWeight(page, slot, weight)
    at.moveTo(page, slot)
  }

  /**
   * A new entry right before the cursor's, or at the end where it is not valid; that must be its place. The
   * cursor stays at its entry.
   */
  insertBefore(at: OrderedCursor, bytes: Uint8Array, length: number, weight: number, start: number): void {
    this.#relieve()
    const { page, slot } = this.#insert(bytes, length, weight, start, this.#placeBefore(at))
    at.moveTo(page, slot + 1)
  }

  /** The one entry that begins with `bytes[0..head)` becomes `bytes[0..length)`, or comes. */
  put(bytes: Uint8Array, length: number, head: number): void {
    this.#relieve()
    const at = this.find(this.#place, bytes, head)
    if (at.valid && at.startsWith(bytes, head)) {
      if (at.length === length) {
        const page = this.pageList.own(at.page)
        const start = page * 8 + this.store.i32[page * 2 + INDEX + at.slot]! + ENTRY_HEADER_BYTES
        this.store.u8.set(bytes.subarray(0, length), start)
        return
      }
      this.#removeAt(at.page, at.slot)
    }
    this.#insert(bytes, length, 1, 0, this.#placeOf(bytes, length, 0))
  }

  /** Removes the one entry that begins with `bytes[0..head)`, if there is one. */
  remove(bytes: Uint8Array, head: number): void {
    this.#relieve()
    const at = this.find(this.#place, bytes, head)
    if (at.valid && at.startsWith(bytes, head)) this.#removeAt(at.page, at.slot)
  }

  /** The first entry that is not less than `bytes[0..length)`; not valid when there is none. */
  seek(bytes: Uint8Array, length: number): OrderedCursor {
    return this.find(new OrderedCursor(this), bytes, length)
  }

  /** `seek` with a cursor that is there already, for loops over rows; of bytes from `start` on. */
  find(cursor: OrderedCursor, bytes: Uint8Array, length: number, start = 0): OrderedCursor {
    const page = this.#pageOf(bytes, length, start)
    return cursor.moveTo(page, page < 0 ? 0 : this.#slotOf(page, bytes, length, start))
  }

  first(): OrderedCursor {
    return new OrderedCursor(this).moveTo(0, 0)
  }

  /** Removes the entries that are less than `bytes[0..length)`: whole pages first. */
  removeBelow(bytes: Uint8Array, length: number): void {
    const pages = this.pageList
    let whole = 0
    while (whole + 1 < pages.length && pages.compareFirst(whole + 1, bytes, length, 0) <= 0) {
      this.#count -= pages.entries(whole++)
    }
    pages.replace(0, whole, [])
    if (pages.length === 0) return
    const below = this.#slotOf(0, bytes, length, 0)
    for (let k = 0; k < below; k++) this.#removeAt(0, 0)
  }

  /** By the names that they have now. */
  pages(): Iterable<number> {
    return this.pageList.names
  }

  /** Shares all pages; a later writer copies those that it touches. */
  snapshot(): OrderedSnapshot {
    return this.pageList.snapshot(this.#count)
  }

  /** Only on an empty table. The pages' images may come later. */
  adopt(pages: readonly CountedPage[], count: number): void {
    this.pageList.adopt(pages)
    this.#count = count
  }

  /** Gives all pages back; the table must not be used again. */
  drop(): void {
    this.pageList.drop()
  }

  /** Sum of the weights of a page's entries [from, to). */
  weightOf(index: number, from: number, to: number): number {
    if (from === to) return 0
    const { store } = this
    const page = this.pageList.bring(index)
    let sum = 0
    for (let slot = from; slot < to; slot++) sum += weightAt(store, entryAt(store, page, slot))
    return sum
  }

  /** Sum of the weights of the entries from one place to the one before another. */
  weightBetween(from: Place, to: Place): number {
    if (from.page === to.page) return this.weightOf(from.page, from.slot, to.slot)
    const { totals } = this.pageList
    let sum = this.weightFrom(from)
    for (let page = from.page + 1; page < to.page; page++) sum += totals[page]!
    return to.slot === 0 ? sum : sum + this.weightOf(to.page, 0, to.slot)
  }

  /** Sum of the weights of a page's entries from this one on. */
  weightFrom({ page, slot }: Place): number {
    if (slot === 0) return this.pageList.totals[page]!
    return this.weightOf(page, slot, this.pageList.entries(page))
  }

  /** The greatest weight in a page. */
  mostOf(index: number): number {
    const { mosts } = this.pageList
    if (mosts[index] === 0) mosts[index] = this.firstOfMost(index, 0, this.pageList.entries(index)).weight
    return mosts[index]!
  }

  /** Of a page's entries [first, last), which are some, the first one of the greatest weight. */
  firstOfMost(index: number, first: number, last: number): WeighedSlot {
    return this.#firstOf(index, first, last, 1)
  }

  /** The first one of the least weight. */
  firstOfLeast(index: number, first: number, last: number): WeighedSlot {
    return this.#firstOf(index, first, last, -1)
  }

  #firstOf(index: number, first: number, last: number, sign: 1 | -1): WeighedSlot {
    const { store } = this
    const page = this.pageList.bring(index)
    let slot = first
    let weight = weightAt(store, entryAt(store, page, first))
    for (let at = first + 1; at < last; at++) {
      const other = weightAt(store, entryAt(store, page, at))
      if ((other - weight) * sign <= 0) continue
      slot = at
      weight = other
    }
    return { page: index, slot, weight }
  }

  /** Nobody holds an address of a page between what is asked of tables. */
  #relieve(): void {
    if (this.store.isCrowded) this.pageList.relieve()
  }

  #addWeight(index: number, slot: number, weight: number): number {
    const page = this.pageList.own(index)
    const entry = entryAt(this.store, page, slot)
    const before = weightAt(this.store, entry)
    const sum = before + weight
    setWeight(this.store, entry, sum)
    const { totals, mosts } = this.pageList
    totals[index]! += weight
    if (mosts[index] !== 0) {
      if (sum >= mosts[index]!) mosts[index] = sum
      else if (before === mosts[index]) mosts[index] = 0
    }
    if (sum === 0) this.#removeAt(index, slot)
    return sum
  }

  /** Returns where it is. */
  #insert(bytes: Uint8Array, length: number, weight: number, start: number, place: Place): Place {
    const sizeBytes = entryBytes(length)
    if (this.pageList.length === 0) {
      const page = this.#blank(classFor(HEADER_BYTES + 4 + sizeBytes, 0))
      this.pageList.replace(0, 0, [{ page, total: 0, most: 0 }])
    }
    let index = Math.max(0, place.page)
    let { slot } = place
    while (!this.#hasRoom(index, sizeBytes)) {
      this.#makeRoom(index, slot, sizeBytes)
      ;({ page: index, slot } = this.#placeOf(bytes, length, start))
    }
    const page = this.pageList.own(index)
    const { i32, u8 } = this.store
    const at = page * 2
    const top = i32[at + TOP]! - sizeBytes
    i32[at + TOP] = top
    const entry = page * 8 + top
    i32[entry >>> 2] = length
    setWeight(this.store, entry, weight)
    const { totals, mosts } = this.pageList
    totals[index]! += weight
    if (mosts[index] !== 0 || i32[at + COUNT] === 0) mosts[index] = Math.max(mosts[index]!, weight)
    const isWhole = length === bytes.length
    u8.set(isWhole ? bytes : bytes.subarray(start, start + length), entry + ENTRY_HEADER_BYTES)
    i32.copyWithin(at + INDEX + slot + 1, at + INDEX + slot, at + INDEX + i32[at + COUNT]!)
    i32[at + INDEX + slot] = top
    i32[at + COUNT]!++
    this.#count++
    return { page: index, slot }
  }

  #removeAt(index: number, slot: number): void {
    const page = this.pageList.own(index)
    const { i32 } = this.store
    const at = page * 2
    const entry = entryAt(this.store, page, slot)
    i32[at + DEAD]! += entryBytes(i32[entry >>> 2]!)
    this.pageList.totals[index]! -= weightAt(this.store, entry)
    i32.copyWithin(at + INDEX + slot, at + INDEX + slot + 1, at + INDEX + i32[at + COUNT]!)
    this.#count--
    if (--i32[at + COUNT]! === 0) this.pageList.replace(index, 1, [])
  }

  #hasRoom(index: number, sizeBytes: number): boolean {
    const at = this.pageList.bring(index) * 2
    const { i32 } = this.store
    return HEADER_BYTES + (i32[at + COUNT]! + 1) * 4 + sizeBytes <= i32[at + TOP]!
  }

  /** Rebuilds, grows or splits a page; one that only grows at its end keeps its entries together. */
  #makeRoom(index: number, slot: number, sizeBytes: number): void {
    const page = this.pageList.bring(index)
    const { i32 } = this.store
    const at = page * 2
    const sizeClass = i32[at + SIZE_CLASS]!
    const count = i32[at + COUNT]!
    const live = pageBytes(sizeClass) - i32[at + TOP]! - i32[at + DEAD]!
    const needed = HEADER_BYTES + (count + 1) * 4 + live + sizeBytes
    if (needed <= pageBytes(sizeClass) * REBUILD_BELOW) {
      this.pageList.replace(index, 1, [this.#rebuilt(page, 0, count, sizeClass)])
    } else if (sizeClass < SPLIT_CLASS || count < MIN_ENTRIES) {
      const wanted = classFor(Math.ceil(needed / REBUILD_BELOW), Math.min(sizeClass + 1, SPLIT_CLASS))
      this.pageList.replace(index, 1, [this.#rebuilt(page, 0, count, wanted)])
    } else {
      const middle = slot === count ? count - 1 : count >> 1
      const low = this.#rebuilt(page, 0, middle, sizeClass)
      this.pageList.replace(index, 1, [low, this.#rebuilt(page, middle, count, sizeClass)])
    }
  }

  /** A new page with entries [from, to) of another. */
  #rebuilt(page: number, from: number, to: number, sizeClass: number): CountedPage {
    const target = this.#blank(sizeClass)
    const { i32, u8 } = this.store
    let total = 0
    let most = 0
    let top = pageBytes(sizeClass)
    for (let slot = from; slot < to; slot++) {
      const start = entryAt(this.store, page, slot)
      const sizeBytes = entryBytes(i32[start >>> 2]!)
      const weight = weightAt(this.store, start)
      total += weight
      if (weight > most) most = weight
      top -= sizeBytes
      u8.copyWithin(target * 8 + top, start, start + sizeBytes)
      i32[target * 2 + INDEX + slot - from] = top
    }
    i32[target * 2 + COUNT] = to - from
    i32[target * 2 + TOP] = top
    return { page: target, total, most }
  }

  #blank(sizeClass: number): number {
    const page = this.store.allocate(sizeClass)
    const { i32, f64 } = this.store
    i32.fill(0, page * 2, page * 2 + INDEX)
    f64[page + GENERATION] = this.pageList.generation
    i32[page * 2 + TOP] = pageBytes(sizeClass)
    i32[page * 2 + SIZE_CLASS] = sizeClass
    return page
  }

  /** Where an entry is, or would be put. */
  #placeOf(bytes: Uint8Array, length: number, start: number): Place {
    const page = this.#pageOf(bytes, length, start)
    return { page, slot: page < 0 ? 0 : this.#slotOf(page, bytes, length, start) }
  }

  /** At the end of a page rather than at the begin of the next one, as `#placeOf` has it. */
  #placeBefore({ valid, page, slot }: OrderedCursor): Place {
    if (valid && (slot > 0 || page === 0)) return { page, slot }
    const last = (valid ? page : this.pageList.length) - 1
    return { page: last, slot: last < 0 ? 0 : this.pageList.entries(last) }
  }

  /** The last page whose first entry is not greater, else the first page; -1 where there are none. */
  #pageOf(bytes: Uint8Array, length: number, start: number): number {
    let low = 0
    let high = this.pageList.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.pageList.compareFirst(middle, bytes, length, start) <= 0) low = middle
      else high = middle - 1
    }
    return high < 0 ? -1 : low
  }

  /** The first slot of the page whose entry is not less. */
  #slotOf(index: number, bytes: Uint8Array, length: number, start: number): number {
    const page = this.pageList.bring(index)
    const { store } = this
    let low = 0
    let high = store.i32[page * 2 + COUNT]!
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareEntry(store, entryAt(store, page, middle), bytes, length, start) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
