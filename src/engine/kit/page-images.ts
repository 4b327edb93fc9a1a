/** Pages as a checkpoint has them, for tests of what is made of pages. */

import type { CountedPage } from "../state/ordered-pages.ts"
import type { OrderedSnapshot } from "../state/ordered-snapshot.ts"
import { PAGE_BYTES, pageBytes } from "../state/page-sizes.ts"
import type { PageStore } from "../state/page-store.ts"

/** Copies of the pages' images, in their order. */
export function imagesOf(store: PageStore, pages: Iterable<number>): Uint8Array[] {
  return Array.from(pages, (page) => {
    return store.copyImage(page, new Uint8Array(pageBytes(store.sizeClassOf(page))))
  })
}

/** New pages with these images. */
export function pagesWith(store: PageStore, images: readonly Uint8Array[]): number[] {
  return images.map((image) => {
    const page = store.allocate((PAGE_BYTES as readonly number[]).indexOf(image.length))
    store.bytesOf(page).set(image)
    return page
  })
}

/** The same of an ordered table. */
export function adopted(
  store: PageStore,
  images: readonly Uint8Array[],
  { totals, mosts }: OrderedSnapshot,
): CountedPage[] {
  return pagesWith(store, images).map((page, k) => ({ page, total: totals[k]!, most: mosts[k]! }))
}
