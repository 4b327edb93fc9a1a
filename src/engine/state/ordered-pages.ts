/**
 * The pages of an ordered table, in the order of their entries, of which some may be out of memory. Of those
 * that are out the first entry is known, so that a search asks for no page but the one that it ends in.
 *
 * Whoever asks for a page may make others leave: nobody holds an address of one meanwhile.
 */
import { assert } from "../../std/assert.ts"
import { compareBytes } from "../code/extremes.ts"
import { COUNT, compareEntry, ENTRY_HEADER_BYTES, entryAt } from "./ordered-page.ts"
import { OrderedSnapshot } from "./ordered-snapshot.ts"
import type { LeavingPages } from "./page-evictor.ts"
import { GENERATION } from "./page-format.ts"
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

export class OrderedPages implements LeavingPages {
  readonly store: PageStore
  readonly names: number[] = []
  generation: number
  /** By the names of pages that are out; none for those that were restored so. */
  readonly #out = new Map<number, PageOut>()
  readonly #snapshots = new Set<OrderedSnapshot>()

  constructor(store: PageStore) {
    this.store = store
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

  /** Pages take the place of so many from `index` on. */
  replace(index: number, count: number, pages: readonly number[]): void {
    for (const page of this.names.splice(index, count, ...pages)) {
      this.#out.delete(page)
      this.store.release(page)
    }
  }

  /** Of the page at `index`. */
  entries(index: number): number {
    return this.#out.get(this.names[index]!)?.count ?? this.store.i32[this.bring(index) * 2 + COUNT]!
  }

  /** Negative when the page's first entry is less than the `length` bytes from `start` on. */
  compareFirst(index: number, bytes: Uint8Array, length: number, start: number): number {
    const page = this.names[index]!
    const out = page > 0 ? undefined : this.#out.get(page)
    const order = out === undefined ? null : compareHead(out, bytes, length, start)
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
    const forget = () => void this.#snapshots.delete(snapshot)
    const snapshot = new OrderedSnapshot(this.store, this.names, count, forget)
    this.#snapshots.add(snapshot)
    this.generation = this.store.nextGeneration()
    return snapshot
  }

  /** Returns its name. */
  #evict(page: number): number {
    const { store } = this
    assert(store.stampOf(page) < this.generation, "when it is back, the first writer stamps a page again")
    const entry = entryAt(store, page, 0)
    const [start, length] = [entry + ENTRY_HEADER_BYTES, store.i32[entry >>> 2]!]
    const head = store.u8.slice(start, start + Math.min(length, HEAD_BYTES))
    const count = store.i32[page * 2 + COUNT]!
    const out = store.putOut(page)
    for (const snapshot of this.#snapshots) snapshot.rename(page, out)
    this.#out.set(out, { head, length, count })
    return out
  }

  #bringIn(index: number, out: number): number {
    this.store.relieve()
    const page = this.store.bringIn(out)
    this.names[index] = page
    this.#out.delete(out)
    return page
  }
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
