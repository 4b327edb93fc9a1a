/**
 * A place in an ordered table, good until the table changes otherwise than through it. Where its entry lies
 * is known until any page is asked for: whoever goes on asks for the next one.
 */
import { compareBytes } from "../code/extremes.ts"
import { equalBytes } from "../code/hashing.ts"
import { COUNT, ENTRY_HEADER_BYTES, entryAt, weightAt } from "./ordered-page.ts"
import type { OrderedPages } from "./ordered-pages.ts"

export class OrderedCursor {
  readonly #pages: OrderedPages
  page = 0
  slot = 0
  valid = false
  /** Of the entry's bytes, in the page store's u8. */
  start = 0
  length = 0
  weight = 0

  constructor({ pageList }: { readonly pageList: OrderedPages }) {
    this.#pages = pageList
  }

  next(): this {
    return this.moveTo(this.page, this.slot + 1)
  }

  /** Not valid where there is none; from behind the last entry, that one. */
  previous(): this {
    if (this.slot > 0) return this.moveTo(this.page, this.slot - 1)
    const page = this.page - 1
    return this.moveTo(page, page < 0 ? 0 : this.#pages.entries(page) - 1)
  }

  /** Reads the entry there, or the next page's first where the page is at its end. */
  moveTo(page: number, slot: number): this {
    this.page = page
    this.slot = slot
    return this.#settle()
  }

  #settle(): this {
    const pages = this.#pages
    const { store } = pages
    this.valid = this.page >= 0 && this.page < pages.length
    if (!this.valid) return this
    let page = pages.bring(this.page)
    if (this.slot >= store.i32[page * 2 + COUNT]!) {
      this.page++
      this.slot = 0
      this.valid = this.page < pages.length
      if (!this.valid) return this
      page = pages.bring(this.page)
    }
    const { i32 } = store
    const entry = entryAt(store, page, this.slot)
    this.start = entry + ENTRY_HEADER_BYTES
    this.length = i32[entry >>> 2]!
    this.weight = weightAt(store, entry)
    return this
  }

  equals(bytes: Uint8Array, length: number, start = 0): boolean {
    return this.length === length && this.startsWith(bytes, length, start)
  }

  startsWith(bytes: Uint8Array, length: number, start = 0): boolean {
    return this.length >= length && equalBytes(this.#pages.store.u8, this.start, bytes, start, length)
  }

  /** Negative when the entry is less than the `length` bytes from `start` on. */
  compare(bytes: Uint8Array, length: number, start: number): number {
    return compareBytes(this.#pages.store.u8, this.start, this.length, bytes, start, length)
  }

  /** Negative when the entry is less than all that begin with `bytes[0..length)`, 0 when it is one. */
  compareHead(bytes: Uint8Array, length: number): number {
    const own = Math.min(this.length, length)
    return compareBytes(this.#pages.store.u8, this.start, own, bytes, 0, length)
  }

  /** A copy of the entry's bytes. */
  bytes(): Uint8Array {
    return this.#pages.store.u8.slice(this.start, this.start + this.length)
  }
}
