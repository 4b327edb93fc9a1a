/**
 * A key table as it was: its directory and one reference to each page. Later writers copy a page before they
 * change it, so what is read here never moves; it must be released for pages to become private again.
 */
import { assert } from "../../std/assert.ts"
import type { SlotShape } from "./page-format.ts"
import { INDEX, INDEX_MASK, SLOTS_START } from "./page-format.ts"
import type { PageStore } from "./page-store.ts"

interface FrozenTable {
  /** Page per prefix; negative where it is out of memory. */
  readonly directory: Int32Array
  readonly shift: number
  readonly count: number
}

export class TableSnapshot implements Disposable {
  readonly store: PageStore
  readonly shape: SlotShape
  readonly directory: Int32Array
  readonly shift: number
  readonly count: number
  /** Goes up when a page is elsewhere than it was: addresses are no longer good then. */
  moves = 0
  readonly #onReleased: () => void
  #released = false

  constructor(store: PageStore, shape: SlotShape, frozen: FrozenTable, onReleased: () => void) {
    this.store = store
    this.shape = shape
    this.directory = frozen.directory
    this.shift = frozen.shift
    this.count = frozen.count
    this.#onReleased = onReleased
  }

  get depth(): number {
    return 32 - this.shift
  }

  /** Each page once, in hash order, by the name that it has when it is reached. */
  get pages(): Iterable<number> {
    return pagesIn(this.places())
  }

  /** Each page with a hash that it covers. Found when asked for: taking a snapshot looks into no page. */
  *places(): Generator<{ readonly page: number; readonly hash: number }> {
    const { directory, shift } = this
    for (let from = 0; from < directory.length; ) {
      const page = directory[from]!
      const hash = (from << shift) >>> 0
      // The end is found first: the page may be elsewhere when the next one is asked for.
      while (directory[from] === page) from++
      yield { page, hash }
    }
  }

  /** What was `from` is `to`; `hash` is of one of its keys. */
  rename(from: number, to: number, hash: number): void {
    const { directory } = this
    let first = hash >>> this.shift
    if (directory[first] !== from) return
    while (directory[first - 1] === from) first--
    for (let k = first; directory[k] === from; k++) directory[k] = to
    this.moves++
  }

  /** The page of `hash`, in memory. */
  bring(hash: number): number {
    const name = this.directory[hash >>> this.shift]!
    if (name > 0) return name
    const page = this.store.bringIn(name)
    this.rename(name, page, hash)
    return page
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

  get isInMemory(): boolean {
    return this.directory.every((page) => page > 0)
  }

  /**
   * All pages, in parts that are in memory together: one part where they fit. The pages of a part may be gone
   * when the next one is asked for.
   */
  *partsInMemory(): Generator<{ readonly pages: readonly number[]; readonly isLast: boolean }> {
    this.store.relieve()
    let pages: number[] = []
    let isFaulted = false
    for (const { page, hash } of this.places()) {
      isFaulted ||= page < 0
      pages.push(this.bring(hash))
      if (!isFaulted || !this.store.isCrowded) continue
      yield { pages, isLast: false }
      pages = []
      isFaulted = false
      this.store.relieve()
    }
    yield { pages, isLast: true }
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
    this.#onReleased()
  }
}

function* pagesIn(places: Iterable<{ readonly page: number }>): Generator<number> {
  for (const { page } of places) yield page
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
