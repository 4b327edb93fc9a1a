/**
 * What a page of an ordered table looks like: where its entries lie, in their order, and the entries.
 *
 *   | header 64 B | index: u32 per entry, in order -> .. free .. <- entries: length, weight, bytes |
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
export const ENTRY_HEADER_BYTES = 8

/** Entries are aligned to words of 32 bits. */
export function entryBytes(length: number): number {
  return (ENTRY_HEADER_BYTES + length + 3) & ~3
}

/** Byte of the entry at `slot`. */
export function entryAt({ i32 }: PageStore, page: number, slot: number): number {
  return page * 8 + i32[page * 2 + INDEX + slot]!
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
