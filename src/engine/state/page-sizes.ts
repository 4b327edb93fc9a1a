/** How large pages are, by size class. */
import { assert } from "../../std/assert.ts"
import { stateEntryTooLarge } from "../errors.ts"

export const PAGE_BYTES = [4_096, 16_384, 65_536, 262_144, 1 << 20, 1 << 22, 1 << 24, 1 << 26] as const
/** Where tables split instead of growing. */
export const SPLIT_CLASS = 2
const LAST_CLASS = PAGE_BYTES.length - 1

export function pageBytes(sizeClass: number): number {
  const sizeBytes = PAGE_BYTES[sizeClass]
  assert(sizeBytes !== undefined, "the page's size class exists")
  return sizeBytes
}

/** The smallest class from `from` on that holds `sizeBytes`. @throws state-entry-too-large */
export function classFor(sizeBytes: number, from: number): number {
  for (let sizeClass = from; sizeClass <= LAST_CLASS; sizeClass++) {
    if (pageBytes(sizeClass) >= sizeBytes) return sizeClass
  }
  throw stateEntryTooLarge(sizeBytes, pageBytes(LAST_CLASS))
}
