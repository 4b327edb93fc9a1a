/**
 * The pages of an ordered table, in the order of their entries, of which some may be out of memory. Of those
 * that are out the first entry is known, so that a search asks for no page but the one that it ends in.
 *
 * Whoever asks for a page may make others leave, where that is not left to him: nobody holds an address of
 * one meanwhile.
 */
import { assert } from "../../std/assert.ts"
import { compareBytes } from "../code/extremes.ts"
import { COUNT, compareEntry, ENTRY_HEADER_BYTES, entryAt, type PageMemory } from "./ordered-page.ts"
import { OrderedSnapshot } from "./ordered-snapshot.ts"
import type { LeavingPages } from "./page-evictor.ts"
import { GENERATION } from "./page-format.ts"
import { pageBytes } from "./page-sizes.ts"
import type { PageStore } from "./page-store.ts"

/** Of a longer first entry the rest is not kept: where that decides, the page is asked for. */
const HEAD_BYTES = 256

/** What is asked of a page that is out. */
interface PageOut {
  /** Its first entry, or the begin of it. */
  readonly head: Uint8Array
  /** Of the first entry. */
  readonly length: number
  /** Entries. */
  readonly count: number
}

/** A page, and what is known of it without a look into it. */
export interface CountedPage {
  readonly page: number
  readonly total: number
  readonly most: number
}

export class OrderedPages implements LeavingPages {
  readonly store: PageStore
  readonly names: number[] = []
  /** Of each page, the sum of its entries' weights, and the greatest one, 0 where that is not known. */
  readonly totals: number[] = []
  readonly mosts: number[] = []
  generation: number
  /** By the names of pages that are out; of those that were restored so, when it was asked for. */
  readonly #out = new Map<number, PageOut>()
  readonly #snapshots = new Set<OrderedSnapshot>()
  #isDropped = false
  readonly #relieves: boolean

  /** @param relieves whether pages may leave when one is asked for; else others hold addresses meanwhile */
  constructor(store: PageStore, relieves: boolean) {
    this.store = store
    this.#relieves = relieves
    this.generation = store.generation
    store.evictor?.add(this)
  }

  get length(): number {
    return this.names.length
  }

  /** The page at `index`, in memory. */
  bring(index: number): number {
    const page = this.names[index]!
    return page > 0 ? page : this.#bringIn(index, page)
  }

  /** The page at `index`, private to this table. */
  own(index: number): number {
    const { store } = this
    const page = this.bring(index)
    if (store.f64[page + GENERATION] === this.generation) return page
    const own = store.madePrivate(page, this.generation)
    this.names[index] = own
    return own
  }

  /** Lets other tables' pages leave when there are too many, where that is this table's to do. */
  relieve(): void {
    if (this.#relieves) this.store.relieve()
  }

  /** Only where there are none: as many as a checkpoint has. */
  adopt(pages: readonly CountedPage[]): void {
    assert(this.names.length === 0, "only an empty table takes pages over")
    for (const { page, total, most } of pages) {
      this.names.push(page)
      this.totals.push(total)
      this.mosts.push(most)
    }
  }

  /** A few pages take the place of so many from `index` on. */
  replace(index: number, count: number, pages: readonly CountedPage[]): void {
    this.totals.splice(index, count, ...pages.map(({ total }) => total))
    this.mosts.splice(index, count, ...pages.map(({ most }) => most))
    for (const page of this.names.splice(index, count, ...pages.map((counted) => counted.page))) {
      this.#out.delete(page)
      this.store.release(page)
    }
  }

  /** Of the page at `index`. */
  entries(index: number): number {
    const page = this.names[index]!
    return page > 0 ? this.store.i32[page * 2 + COUNT]! : this.#outAt(page).count
  }

  /** Negative when the page's first entry is less than the `length` bytes from `start` on. */
  compareFirst(index: number, bytes: Uint8Array, length: number, start: number): number {
    const page = this.names[index]!
    const order = page > 0 ? null : compareHead(this.#outAt(page), bytes, length, start)
    return order ?? compareEntry(this.store, entryAt(this.store, this.bring(index), 0), bytes, length, start)
  }

  evictAt(index: number): void {
    const out = this.#evict(this.names[index]!)
    this.names[index] = out
  }

  evictHeldApart(isEnough: () => boolean): boolean {
    if (this.#snapshots.size === 0) return true
    const own = new Set(this.names)
    for (const { pages } of this.#snapshots) {
      for (const page of pages) {
        if (page < 0 || own.has(page)) continue
        if (isEnough()) return false
        this.#out.delete(this.#evict(page))
      }
    }
    return true
  }

  /** Shares all pages; a later writer copies those that it touches. */
  snapshot(count: number): OrderedSnapshot {
    const { store, names: pages, totals, mosts } = this
    const snapshot = new OrderedSnapshot(store, { pages, totals, mosts, count }, () => this.#forget(snapshot))
    this.#snapshots.add(snapshot)
    this.generation = store.nextGeneration()
    return snapshot
  }

  /** Gives all pages back; the table must not be used again. */
  drop(): void {
    this.replace(0, this.names.length, [])
    this.#isDropped = true
    if (this.#snapshots.size === 0) this.store.evictor?.delete(this)
  }

  #forget(snapshot: OrderedSnapshot): void {
    this.#snapshots.delete(snapshot)
    if (this.#isDropped && this.#snapshots.size === 0) this.store.evictor?.delete(this)
  }

  /** Returns its name. */
  #evict(page: number): number {
    const { store } = this
    assert(store.stampOf(page) < this.generation, "when it is back, the first writer stamps a page again")
    const told = pageOut(store, page)
    const out = store.putOut(page)
    for (const snapshot of this.#snapshots) snapshot.rename(page, out)
    this.#out.set(out, told)
    return out
  }

  /** Of one that was restored so, its image is looked into, which takes no place among the pages. */
  #outAt(out: number): PageOut {
    const known = this.#out.get(out)
    if (known !== undefined) return known
    const u8 = new Uint8Array(pageBytes(this.store.sizeClassOf(out)))
    this.store.readOut(out, u8)
    const told = pageOut({ u8, i32: new Int32Array(u8.buffer) }, 0)
    this.#out.set(out, told)
    return told
  }

  #bringIn(index: number, out: number): number {
    this.relieve()
    const page = this.store.bringIn(out)
    this.names[index] = page
    this.#out.delete(out)
    return page
  }
}

function pageOut(memory: PageMemory, page: number): PageOut {
  const entry = entryAt(memory, page, 0)
  const [start, length] = [entry + ENTRY_HEADER_BYTES, memory.i32[entry >>> 2]!]
  const head = memory.u8.slice(start, start + Math.min(length, HEAD_BYTES))
  return { head, length, count: memory.i32[page * 2 + COUNT]! }
}

/** Null where the head does not decide. */
function compareHead(
  { head, length: whole }: PageOut,
  bytes: Uint8Array,
  length: number,
  start: number,
): number | null {
  if (head.length === whole) return compareBytes(head, 0, whole, bytes, start, length)
  const order = compareBytes(head, 0, head.length, bytes, start, Math.min(length, head.length))
  if (order !== 0) return order
  return length <= head.length ? 1 : null
}
