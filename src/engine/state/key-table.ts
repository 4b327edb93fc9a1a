/**
 * Extendible hashing over pages (Fagin, Nievergelt, Pippenger, Strong 1979): the top bits of a hash index the
 * directory, the directory names a page, and a page that is full splits alone. Nothing ever doubles but the
 * directory, four bytes an entry. In directory order, the top ten bits of the hash (a shard) are one range.
 *
 *   directory   00 -> page A (local depth 1)     A full: A0, A1 with local depth 2,
 *               01 -> page A                     00 -> A0, 01 -> A1; pages B and C stay untouched
 *               10 -> page B    11 -> page C
 *
 * Lookups and the contents of slots are the business of generated code (code/slot-code.ts); this class makes
 * room, keeps pages private to the writer, and moves slots. Slot addresses are words of the page store and
 * hold until the table is asked for room; `mover` hears of slots that move.
 */
import { assert } from "../../std/assert.ts"
import type { SlotShape } from "./page-format.ts"
import * as F from "./page-format.ts"
import type { PageStore } from "./page-store.ts"
import { classFor, pageBytes, SPLIT_CLASS } from "./page-store.ts"
import { distinctPages, TableSnapshot } from "./table-snapshot.ts"

/** Deepest directory: 2^20 pages of 64 KB are more than one memory holds; beyond it skewed pages grow. */
const MAX_DEPTH = 20
/** A table that begins in several pages fills them to about this part, so that few of them split. */
const FIRST_LOAD = 0.8
/** Pages that a table begins with at most: 2^8 of 64 KB are 16 MB. */
const MAX_FIRST_DEPTH = 8

export interface SlotMover {
  /** The slot at `from` is at `to` in `page` now. */
  moved(from: number, to: number, page: number): void
}

export class KeyTable {
  readonly store: PageStore
  readonly shape: SlotShape
  readonly #mover: SlotMover | null
  /** Page per prefix; generated code indexes it with hash >>> shift. */
  directory: Int32Array
  /** 32 - depth; the depth is at least 1, since JavaScript shifts by 32 like by 0. */
  shift = 31
  /** A page stamped with it is known to be private. */
  generation: number
  count = 0
  /** Page of the slot that the last call returned. */
  page = 0
  #pinned = 0

  /** Begins with room for `expected` entries, in as many pages as they would have come to. */
  constructor(store: PageStore, shape: SlotShape, mover: SlotMover | null, expected = 0) {
    this.store = store
    this.shape = shape
    this.#mover = mover
    this.generation = store.generation
    const { sizeClass, depth } = firstPages(shape, expected)
    if (depth === 0) {
      const page = this.#blankPage(sizeClass, 0)
      this.directory = new Int32Array([page, page])
    } else {
      this.directory = Int32Array.from({ length: 1 << depth }, () => this.#blankPage(sizeClass, depth))
      this.shift = 32 - depth
    }
  }

  /** The page of `hash`, private to this table. */
  own(hash: number): number {
    const page = this.directory[hash >>> this.shift]!
    const { store } = this
    if (store.f64[page + F.GENERATION] === this.generation) return page
    if (!store.isShared(page)) {
      store.f64[page + F.GENERATION] = this.generation
      return page
    }
    const twin = store.copy(page)
    store.f64[twin + F.GENERATION] = this.generation
    this.#point(twin, hash, store.i32[twin * 2 + F.LOCAL_DEPTH]!)
    return twin
  }

  /** A zeroed slot for `hash`, in a page with `bytes` of arena to spare. Sets `page`. */
  insert(hash: number, bytes: number): number {
    let page = this.own(hash)
    while (!this.#hasRoom(page, bytes, 1)) {
      this.#makeRoom(page, hash, bytes)
      page = this.own(hash)
    }
    const { i32 } = this.store
    const at = page * 2
    const { strideWords } = this.shape
    let slot = i32[at + F.FREE_HEAD]! - 1
    let address: number
    if (slot >= 0) {
      address = page + i32[at + F.SLOTS_START]! + slot * strideWords
      i32[at + F.FREE_HEAD] = i32[address * 2 + 1]!
    } else {
      slot = i32[at + F.USED]!++
      address = page + i32[at + F.SLOTS_START]! + slot * strideWords
    }
    i32.fill(0, address * 2, (address + strideWords) * 2)
    i32[address * 2] = hash
    this.#enter(page, hash, slot)
    this.count++
    this.page = page
    return address
  }

  /** Takes a slot out. Other slots stay where they are. The page must be owned. */
  remove(page: number, address: number): void {
    const { i32 } = this.store
    const at = page * 2
    const slot = (address - page - i32[at + F.SLOTS_START]!) / this.shape.strideWords
    this.#leave(page, i32[address * 2]!, slot)
    for (const field of this.shape.bytesFields) i32[at + F.ARENA_DEAD]! += i32[(address + field) * 2 + 1]!
    i32[address * 2 + 1] = i32[at + F.FREE_HEAD]!
    i32[at + F.FREE_HEAD] = slot + 1
    this.count--
  }

  /**
   * Stores bytes in a field of the slot at `address`; the slot may move. Returns its address and sets `page`.
   * `source` must not be the page store's own memory.
   */
  storeBytes(
    page: number,
    address: number,
    field: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): number {
    const length = end - start
    let owner = page
    let slot = address
    while (!this.#hasRoom(owner, length, 0)) {
      const hash = this.store.i32[slot * 2]!
      this.#pinned = slot
      this.#makeRoom(owner, hash, length)
      slot = this.#pinned
      owner = this.directory[hash >>> this.shift]!
    }
    this.#pinned = 0
    const { i32, u8 } = this.store
    const top = i32[owner * 2 + F.ARENA_TOP]! - length
    i32[owner * 2 + F.ARENA_TOP] = top
    i32[owner * 2 + F.ARENA_DEAD]! += i32[(slot + field) * 2 + 1]!
    i32[(slot + field) * 2] = top
    i32[(slot + field) * 2 + 1] = length
    const to = owner * 8 + top
    if (length > 48) u8.set(source.subarray(start, end), to)
    else for (let k = 0; k < length; k++) u8[to + k] = source[start + k]!
    this.page = owner
    return slot
  }

  /** Each page once, in the order of the hashes it holds. */
  pages(): Int32Array {
    return distinctPages(this.directory)
  }

  /** Calls `visit` with every slot, in an order that depends on the table's contents and history only. */
  forEachSlot(visit: (address: number, page: number) => void): void {
    for (const page of this.pages()) visitSlots(this.store, this.shape, page, visit)
  }

  /** Shares all pages; a later writer copies those that it touches. */
  snapshot(): TableSnapshot {
    const { store, directory } = this
    let last = 0
    for (let k = 0; k < directory.length; k++) {
      const page = directory[k]!
      if (page !== last) store.retain(page)
      last = page
    }
    this.generation = store.nextGeneration()
    return new TableSnapshot(store, this.shape, directory.slice(), this.shift, this.count)
  }

  /**
   * Replaces the contents by pages in the order of a snapshot's, with the leading bits of the hash that each
   * one covers; their images may come later.
   */
  adopt(pages: readonly number[], depths: readonly number[], depth: number, count: number): void {
    this.drop()
    const directory = new Int32Array(1 << depth)
    let filled = 0
    for (const [k, page] of pages.entries()) {
      const span = 1 << (depth - depths[k]!)
      directory.fill(page, filled, filled + span)
      filled += span
    }
    assert(filled === directory.length, "the pages cover the directory")
    this.directory = directory
    this.shift = 32 - depth
    this.count = count
  }

  /** Gives all pages back; the table must not be used again. */
  drop(): void {
    for (const page of this.pages()) this.store.release(page)
    this.directory = new Int32Array(0)
  }

  #blankPage(sizeClass: number, localDepth: number): number {
    const page = this.store.allocate(sizeClass)
    F.formatPage(this.store.i32, page, F.pageGeometry(this.shape, sizeClass), sizeClass)
    this.store.i32[page * 2 + F.LOCAL_DEPTH] = localDepth
    this.store.f64[page + F.GENERATION] = this.generation
    return page
  }

  #hasRoom(page: number, bytes: number, slots: 0 | 1): boolean {
    const { i32 } = this.store
    const at = page * 2
    const used = i32[at + F.USED]!
    const fresh = slots === 1 && i32[at + F.FREE_HEAD] === 0 ? 1 : 0
    if (used + fresh > i32[at + F.CAPACITY]!) return false
    const slotsEnd = (i32[at + F.SLOTS_START]! + (used + fresh) * this.shape.strideWords) * 8
    return slotsEnd + bytes <= i32[at + F.ARENA_TOP]!
  }

  /** Compacts, grows or splits the page of `hash`. */
  #makeRoom(page: number, hash: number, bytes: number): void {
    const { i32 } = this.store
    const at = page * 2
    const sizeClass = i32[at + F.SIZE_CLASS]!
    const depth = i32[at + F.LOCAL_DEPTH]!
    const arenaBytes = pageBytes(sizeClass) - i32[at + F.ARENA_TOP]! - i32[at + F.ARENA_DEAD]!
    const slotBytes = this.shape.strideWords * 8
    const fixedBytes = i32[at + F.SLOTS_START]! * 8
    const neededBytes = fixedBytes + (i32[at + F.LIVE]! + 1) * slotBytes + arenaBytes + bytes
    if (neededBytes <= pageBytes(sizeClass) / 2 && i32[at + F.LIVE]! < i32[at + F.CAPACITY]! / 2) {
      this.#replace(page, hash, sizeClass)
    } else if (sizeClass < SPLIT_CLASS || depth >= MAX_DEPTH || bytes > pageBytes(sizeClass) / 8) {
      const wanted = Math.max(neededBytes + bytes, pageBytes(sizeClass) + 1)
      this.#replace(page, hash, classFor(wanted, Math.min(sizeClass + 1, SPLIT_CLASS)))
    } else {
      this.#split(page, hash, depth)
    }
  }

  #replace(page: number, hash: number, sizeClass: number): void {
    const depth = this.store.i32[page * 2 + F.LOCAL_DEPTH]!
    const target = this.#blankPage(sizeClass, depth)
    this.#moveAll(page, target, target, 0)
    this.#point(target, hash, depth)
    this.store.release(page)
  }

  #split(page: number, hash: number, depth: number): void {
    if (depth === 32 - this.shift) this.#deepen()
    const sizeClass = this.store.i32[page * 2 + F.SIZE_CLASS]!
    const low = this.#blankPage(sizeClass, depth + 1)
    const high = this.#blankPage(sizeClass, depth + 1)
    const bit = 1 << (31 - depth)
    this.#moveAll(page, low, high, bit)
    this.#point(low, hash & ~bit, depth + 1)
    this.#point(high, hash | bit, depth + 1)
    this.store.release(page)
  }

  #deepen(): void {
    const { directory } = this
    const wider = new Int32Array(directory.length * 2)
    for (let k = 0; k < directory.length; k++) {
      wider[2 * k] = directory[k]!
      wider[2 * k + 1] = directory[k]!
    }
    this.directory = wider
    this.shift--
  }

  /** Makes the directory's range of the hash's first `depth` bits name `page`. */
  #point(page: number, hash: number, depth: number): void {
    const span = 1 << (32 - this.shift - depth)
    const first = (hash >>> this.shift) & ~(span - 1)
    this.directory.fill(page, first, first + span)
  }

  #moveAll(page: number, low: number, high: number, bit: number): void {
    const { i32 } = this.store
    const { strideWords } = this.shape
    visitSlots(this.store, this.shape, page, (address) => {
      const hash = i32[address * 2]!
      const target = (hash & bit) === 0 ? low : high
      const slot = i32[target * 2 + F.USED]!++
      const to = target + i32[target * 2 + F.SLOTS_START]! + slot * strideWords
      i32.copyWithin(to * 2, address * 2, (address + strideWords) * 2)
      this.#enter(target, hash, slot)
      for (const field of this.shape.bytesFields) this.#moveBytes(page, target, (to + field) * 2)
      if (address === this.#pinned) this.#pinned = to
      this.#mover?.moved(address, to, target)
    })
  }

  #moveBytes(from: number, to: number, field: number): void {
    const { i32, u8 } = this.store
    const length = i32[field + 1]!
    const top = i32[to * 2 + F.ARENA_TOP]! - length
    i32[to * 2 + F.ARENA_TOP] = top
    const start = from * 8 + i32[field]!
    u8.copyWithin(to * 8 + top, start, start + length)
    i32[field] = top
  }

  #enter(page: number, hash: number, slot: number): void {
    const { i32 } = this.store
    const at = page * 2
    const mask = i32[at + F.INDEX_MASK]!
    let place = hash & mask
    while (i32[at + F.INDEX + place] !== 0) place = (place + 1) & mask
    i32[at + F.INDEX + place] = (F.tagOf(hash) << 16) | (slot + 1)
    i32[at + F.LIVE]!++
  }

  /** Removal that leaves no tombstone: later entries of the probe chain move up (Knuth 6.4, algorithm R). */
  #leave(page: number, hash: number, slot: number): void {
    const { i32 } = this.store
    const at = page * 2
    const index = at + F.INDEX
    const mask = i32[at + F.INDEX_MASK]!
    let gap = hash & mask
    while ((i32[index + gap]! & 0xffff) !== slot + 1) {
      assert(i32[index + gap] !== 0, "a live slot is in its page's index")
      gap = (gap + 1) & mask
    }
    const slots = page + i32[at + F.SLOTS_START]!
    for (let place = (gap + 1) & mask; i32[index + place] !== 0; place = (place + 1) & mask) {
      const entry = i32[index + place]!
      const home = i32[(slots + ((entry & 0xffff) - 1) * this.shape.strideWords) * 2]! & mask
      if (((place - home) & mask) < ((place - gap) & mask)) continue
      i32[index + gap] = entry
      gap = place
    }
    i32[index + gap] = 0
    i32[at + F.LIVE]!--
  }
}

function firstPages(shape: SlotShape, expected: number): { sizeClass: number; depth: number } {
  for (let sizeClass = 0; sizeClass <= SPLIT_CLASS; sizeClass++) {
    if (F.pageGeometry(shape, sizeClass).capacity >= expected) return { sizeClass, depth: 0 }
  }
  const perPage = F.pageGeometry(shape, SPLIT_CLASS).capacity * FIRST_LOAD
  return {
    sizeClass: SPLIT_CLASS,
    depth: Math.min(MAX_FIRST_DEPTH, Math.ceil(Math.log2(expected / perPage))),
  }
}

/** Slots of one page in index order. The page must not change meanwhile. */
export function visitSlots(
  store: PageStore,
  shape: SlotShape,
  page: number,
  visit: (address: number, page: number) => void,
): void {
  const { i32 } = store
  const index = page * 2 + F.INDEX
  const mask = i32[page * 2 + F.INDEX_MASK]!
  const slots = page + i32[page * 2 + F.SLOTS_START]!
  for (let place = 0; place <= mask; place++) {
    const entry = i32[index + place]!
    if (entry !== 0) visit(slots + ((entry & 0xffff) - 1) * shape.strideWords, page)
  }
}
