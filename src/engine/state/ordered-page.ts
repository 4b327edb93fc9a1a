/**
 * What a page of an ordered table looks like: where its entries lie, in their order, and the entries.
 *
 *   | header 64 B | index: u32 per entry, in order -> .. free .. <- entries: length, weight, bytes |
 *
 * A weight is an integer of 53 bits, in two halves of 32.
 */
import { compareBytes } from "../code/extremes.ts"
import { INDEX } from "./page-format.ts"
import type { PageStore } from "./page-store.ts"

/** 32-bit positions in a page (page * 2 + …). */
export const COUNT = 2
/** Byte where the entries begin; they grow downwards. */
export const TOP = 3
/** Bytes of entries that are gone. */
export const DEAD = 4
export const ENTRY_HEADER_BYTES = 12

/** Entries are aligned to words of 32 bits. */
export function entryBytes(length: number): number {
  return (ENTRY_HEADER_BYTES + length + 3) & ~3
}

/** Where a page lies. */
export type PageMemory = Pick<PageStore, "u8" | "i32">

/** Byte of the entry at `slot`. */
export function entryAt({ i32 }: PageMemory, page: number, slot: number): number {
  return page * 8 + i32[page * 2 + INDEX + slot]!
}

/** Of the entry at this byte. */
export function weightAt({ i32 }: PageStore, entry: number): number {
  const at = entry >>> 2
  return i32[at + 2]! * 2 ** 32 + (i32[at + 1]! >>> 0)
}

export function setWeight({ i32 }: PageStore, entry: number, weight: number): void {
  const at = entry >>> 2
  i32[at + 1] = weight | 0
  i32[at + 2] = Math.floor(weight / 2 ** 32)
}

/** Negative when the entry at this byte is less than the `length` bytes from `start` on. */
export function compareEntry(
  { u8, i32 }: PageStore,
  entry: number,
  bytes: Uint8Array,
  length: number,
  start: number,
): number {
  return compareBytes(u8, entry + ENTRY_HEADER_BYTES, i32[entry >>> 2]!, bytes, start, length)
}
