/** Finds a slot by what it holds rather than by its key: for links that lead back to their table. */
import { assert } from "../../std/assert.ts"
import type { KeyTable } from "./key-table.ts"
import { INDEX, INDEX_MASK, SLOTS_START, tagOf } from "./page-format.ts"

/** The slot with `hash` whose half-word `half` is `value`, to be written to. Sets the table's `page`. */
export function slotHolding(table: KeyTable, hash: number, half: number, value: number): number {
  const page = table.own(hash)
  const { i32 } = table.store
  const index = page * 2 + INDEX
  const mask = i32[page * 2 + INDEX_MASK]!
  const slots = page + i32[page * 2 + SLOTS_START]!
  const tag = tagOf(hash)
  for (let place = hash & mask; ; place = (place + 1) & mask) {
    const entry = i32[index + place]!
    assert(entry !== 0, "what links back to a table is in it")
    if (entry >>> 16 !== tag) continue
    const address = slots + ((entry & 0xffff) - 1) * table.shape.strideWords
    if (i32[address * 2 + half] !== value) continue
    table.page = page
    return address
  }
}
