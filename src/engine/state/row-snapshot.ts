/** All rows of a store as of an instant: what it knows of its pages, and a reference to each of them. */
import { assert } from "../../std/assert.ts"
import type { PageStore } from "./page-store.ts"

/** Everything but the pages themselves, as JSON. */
export interface RowStoreMeta {
  readonly buckets: readonly {
    readonly number: string | null
    /** Number and size class of each page, in the order of their images. */
    readonly pages: readonly (readonly [number: number, sizeClass: number])[]
    readonly open: number
    readonly sparse: readonly number[]
  }[]
  readonly freeNumbers: readonly number[]
  readonly nextNumber: number
}

/** As RowStoreMeta, before anybody asks for the sizes of pages. */
interface FrozenRows {
  readonly buckets: readonly {
    readonly number: bigint | null
    readonly numbers: Int32Array
    readonly open: number
    readonly sparse: readonly number[]
  }[]
  readonly freeNumbers: readonly number[]
  readonly nextNumber: number
}

/** Must be released. */
export class RowSnapshot implements Disposable {
  /** In the order of the meta, by the names that they have now. */
  readonly pages: Int32Array
  readonly #store: PageStore
  readonly #rows: FrozenRows
  /** Of each page its number, as `pages`. */
  readonly #numbers: Int32Array
  /** Where a page is among `pages`, by its number; made when a page is sought for the first time. */
  #places: Int32Array | null = null
  readonly #onReleased: () => void
  #released = false

  /** @param names of the pages, by number; each gets a reference */
  constructor(store: PageStore, names: Int32Array, rows: FrozenRows, onReleased: () => void) {
    this.#store = store
    this.#rows = rows
    this.#numbers = joined(rows.buckets.map(({ numbers }) => numbers))
    this.pages = this.#numbers.map((number) => names[number]!)
    this.#onReleased = onReleased
    for (const page of this.pages) store.retain(page)
  }

  /** Each page with its number. */
  *places(): Generator<{ readonly page: number; readonly number: number }> {
    for (const [place, number] of this.#numbers.entries()) yield { page: this.pages[place]!, number }
  }

  /** What was `from`, under this number, is `to`. */
  rename(from: number, to: number, number: number): void {
    this.#places ??= placesOf(this.#numbers)
    const place = this.#places[number] ?? 0
    if (this.pages[place] === from) this.pages[place] = to
  }

  get meta(): RowStoreMeta {
    assert(!this.#released, "a snapshot is read before it is released")
    const { buckets, freeNumbers, nextNumber } = this.#rows
    let count = 0
    const sized = (number: number) => [number, this.#store.sizeClassOf(this.pages[count++]!)] as const
    return {
      buckets: buckets.map(({ number, numbers, open, sparse }) => ({
        number: number === null ? null : String(number),
        pages: Array.from(numbers, sized),
        open,
        sparse,
      })),
      freeNumbers,
      nextNumber,
    }
  }

  [Symbol.dispose](): void {
    if (this.#released) return
    this.#released = true
    for (const page of this.pages) this.#store.release(page)
    this.#onReleased()
  }
}

function joined(all: readonly Int32Array[]): Int32Array {
  const joined = new Int32Array(all.reduce((count, { length }) => count + length, 0))
  let count = 0
  for (const each of all) {
    joined.set(each, count)
    count += each.length
  }
  return joined
}

function placesOf(numbers: Int32Array): Int32Array {
  const places = new Int32Array(numbers.reduce((most, number) => Math.max(most, number), 0) + 1)
  for (const [place, number] of numbers.entries()) places[number] = place
  return places
}
