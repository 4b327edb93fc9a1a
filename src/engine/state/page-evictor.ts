/**
 * Chooses which pages leave memory: those that nobody needed lately, by the clock algorithm (Corbató 1968). A
 * hand goes round the pages of all tables that take part. A page that was written to since the hand began its
 * round, or that came in since the hand passed it last, stays until the next time.
 *
 * Loops note nothing while they use a page, so that this costs them nothing: a page's stamp says whether it
 * was written to in its table's generation, and each round begins another one.
 */
import type { KeyTable } from "./key-table.ts"
import type { PageStore } from "./page-store.ts"

/** The first round may find all pages in use, the second takes off their marks, the third finds some. */
const MOST_ROUNDS = 3

export class PageEvictor {
  readonly #store: PageStore
  readonly #tables: KeyTable[] = []
  readonly #places = new Map<KeyTable, number>()
  /** Table, and prefix of its directory, where the hand is. */
  #hand = 0
  #prefix = 0
  /** Generation in which the round began. */
  #since = 0

  constructor(store: PageStore) {
    this.#store = store
  }

  add(table: KeyTable): void {
    this.#places.set(table, this.#tables.length)
    this.#tables.push(table)
  }

  delete(table: KeyTable): void {
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
      this.#prefix = 0
    }
  }

  #beginRound(): void {
    this.#hand = 0
    this.#prefix = 0
    this.#since = this.#store.nextGeneration()
    for (const table of this.#tables) table.generation = this.#since
  }

  /** False when there is enough room. */
  #visit(table: KeyTable, isEnough: () => boolean): boolean {
    for (const { page, hash } of table.heldApart()) {
      if (isEnough()) return false
      table.evict(page, hash)
    }
    while (this.#prefix < table.names.length) {
      if (isEnough()) return false
      const page = table.names[this.#prefix]!
      const hash = (this.#prefix << table.shift) >>> 0
      this.#prefix++
      while (table.names[this.#prefix] === page) this.#prefix++
      if (page > 0 && !this.#isInUse(page)) table.evict(page, hash)
    }
    return true
  }

  #isInUse(page: number): boolean {
    const isNew = this.#store.takeNew(page)
    return isNew || this.#store.stampOf(page) >= this.#since
  }
}
