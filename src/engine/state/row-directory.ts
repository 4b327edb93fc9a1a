/**
 * The pages of a row store by number, of which some may be out of memory. `names` tells where each one is;
 * loops see a blank page in the place of one that is out. A loop that writes to a page asks `own` for it
 * first, and so gets it; one that only reads follows `pages` as it is where nothing is out, and asks for what
 * is blank where something is.
 *
 *   number   1        2         3                  1        2         3
 *   pages    page     BLANK     page     names     page     -7        page
 */
import { assert } from "../../std/assert.ts"
import type { LeavingPages } from "./page-evictor.ts"
import { GENERATION, LIVE } from "./page-format.ts"
import { pageBytes } from "./page-sizes.ts"
import { BLANK, type PageStore } from "./page-store.ts"
import { MIN_TIME } from "./row-page.ts"
import type { RowSnapshot } from "./row-snapshot.ts"

const FIRST_PAGES = 16

/** What is asked of a page without its rows. */
interface PageFigures {
  readonly minTime: number
  readonly live: number
}

export class RowDirectory implements LeavingPages {
  readonly store: PageStore
  /** Page by number, 0 where there is none, BLANK where it is out. */
  pages: Int32Array = new Int32Array(FIRST_PAGES)
  /** As `pages`, with the names of those that are out. The same array while there are none. */
  names: Int32Array = this.pages
  /** A page stamped with it is known to be private. */
  generation: number
  /** Pages that are out. */
  #out = 0
  /** Of pages that are out, by number, as far as they are known. */
  readonly #figures = new Map<number, PageFigures>()
  readonly #snapshots = new Set<RowSnapshot>()

  constructor(store: PageStore) {
    this.store = store
    this.generation = store.generation
    store.evictor?.add(this)
  }

  get hasPagesOut(): boolean {
    return this.#out > 0
  }

  isOut(number: number): boolean {
    return this.pages[number] === BLANK
  }

  get heapBytes(): number {
    return this.pages.byteLength + (this.names === this.pages ? 0 : this.names.byteLength)
  }

  /** The page with this number, private to this store. */
  own(number: number): number {
    const { store } = this
    let page = this.pages[number]!
    if (store.f64[page + GENERATION] === this.generation) return page
    if (page === BLANK) page = this.#bringIn(number)
    const own = store.madePrivate(page, this.generation)
    this.#put(number, own)
    return own
  }

  /** The page with this number, in memory, to be read. */
  bring(number: number): number {
    const page = this.pages[number]!
    return page === BLANK ? this.#bringIn(number) : page
  }

  /** The page at this place of the names leaves memory. */
  evictAt(number: number): void {
    this.#evict(this.names[number]!, number)
  }

  /** Pages that only snapshots hold leave memory until there is enough room: then this is false. */
  evictHeldApart(isEnough: () => boolean): boolean {
    for (const snapshot of this.#snapshots) {
      for (const { page, number } of snapshot.places()) {
        if (page < 0 || this.names[number] === page) continue
        if (isEnough()) return false
        this.#evict(page, number)
      }
    }
    return true
  }

  /** No row of the page has an earlier time. */
  minTime(number: number): number {
    const page = this.pages[number]!
    return page === BLANK ? this.#figuresOf(number).minTime : this.store.f64[page + MIN_TIME]!
  }

  /** Rows that are there. */
  count(): number {
    let rows = 0
    for (const [number, page] of this.pages.entries()) {
      if (page === 0) continue
      rows += page === BLANK ? this.#figuresOf(number).live : this.store.i32[page * 2 + LIVE]!
    }
    return rows
  }

  /** A page that may be out. */
  enter(number: number, page: number): void {
    this.reserve(number + 1)
    if (page > 0) this.#put(number, page)
    else this.#putOut(number, page)
  }

  /** Of a page in memory. */
  delete(number: number): void {
    this.store.release(this.pages[number]!)
    this.#put(number, 0)
  }

  reserve(numbers: number): void {
    if (numbers <= this.pages.length) return
    const length = Math.max(numbers, this.pages.length * 2)
    const { names, pages } = this
    this.pages = widened(pages, length)
    this.names = names === pages ? this.pages : widened(names, length)
  }

  /** What `take` freezes is told when a page gets another name, until it is released. */
  freeze(take: (onReleased: () => void) => RowSnapshot): RowSnapshot {
    const snapshot = take(() => void this.#snapshots.delete(snapshot))
    this.#snapshots.add(snapshot)
    this.generation = this.store.nextGeneration()
    return snapshot
  }

  #evict(page: number, number: number): void {
    const { store } = this
    assert(store.stampOf(page) < this.generation, "when it is back, the first writer stamps a page again")
    const figures = { minTime: store.f64[page + MIN_TIME]!, live: store.i32[page * 2 + LIVE]! }
    const out = store.putOut(page)
    for (const snapshot of this.#snapshots) snapshot.rename(page, out, number)
    if (this.names[number] !== page) return
    this.#figures.set(number, figures)
    this.#putOut(number, out)
  }

  #bringIn(number: number): number {
    const page = this.store.bringIn(this.names[number]!)
    this.#put(number, page)
    this.#figures.delete(number)
    if (--this.#out === 0) this.names = this.pages
    return page
  }

  #put(number: number, page: number): void {
    this.pages[number] = page
    this.names[number] = page
  }

  #putOut(number: number, out: number): void {
    if (this.#out++ === 0) this.names = this.pages.slice()
    this.pages[number] = BLANK
    this.names[number] = out
  }

  /** Those of a page that was restored without coming into memory are in its image. */
  #figuresOf(number: number): PageFigures {
    const known = this.#figures.get(number)
    if (known !== undefined) return known
    const out = this.names[number]!
    const image = new Uint8Array(pageBytes(this.store.sizeClassOf(out)))
    this.store.readOut(out, image)
    const minTime = new Float64Array(image.buffer)[MIN_TIME]!
    const figures = { minTime, live: new Int32Array(image.buffer)[LIVE]! }
    this.#figures.set(number, figures)
    return figures
  }
}

function widened(from: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length)
  wider.set(from)
  return wider
}
