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
  /** In the order of the meta. */
  readonly pages: Int32Array
  readonly #store: PageStore
  readonly #rows: FrozenRows
  #released = false

  constructor(store: PageStore, pages: Int32Array, rows: FrozenRows) {
    this.#store = store
    this.#rows = rows
    this.pages = pages
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
  }
}
