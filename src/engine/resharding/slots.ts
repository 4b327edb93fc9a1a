/** Slots of one key table into another, of the same shape and in another page store. */
import type { KeyTable } from "../state/key-table.ts"

/** Returns where the slot's copy is. */
export function copySlot(from: KeyTable, address: number, page: number, to: KeyTable): number {
  // Between slots, nobody holds an address of a page that can leave.
  if (to.store.isCrowded) to.store.relieve()
  const source = from.store.i32
  const { strideWords, bytesFields } = to.shape
  const lengths = bytesFields.map((field) => source[(address + field) * 2 + 1]!)
  let copy = to.insert(
    source[address * 2]!,
    lengths.reduce((sum, length) => sum + length, 0),
  )
  // Behind the hash and the place among touched slots, of which a state at rest has none.
  to.store.i32.set(source.subarray(address * 2 + 2, (address + strideWords) * 2), copy * 2 + 2)
  for (const [k, field] of bytesFields.entries()) {
    const start = page * 8 + source[(address + field) * 2]!
    to.store.i32.fill(0, (copy + field) * 2, (copy + field) * 2 + 2)
    copy = to.storeBytes(to.page, copy, field, from.store.u8, start, start + lengths[k]!)
  }
  return copy
}

/** Slots for whose hash `wants` says so. */
export function copySlots(from: KeyTable, to: KeyTable, wants: (hash: number) => boolean): void {
  from.forEachSlot((address, page) => {
    if (wants(from.store.i32[address * 2]!)) copySlot(from, address, page, to)
  })
}
