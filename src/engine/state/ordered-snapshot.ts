/** An ordered table's pages as they were. Must be released. */
import type { PageStore } from "./page-store.ts"

interface FrozenPages {
  readonly pages: readonly number[]
  readonly totals: readonly number[]
  readonly mosts: readonly number[]
  readonly count: number
}

export class OrderedSnapshot implements Disposable {
  readonly #store: PageStore
  /** By the names that they have now. */
  readonly pages: Int32Array
  /** Of each page, the sum of its entries' weights, and the greatest one, 0 where that is not known. */
  readonly totals: readonly number[]
  readonly mosts: readonly number[]
  readonly count: number
  /** Where a page is, by its name; made when a page is sought for the first time. */
  #places: Map<number, number> | null = null
  readonly #onReleased: () => void
  #released = false

  /** @param frozen of which each page gets a reference */
  constructor(store: PageStore, { pages, totals, mosts, count }: FrozenPages, onReleased: () => void) {
    this.#store = store
    this.pages = Int32Array.from(pages)
    this.totals = totals.slice()
    this.mosts = mosts.slice()
    this.count = count
    this.#onReleased = onReleased
    for (const page of pages) store.retain(page)
  }

  /** What was `from` is `to`. */
  rename(from: number, to: number): void {
    this.#places ??= new Map(Array.from(this.pages, (page, place) => [page, place]))
    const place = this.#places.get(from)
    if (place === undefined) return
    this.#places.delete(from)
    this.#places.set(to, place)
    this.pages[place] = to
  }

  [Symbol.dispose](): void {
    if (this.#released) return
    this.#released = true
    for (const page of this.pages) this.#store.release(page)
    this.#onReleased()
  }
}
