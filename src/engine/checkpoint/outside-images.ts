/**
 * Images of pages that are restored but have no memory: one at a time is here, and goes back when it was
 * changed.
 */
import { pageBytes } from "../state/page-sizes.ts"
import type { PageStore } from "../state/page-store.ts"

const NO_BYTES = new Uint8Array(0)

export class OutsideImages {
  readonly #store: PageStore
  /** Pages that have an image in the spill file. */
  readonly #written = new Set<number>()
  #buffer = NO_BYTES
  #page = 0
  #isChanged = false

  constructor(store: PageStore) {
    this.#store = store
  }

  image(page: number): Uint8Array {
    if (page !== this.#page) this.#load(page)
    return this.#imageOf(page)
  }

  change(page: number, write: (image: Uint8Array) => void): void {
    const image = this.image(page)
    this.#isChanged = true
    write(image)
  }

  writeBack(): void {
    if (!this.#isChanged) return
    this.#store.writeOut(this.#page, this.#imageOf(this.#page))
    this.#written.add(this.#page)
    this.#isChanged = false
  }

  #load(page: number): void {
    this.writeBack()
    this.#page = page
    const image = this.#imageOf(page)
    if (this.#written.has(page)) this.#store.readOut(page, image)
  }

  #imageOf(page: number): Uint8Array {
    const sizeBytes = pageBytes(this.#store.sizeClassOf(page))
    if (this.#buffer.length < sizeBytes) this.#buffer = new Uint8Array(sizeBytes)
    return this.#buffer.subarray(0, sizeBytes)
  }
}
