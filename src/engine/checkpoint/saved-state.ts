/**
 * The state that an engine is restored from: parts by name, and pages, which operators take in the order in
 * which they were captured. A page gets its memory when it is taken and its image at the end, so that whoever
 * reads them from disk may do so in the order in which they lie there.
 */
import { assert } from "../../std/assert.ts"
import type { PageMark, PageTarget, PageTargets } from "../engine-checkpoint.ts"
import { checkpointDamaged } from "../errors.ts"
import type { PartOf } from "../graph/placement.ts"
import { pageBytes } from "../state/page-sizes.ts"
import type { PageStore } from "../state/page-store.ts"
import { OutsideImages } from "./outside-images.ts"
import { keyInPart, nameInCheckpoint, nameInPart } from "./part-names.ts"

interface TakenPage {
  readonly page: number
  isFilled: boolean
}

export class SavedState {
  readonly #store: PageStore
  readonly #parts: ReadonlyMap<string, Uint8Array>
  readonly #part: PartOf
  readonly #groups = new Map<string, TakenPage[]>()
  readonly #outside: OutsideImages

  /** @param parts of the whole checkpoint */
  constructor(store: PageStore, parts: ReadonlyMap<string, Uint8Array>, part: PartOf) {
    this.#store = store
    this.#parts = parts
    this.#part = part
    this.#outside = new OutsideImages(store)
  }

  get(name: string): Uint8Array | undefined {
    return this.#parts.get(nameInCheckpoint(name, this.#part.index))
  }

  /** The next page of the group, without an image yet; where it may, out of memory when that is short. */
  take(group: string, sizeClass: number, { mayBeOut = false } = {}): number {
    const page = mayBeOut ? this.#store.allocateAnywhere(sizeClass) : this.#store.allocate(sizeClass)
    const taken = this.#groups.get(group)
    if (taken === undefined) this.#groups.set(group, [{ page, isFilled: false }])
    else taken.push({ page, isFilled: false })
    return page
  }

  /** The group is named as by the part, the key is as in the checkpoint. */
  of({ group, index, key }: Omit<PageMark, "stamp">): PageTarget | null {
    const taken = this.#groups.get(group)?.[index]
    if (taken === undefined) return null
    assert(!taken.isFilled, "a page is restored once")
    taken.isFilled = true
    const { page } = taken
    if (key > 0) this.#store.adoptKey(page, keyInPart(key, this.#part))
    const sizeBytes = pageBytes(this.#store.sizeClassOf(page))
    if (page < 0) {
      const image = () => this.#outside.image(page)
      return { sizeBytes, image, change: (write) => this.#outside.change(page, write) }
    }
    const image = () => this.#store.bytesOf(page)
    return { sizeBytes, image, change: (write) => write(image()) }
  }

  /** All images are there. @throws checkpoint-damaged when a page has none */
  checkFilled(): void {
    this.#outside.writeBack()
    for (const [group, pages] of this.#groups) {
      const missing = pages.findIndex(({ isFilled }) => !isFilled)
      if (missing < 0) continue
      const name = pageName(nameInCheckpoint(group, this.#part.index), missing)
      throw checkpointDamaged(name, "is missing")
    }
  }
}

/** What all parts of an engine are restored from. */
export class SavedParts implements PageTargets {
  readonly #parts: readonly SavedState[]
  readonly isWhole: boolean

  /** @param isWhole all of the checkpoint's views are restored */
  constructor(parts: readonly SavedState[], { isWhole }: { readonly isWhole: boolean }) {
    this.#parts = parts
    this.isWhole = isWhole
  }

  of({ group, index, key }: Omit<PageMark, "stamp">): PageTarget | null {
    const { index: part, name } = nameInPart(group)
    return this.#parts[part]?.of({ group: name, index, key }) ?? null
  }

  /** @throws checkpoint-damaged */
  fill(name: string, mark: Omit<PageMark, "stamp">, image: Uint8Array): void {
    const target = this.of(mark)
    if (target === null && !this.isWhole) return
    if (target === null) throw checkpointDamaged(name, "is of no operator")
    if (target.sizeBytes !== image.length) throw checkpointDamaged(name, "is too short")
    target.change((bytes) => bytes.set(image))
  }

  /** @throws checkpoint-damaged when a page has no image */
  checkFilled(): void {
    for (const part of this.#parts) part.checkFilled()
  }
}

export function pageName(group: string, index: number): string {
  return `${group}/pages/${index}`
}

/** What the name of a page's part says; null for other parts. */
export function pagePlace(name: string): { readonly group: string; readonly index: number } | null {
  const match = /^(.*)\/pages\/(\d+)$/s.exec(name)
  return match === null ? null : { group: match[1]!, index: Number(match[2]) }
}
