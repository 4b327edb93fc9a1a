/**
 * A key table as it was: its directory and one reference to each page. Later writers copy a page before they
 * change it, so what is read here never moves; it must be released for pages to become private again.
 */
import { assert } from "../../std/assert.ts"
import type { SlotShape } from "./page-format.ts"
import { INDEX, INDEX_MASK, SLOTS_START } from "./page-format.ts"
import type { PageStore } from "./page-store.ts"

export class TableSnapshot implements Disposable {
  readonly store: PageStore
  readonly shape: SlotShape
  readonly directory: Int32Array
  readonly shift: number
  readonly count: number
  #pages: Int32Array | null = null
  #released = false

  constructor(store: PageStore, shape: SlotShape, directory: Int32Array, shift: number, count: number) {
    this.store = store
    this.shape = shape
    this.directory = directory
    this.shift = shift
    this.count = count
  }

  get depth(): number {
    return 32 - this.shift
  }

  /** Each page once, in hash order. Found when asked for, so that taking a snapshot looks into no page. */
  get pages(): Int32Array {
    this.#pages ??= distinctPages(this.directory)
    return this.#pages
  }

  /** Leading bits of the hash that the entries of each page share: as many less as its range was doubled. */
  get depths(): number[] {
    const { depth, directory } = this
    const depths: number[] = []
    for (let from = 0; from < directory.length; ) {
      let to = from + 1
      while (directory[to] === directory[from]) to++
      depths.push(depth - Math.log2(to - from))
      from = to
    }
    return depths
  }

  /** Slots of `page` in index order. */
  slotsOf(page: number): Int32Array {
    assert(!this.#released, "a snapshot is read before it is released")
    const { i32 } = this.store
    const index = page * 2 + INDEX
    const mask = i32[page * 2 + INDEX_MASK]!
    const slots = page + i32[page * 2 + SLOTS_START]!
    const found = new Int32Array(mask + 1)
    let count = 0
    for (let place = 0; place <= mask; place++) {
      const entry = i32[index + place]!
      if (entry !== 0) found[count++] = slots + ((entry & 0xffff) - 1) * this.shape.strideWords
    }
    return found.subarray(0, count)
  }

  [Symbol.dispose](): void {
    if (this.#released) return
    this.#released = true
    let last = 0
    for (const page of this.directory) {
      if (page !== last) this.store.release(page)
      last = page
    }
  }
}

/** Entries of one page lie side by side. */
export function distinctPages(directory: Int32Array): Int32Array {
  const pages = new Int32Array(directory.length)
  let count = 0
  for (const page of directory) {
    if (count === 0 || page !== pages[count - 1]) pages[count++] = page
  }
  return pages.slice(0, count)
}
