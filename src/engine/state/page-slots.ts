/** The index and slots of one page of a key table: entries, their order, and where their bytes go. */
import { assert } from "../../std/assert.ts"
import type { SlotShape } from "./page-format.ts"
import * as F from "./page-format.ts"
import type { PageStore } from "./page-store.ts"

/** Words of a slot up to which a loop copies or clears it faster than a call does. */
const SHORT_STRIDE = 8

/** Slots of one page in index order. The page must not change meanwhile. */
export function visitSlots(
  store: PageStore,
  shape: SlotShape,
  page: number,
  visit: (address: number, page: number) => void,
): void {
  const { i32 } = store
  const index = page * 2 + F.INDEX
  const mask = i32[page * 2 + F.INDEX_MASK]!
  const slots = page + i32[page * 2 + F.SLOTS_START]!
  for (let place = 0; place <= mask; place++) {
    const entry = i32[index + place]!
    if (entry !== 0) visit(slots + ((entry & 0xffff) - 1) * shape.strideWords, page)
  }
}

/** The page's index gets the slot. */
export function enterSlot({ i32 }: PageStore, page: number, hash: number, slot: number): void {
  const at = page * 2
  const mask = i32[at + F.INDEX_MASK]!
  let place = hash & mask
  while (i32[at + F.INDEX + place] !== 0) place = (place + 1) & mask
  i32[at + F.INDEX + place] = (F.tagOf(hash) << 16) | (slot + 1)
  i32[at + F.LIVE]!++
}

/** Removal that leaves no tombstone: later entries of the probe chain move up (Knuth 6.4, algorithm R). */
export function removeSlot({ i32 }: PageStore, { strideWords }: SlotShape, page: number, slot: number): void {
  const at = page * 2
  const index = at + F.INDEX
  const mask = i32[at + F.INDEX_MASK]!
  const slots = page + i32[at + F.SLOTS_START]!
  let gap = i32[(slots + slot * strideWords) * 2]! & mask
  while ((i32[index + gap]! & 0xffff) !== slot + 1) {
    assert(i32[index + gap] !== 0, "a live slot is in its page's index")
    gap = (gap + 1) & mask
  }
  for (let place = (gap + 1) & mask; i32[index + place] !== 0; place = (place + 1) & mask) {
    const entry = i32[index + place]!
    const home = i32[(slots + ((entry & 0xffff) - 1) * strideWords) * 2]! & mask
    if (((place - home) & mask) < ((place - gap) & mask)) continue
    i32[index + gap] = entry
    gap = place
  }
  i32[index + gap] = 0
  i32[at + F.LIVE]!--
}

export function clearSlot({ i32 }: PageStore, { strideWords }: SlotShape, address: number): void {
  const end = (address + strideWords) * 2
  if (strideWords > SHORT_STRIDE) i32.fill(0, address * 2, end)
  else for (let at = address * 2; at < end; at++) i32[at] = 0
}

/** Copies the slot at `address` of `page` behind those of `target`, with its bytes; returns where it is. */
export function moveSlot(
  store: PageStore,
  { strideWords, bytesFields }: SlotShape,
  page: number,
  address: number,
  target: number,
): number {
  const { i32 } = store
  const slot = i32[target * 2 + F.USED]!++
  const to = target + i32[target * 2 + F.SLOTS_START]! + slot * strideWords
  if (strideWords > SHORT_STRIDE) i32.copyWithin(to * 2, address * 2, (address + strideWords) * 2)
  else for (let k = 0; k < strideWords * 2; k++) i32[to * 2 + k] = i32[address * 2 + k]!
  enterSlot(store, target, i32[to * 2]!, slot)
  for (const field of bytesFields) moveBytes(store, page, target, (to + field) * 2)
  return to
}

/** The bytes of a field, whose half-word `field` lies in page `to` already, follow it there. */
function moveBytes({ i32, u8 }: PageStore, from: number, to: number, field: number): void {
  const length = i32[field + 1]!
  const top = i32[to * 2 + F.ARENA_TOP]! - length
  i32[to * 2 + F.ARENA_TOP] = top
  const start = from * 8 + i32[field]!
  u8.copyWithin(to * 8 + top, start, start + length)
  i32[field] = top
}
