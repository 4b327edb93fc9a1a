/**
 * What a page of a key table looks like. Offsets are relative to the page, so that a page can be copied,
 * written to a checkpoint and read back as it is.
 *
 *   | header 64 B | index: u32 per place | slots of a fixed stride -> ... free ... <- arena of bytes |
 *
 * An index entry is 0 or (tag << 16 | slot number + 1), tag = bits 8..23 of the hash; collisions probe
 * linearly. Bits from the top of a hash choose the page, bits from the bottom the place in its index.
 */
import { pageBytes, SPLIT_CLASS } from "./page-sizes.ts"

/** In words: the generation in which the page's owner last made sure that it is not shared. */
export const GENERATION = 0
/** The following are 32-bit positions (page * 2 + …). */
export const INDEX_MASK = 2
/** Words from the page to slot 0. */
export const SLOTS_START = 3
export const CAPACITY = 4
/** Slots handed out so far, free ones included. */
export const USED = 5
/** Slot number + 1 of the first free slot; the next one is in the slot's second half-word. */
export const FREE_HEAD = 6
export const LIVE = 7
/** Byte where the arena begins; it grows downwards. */
export const ARENA_TOP = 8
/** Bytes in the arena that nothing points to. */
export const ARENA_DEAD = 9
/** Leading bits of the hash that all entries share. */
export const LOCAL_DEPTH = 10
export const SIZE_CLASS = 11
export const INDEX = 16

export const HEADER_BYTES = 64
/** Of the index; beyond it linear probing gets long. */
const MAX_LOAD = 0.7
const MIN_INDEX = 16
const MAX_INDEX = 1 << 17
/** An index entry holds the slot's number + 1 in 16 bits. */
const MAX_SLOTS = 65_535
/** Bytes per variable-width field by which index and slots are balanced; a guess, never a limit. */
const EXPECTED_BYTES = 16
/** A table that begins in several pages fills them to about this part, so that few of them split. */
const FIRST_LOAD = 0.8
/** Pages that a table begins with at most: 2^8 of 64 KB are 16 MB. */
const MAX_FIRST_DEPTH = 8

export interface SlotShape {
  readonly strideWords: number
  /** Word offsets of fields that hold (arena offset, length). */
  readonly bytesFields: readonly number[]
}

export interface PageGeometry {
  readonly indexSize: number
  readonly startWords: number
  readonly capacity: number
}

/** The index size that leaves room for most slots. */
export function pageGeometry(shape: SlotShape, sizeClass: number): PageGeometry {
  const slotBytes = shape.strideWords * 8
  const entryBytes = slotBytes + shape.bytesFields.length * EXPECTED_BYTES
  let best: PageGeometry = { indexSize: MIN_INDEX, startWords: 0, capacity: 0 }
  let bestExpected = -1
  for (let indexSize = MIN_INDEX; indexSize <= MAX_INDEX; indexSize *= 2) {
    const room = pageBytes(sizeClass) - HEADER_BYTES - indexSize * 4
    if (room < slotBytes) break
    const byLoad = Math.min(MAX_SLOTS, Math.floor(indexSize * MAX_LOAD))
    const expected = Math.min(byLoad, Math.floor(room / entryBytes))
    if (expected <= bestExpected) continue
    bestExpected = expected
    const capacity = Math.min(byLoad, Math.floor(room / slotBytes))
    best = { indexSize, startWords: (HEADER_BYTES + indexSize * 4) / 8, capacity }
  }
  return best
}

export function formatPage(i32: Int32Array, page: number, geometry: PageGeometry, sizeClass: number): void {
  const at = page * 2
  i32.fill(0, at, at + INDEX + geometry.indexSize)
  i32[at + INDEX_MASK] = geometry.indexSize - 1
  i32[at + SLOTS_START] = geometry.startWords
  i32[at + CAPACITY] = geometry.capacity
  i32[at + ARENA_TOP] = pageBytes(sizeClass)
  i32[at + SIZE_CLASS] = sizeClass
}

export function tagOf(hash: number): number {
  return (hash >>> 8) & 0xffff
}

/** What a table with room for so many entries begins with. */
export function firstPages(shape: SlotShape, expected: number): { sizeClass: number; depth: number } {
  for (let sizeClass = 0; sizeClass <= SPLIT_CLASS; sizeClass++) {
    if (pageGeometry(shape, sizeClass).capacity >= expected) return { sizeClass, depth: 0 }
  }
  const perPage = pageGeometry(shape, SPLIT_CLASS).capacity * FIRST_LOAD
  return {
    sizeClass: SPLIT_CLASS,
    depth: Math.min(MAX_FIRST_DEPTH, Math.ceil(Math.log2(expected / perPage))),
  }
}
