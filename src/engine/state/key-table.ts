/**
 * Extendible hashing over pages (Fagin, Nievergelt, Pippenger, Strong 1979): the top bits of a hash index the
 * directory, the directory names a page, and a page that is full splits alone. Nothing ever doubles but the
 * directory, four bytes an entry. In directory order, the top ten bits of the hash (a shard) are one range.
 *
 *   directory   00 -> page A (local depth 1)     A full: A0, A1 with local depth 2,
 *               01 -> page A                     00 -> A0, 01 -> A1; pages B and C stay untouched
 *               10 -> page B    11 -> page C
 *
 * Pages of a table that allows it (`letPagesLeave`) may be out of memory. `names` tells where each page is;
 * loops see a blank page in its place, of no generation, and so ask `own` for it as for one that is shared.
 *
 * Lookups and the contents of slots are the business of generated code (code/slot-code.ts); this class makes
 * room, keeps pages private to the writer, and moves slots. Slot addresses are words of the page store and
 * hold until the table is asked for room; `mover` hears of slots that move.
 */
import { copySlice } from "../../expr/values/slices.ts"
import { assert } from "../../std/assert.ts"
import type { LeavingPages } from "./page-evictor.ts"
import type { SlotShape } from "./page-format.ts"
import * as F from "./page-format.ts"
import { classFor, pageBytes, SPLIT_CLASS } from "./page-sizes.ts"
import { clearSlot, enterSlot, moveSlot, removeSlot, visitSlots } from "./page-slots.ts"
import { BLANK, type PageStore } from "./page-store.ts"
import { distinctPages, TableSnapshot } from "./table-snapshot.ts"

/** Deepest directory: 2^20 pages of 64 KB are more than one memory holds; beyond it skewed pages grow. */
const MAX_DEPTH = 20

export interface SlotMover {
  /** The slot at `from` is at `to` in `page` now. */
  moved(from: number, to: number, page: number): void
  /** The page is out of memory now, and named `out`; `hash` is of one of its keys. */
  left(page: number, out: number, hash: number): void
  /** The page is back, at `page`; it was named `out`. */
  returned(out: number, page: number): void
}

export class KeyTable implements LeavingPages {
  readonly store: PageStore
  readonly shape: SlotShape
  readonly #mover: SlotMover | null
  /** Page per prefix, BLANK where it is out; generated code indexes it with hash >>> shift. */
  directory: Int32Array
  /** As the directory, with the names of pages that are out. The same array while there are none. */
  names: Int32Array
  /** 32 - depth; the depth is at least 1, since JavaScript shifts by 32 like by 0. */
  shift = 31
  /** A page stamped with it is known to be private. */
  generation: number
  count = 0
  /** Page of the slot that the last call returned. */
  page = 0
  /** Pages may be out of memory: loops ask `own` for them, and touched slots follow them. */
  mayLeave = false
  #pinned = 0
  /** Pages that are out. */
  #out = 0
  readonly #snapshots = new Set<TableSnapshot>()

  /** Begins with room for `expected` entries, in as many pages as they would have come to. */
  constructor(store: PageStore, shape: SlotShape, mover: SlotMover | null, expected = 0) {
    this.store = store
    this.shape = shape
    this.#mover = mover
    this.generation = store.generation
    const { sizeClass, depth } = F.firstPages(shape, expected)
    if (depth === 0) {
      const page = this.#blankPage(sizeClass, 0)
      this.directory = new Int32Array([page, page])
    } else {
      this.directory = Int32Array.from({ length: 1 << depth }, () => this.#blankPage(sizeClass, depth))
      this.shift = 32 - depth
    }
    this.names = this.directory
  }

  /** Pages may be out of memory from now on. */
  letPagesLeave(): this {
    this.mayLeave = true
    this.store.evictor?.add(this)
    return this
  }

  get hasPagesOut(): boolean {
    return this.#out > 0
  }

  /** The page of `hash`, private to this table. */
  own(hash: number): number {
    const { store } = this
    let page = this.directory[hash >>> this.shift]!
    if (store.f64[page + F.GENERATION] === this.generation) return page
    if (page === BLANK) page = this.bring(hash)
    const own = store.madePrivate(page, this.generation)
    if (own !== page) this.#point(own, hash, store.i32[own * 2 + F.LOCAL_DEPTH]!)
    return own
  }

  /** The page of `hash`, in memory, to be read. */
  bring(hash: number): number {
    const out = this.names[hash >>> this.shift]!
    if (out > 0) return out
    const page = this.store.bringIn(out)
    this.#point(page, hash, this.store.i32[page * 2 + F.LOCAL_DEPTH]!)
    if (--this.#out === 0) this.names = this.directory
    this.#mover?.returned(out, page)
    return page
  }

  evictAt(prefix: number): void {
    this.#evict(this.names[prefix]!, (prefix << this.shift) >>> 0)
  }

  evictHeldApart(isEnough: () => boolean): boolean {
    for (const snapshot of this.#snapshots) {
      for (const { page, hash } of snapshot.places()) {
        if (page < 0 || this.names[hash >>> this.shift] === page) continue
        if (isEnough()) return false
        this.#evict(page, hash)
      }
    }
    return true
  }

  /** The page, of this table or of its snapshots only, leaves memory. `hash`: of one of its keys. */
  #evict(page: number, hash: number): void {
    const { store } = this
    // When it is back, the first writer must stamp it again, so that it is seen to be another one.
    if (store.stampOf(page) === this.generation) this.generation = store.nextGeneration()
    const depth = store.i32[page * 2 + F.LOCAL_DEPTH]!
    const out = store.putOut(page)
    for (const snapshot of this.#snapshots) snapshot.rename(page, out, hash)
    if (this.names[hash >>> this.shift] !== page) return
    this.#mover?.left(page, out, hash)
    if (this.#out++ === 0) this.names = this.directory.slice()
    this.#point(out, hash, depth)
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
    clearSlot(this.store, this.shape, address)
    i32[address * 2] = hash
    enterSlot(this.store, page, hash, slot)
    this.count++
    this.page = page
    return address
  }

  /** Takes a slot out. Other slots stay where they are. The page must be owned. */
  remove(page: number, address: number): void {
    const { i32 } = this.store
    const at = page * 2
    const slot = (address - page - i32[at + F.SLOTS_START]!) / this.shape.strideWords
    removeSlot(this.store, this.shape, page, slot)
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
    copySlice(source, start, end, u8, owner * 8 + top)
    this.page = owner
    return slot
  }

  /** Each page once, in the order of the hashes it holds. */
  pages(): Int32Array {
    return distinctPages(this.names)
  }

  /**
   * Calls `visit` with every slot, in an order that depends on the table's contents and history only. Pages
   * come back for it, and for what is visited, and others leave: nobody may hold an address.
   */
  forEachSlot(visit: (address: number, page: number) => void): void {
    const { store } = this
    this.forEachPage((first, hash) => {
      const places: number[] = []
      visitSlots(store, this.shape, first, (address) => places.push(address - first))
      for (const place of places) {
        if (store.isCrowded) store.relieve()
        const page = this.bring(hash)
        visit(page + place, page)
      }
    })
  }

  /** As forEachSlot, page by page, each with a hash that it covers; it may leave meanwhile, but not split. */
  forEachPage(visit: (page: number, hash: number) => void): void {
    for (let from = 0; from < this.names.length; ) {
      if (this.names[from]! < 0) this.store.relieve()
      const hash = (from << this.shift) >>> 0
      const page = this.bring(hash)
      while (this.names[from] === page) from++
      visit(page, hash)
    }
  }

  /** Shares all pages; a later writer copies those that it touches. */
  snapshot(): TableSnapshot {
    const { store, names } = this
    let last = 0
    for (let k = 0; k < names.length; k++) {
      const page = names[k]!
      if (page !== last) store.retain(page)
      last = page
    }
    this.generation = store.nextGeneration()
    const frozen = { directory: names.slice(), shift: this.shift, count: this.count }
    const snapshot = new TableSnapshot(store, this.shape, frozen, () => this.#forget(snapshot))
    this.#snapshots.add(snapshot)
    return snapshot
  }

  #forget(snapshot: TableSnapshot): void {
    this.#snapshots.delete(snapshot)
    if (this.names.length === 0 && this.#snapshots.size === 0) this.store.evictor?.delete(this)
  }

  /**
   * Replaces the contents by pages in the order of a snapshot's, with the leading bits of the hash that each
   * one covers; their images may come later.
   */
  adopt(pages: readonly number[], depths: readonly number[], depth: number, count: number): void {
    for (const page of this.pages()) this.store.release(page)
    const directory = new Int32Array(1 << depth)
    let filled = 0
    for (const [k, page] of pages.entries()) {
      const span = 1 << (depth - depths[k]!)
      directory.fill(page, filled, filled + span)
      filled += span
    }
    assert(filled === directory.length, "the pages cover the directory")
    this.#out = pages.reduce((count, page) => (page < 0 ? count + 1 : count), 0)
    this.names = directory
    this.directory = this.#out === 0 ? directory : directory.map((page) => (page < 0 ? BLANK : page))
    this.shift = 32 - depth
    this.count = count
  }

  /** Gives all pages back; the table must not be used again. */
  drop(): void {
    for (const page of this.pages()) this.store.release(page)
    this.directory = new Int32Array(0)
    this.names = this.directory
    if (this.#snapshots.size === 0) this.store.evictor?.delete(this)
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
    const { directory, names } = this
    this.directory = doubled(directory)
    this.names = names === directory ? this.directory : doubled(names)
    this.shift--
  }

  /** Makes the directory's range of the hash's first `depth` bits name `page`. */
  #point(page: number, hash: number, depth: number): void {
    const span = 1 << (32 - this.shift - depth)
    const first = (hash >>> this.shift) & ~(span - 1)
    this.names.fill(page, first, first + span)
    if (this.names !== this.directory) this.directory.fill(page < 0 ? BLANK : page, first, first + span)
  }

  /** Slots one behind the other, as memory is read fastest, where none is free. */
  #moveAll(page: number, low: number, high: number, bit: number): void {
    const { i32 } = this.store
    const at = page * 2
    if (i32[at + F.LIVE] !== i32[at + F.USED]) {
      visitSlots(this.store, this.shape, page, (address) => this.#move(page, address, low, high, bit))
      return
    }
    let address = page + i32[at + F.SLOTS_START]!
    for (let slot = i32[at + F.USED]!; slot > 0; slot--) {
      this.#move(page, address, low, high, bit)
      address += this.shape.strideWords
    }
  }

  #move(page: number, address: number, low: number, high: number, bit: number): void {
    const target = (this.store.i32[address * 2]! & bit) === 0 ? low : high
    const to = moveSlot(this.store, this.shape, page, address, target)
    if (address === this.#pinned) this.#pinned = to
    this.#mover?.moved(address, to, target)
  }
}

/** Each entry twice. */
function doubled(directory: Int32Array): Int32Array {
  const wider = new Int32Array(directory.length * 2)
  for (let k = 0; k < wider.length; k++) wider[k] = directory[k >> 1]!
  return wider
}
