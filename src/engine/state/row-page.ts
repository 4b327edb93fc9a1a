/**
 * What a page of a row store looks like: slots of a fixed stride, handed out in order, and an arena of bytes
 * that grows towards them. Offsets are relative to the page, so that it can be copied and written as it is.
 *
 *   | header 64 B | slots of a fixed stride -> ... free ... <- arena of bytes |
 *
 * A row's id is (number of its page << 12 | slot); it holds as long as the row is there. Id 0 is no row.
 */
import { ARENA_DEAD, ARENA_TOP, CAPACITY, FREE_HEAD, LIVE, SIZE_CLASS, USED } from "./page-format.ts"
import { pageBytes } from "./page-sizes.ts"

export const HEADER_WORDS = 8
/** In words: no row of the page has an earlier time; the time as a double. */
export const MIN_TIME = 6
/** In half-words: 1 when the page waits among its bucket's sparse pages. */
export const IS_SPARSE = 10
export const PAGE_NUMBER = 14

/** Marks a slot without a row. */
export const FREE = -2

export const SLOT_BITS = 12
export const SLOT_MASK = (1 << SLOT_BITS) - 1
/** Page numbers fill the rest of 32 bits; the last one is kept free, so that -1 is no id. */
export const MAX_PAGES = 2 ** (32 - SLOT_BITS) - 1

export interface RowShape {
  readonly strideWords: number
  /** Word offsets of fields that hold (arena offset, length). */
  readonly bytesFields: readonly number[]
  /** Half-word that is FREE in free slots and never in rows. */
  readonly markHalf: number
  /** Word that holds a row's time, null where rows stay for ever. */
  readonly timeWord: number | null
}

export function rowCapacity({ strideWords }: RowShape, sizeClass: number): number {
  return Math.min(SLOT_MASK + 1, Math.floor((pageBytes(sizeClass) / 8 - HEADER_WORDS) / strideWords))
}

/** An expression: the address of row `id`, given its page. */
export const rowAddress = (page: string, id: string, shape: RowShape) =>
  `${page} + ${HEADER_WORDS} + (${id} & ${SLOT_MASK}) * ${shape.strideWords}`

interface NewPage {
  readonly sizeClass: number
  readonly number: number
}

export function formatRowPage(
  i32: Int32Array,
  page: number,
  shape: RowShape,
  { sizeClass, number }: NewPage,
): void {
  const at = page * 2
  i32.fill(0, at, at + HEADER_WORDS * 2)
  i32[at + CAPACITY] = rowCapacity(shape, sizeClass)
  i32[at + ARENA_TOP] = pageBytes(sizeClass)
  i32[at + SIZE_CLASS] = sizeClass
  i32[at + PAGE_NUMBER] = number
}

export function hasRoom(i32: Int32Array, page: number, shape: RowShape, bytes: number): boolean {
  const at = page * 2
  const fresh = i32[at + FREE_HEAD] === 0 ? 1 : 0
  const used = i32[at + USED]! + fresh
  if (used > i32[at + CAPACITY]!) return false
  return (HEADER_WORDS + used * shape.strideWords) * 8 + bytes <= i32[at + ARENA_TOP]!
}

/** Less than half of it is rows. */
export function isMostlyFree(i32: Int32Array, page: number): boolean {
  return i32[page * 2 + LIVE]! * 2 < i32[page * 2 + USED]!
}

/** Most of what its arena holds is gone. */
export function isArenaMostlyDead(i32: Int32Array, page: number): boolean {
  const at = page * 2
  return i32[at + ARENA_DEAD]! * 2 > pageBytes(i32[at + SIZE_CLASS]!) - i32[at + ARENA_TOP]!
}

/** Moves the arena together; rows stay in their slots. */
export function compactArena(
  memory: { readonly i32: Int32Array; readonly u8: Uint8Array },
  page: number,
  shape: RowShape,
): void {
  const { i32, u8 } = memory
  const at = page * 2
  const end = pageBytes(i32[at + SIZE_CLASS]!)
  const old = u8.slice(page * 8, page * 8 + end)
  let top = end
  for (let slot = 0; slot < i32[at + USED]!; slot++) {
    const address = page + HEADER_WORDS + slot * shape.strideWords
    if (i32[address * 2 + shape.markHalf] === FREE) continue
    for (const field of shape.bytesFields) {
      const half = (address + field) * 2
      const start = i32[half]!
      top -= i32[half + 1]!
      u8.set(old.subarray(start, start + i32[half + 1]!), page * 8 + top)
      i32[half] = top
    }
  }
  i32[at + ARENA_TOP] = top
  i32[at + ARENA_DEAD] = 0
}
