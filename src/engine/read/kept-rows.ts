/**
 * Copies of rows in pages of their own, for a reader that cannot have all pages of a view in memory at once:
 * what it wants of some pages is copied before the next ones come in. A copy looks like the row that it was
 * made of: where its bytes begin is told from the page's begin.
 */
import type { SlotShape } from "../state/page-format.ts"
import { classFor, pageBytes, SPLIT_CLASS } from "../state/page-sizes.ts"
import type { PageStore } from "../state/page-store.ts"
import type { RowPlace } from "./slot-order.ts"

export class KeptRows implements Disposable {
  readonly #store: PageStore
  readonly #shape: SlotShape
  #pages: number[] = []
  /** In the page that was begun last, in bytes. */
  #at = 0
  #end = 0

  constructor(store: PageStore, shape: SlotShape) {
    this.#store = store
    this.#shape = shape
  }

  /** Copies in the same order; copies that were made before are gone. */
  replaceBy(places: readonly RowPlace[]): RowPlace[] {
    const old = this.#pages
    this.#pages = []
    this.#at = 0
    this.#end = 0
    const copies = places.map((place) => this.#copy(place))
    for (const page of old) this.#store.release(page)
    return copies
  }

  [Symbol.dispose](): void {
    for (const page of this.#pages) this.#store.release(page)
    this.#pages = []
  }

  #copy({ page, address }: RowPlace): RowPlace {
    const { strideWords, bytesFields } = this.#shape
    const slotBytes = strideWords * 8
    const lengthOf = (field: number) => this.#store.i32[(address + field) * 2 + 1]!
    const bytes = bytesFields.reduce((sum, field) => sum + lengthOf(field), slotBytes)
    const target = this.#room(bytes)
    const { u8, i32 } = this.#store
    const to = target + this.#at / 8
    u8.copyWithin(to * 8, address * 8, address * 8 + slotBytes)
    let at = this.#at + slotBytes
    for (const field of bytesFields) {
      const start = page * 8 + i32[(address + field) * 2]!
      u8.copyWithin(target * 8 + at, start, start + lengthOf(field))
      i32[(to + field) * 2] = at
      at += lengthOf(field)
    }
    this.#at = Math.ceil(at / 8) * 8
    return { page: target, address: to }
  }

  /** A page with so many bytes to spare. */
  #room(bytes: number): number {
    if (this.#at + bytes > this.#end) {
      const sizeClass = classFor(bytes, SPLIT_CLASS)
      this.#pages.push(this.#store.allocate(sizeClass))
      this.#at = 0
      this.#end = pageBytes(sizeClass)
    }
    return this.#pages.at(-1)!
  }
}
