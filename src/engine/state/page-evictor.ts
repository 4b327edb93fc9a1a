/**
 * Chooses which pages leave memory: those that nobody needed lately, by the clock algorithm (Corbató 1968). A
 * hand goes round the pages of all tables that take part. A page that was written to since the hand began its
 * round, or that came in since the hand passed it last, stays until the next time.
 *
 * Loops note nothing while they use a page, so that this costs them nothing: a page's stamp says whether it
 * was written to in its table's generation, and each round begins another one.
 */
import type { PageStore } from "./page-store.ts"

/** The first round may find all pages in use, the second takes off their marks, the third finds some. */
const MOST_ROUNDS = 3

/** A table whose pages may leave, of any kind. */
export interface LeavingPages {
  generation: number
  /** Where each page is, negative where it is out, 0 for none; a page's places lie side by side. */
  readonly names: ArrayLike<number>
  /** The page at this place, which is in memory, leaves. */
  evictAt(place: number): void
  /** Pages that only snapshots hold leave until there is enough room: then this is false. */
  evictHeldApart(isEnough: () => boolean): boolean
}

export class PageEvictor {
  readonly #store: PageStore
  readonly #tables: LeavingPages[] = []
  readonly #places = new Map<LeavingPages, number>()
  /** Table, and place among its names, where the hand is. */
  #hand = 0
  #place = 0
  /** Generation in which the round began. */
  #since = 0

  constructor(store: PageStore) {
    this.#store = store
  }

  add(table: LeavingPages): void {
    this.#places.set(table, this.#tables.length)
    this.#tables.push(table)
  }

  delete(table: LeavingPages): void {
    const place = this.#places.get(table)
    if (place === undefined) return
    this.#places.delete(table)
    const last = this.#tables.pop()!
    if (last === table) return
    this.#tables[place] = last
    this.#places.set(last, place)
  }

  /** Lets pages leave until `isEnough`, or until there are none. Nobody may hold an address meanwhile. */
  sweep(isEnough: () => boolean): void {
    for (let visits = MOST_ROUNDS * this.#tables.length; visits > 0; visits--) {
      if (this.#hand >= this.#tables.length) this.#beginRound()
      if (!this.#visit(this.#tables[this.#hand]!, isEnough)) return
      this.#hand++
      this.#place = 0
    }
  }

  #beginRound(): void {
    this.#hand = 0
    this.#place = 0
    this.#since = this.#store.nextGeneration()
    for (const table of this.#tables) table.generation = this.#since
  }

  /** False when there is enough room. */
  #visit(table: LeavingPages, isEnough: () => boolean): boolean {
    if (!table.evictHeldApart(isEnough)) return false
    while (this.#place < table.names.length) {
      if (isEnough()) return false
      const place = this.#place
      const page = table.names[place]!
      while (table.names[this.#place] === page) this.#place++
      if (page > 0 && !this.#isInUse(page)) table.evictAt(place)
    }
    return true
  }

  #isInUse(page: number): boolean {
    const isNew = this.#store.takeNew(page)
    return isNew || this.#store.stampOf(page) >= this.#since
  }
}
