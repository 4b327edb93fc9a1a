/** Entries of one ordered table into another. */
import type { OrderedTable } from "../state/ordered-table.ts"

/** Those for whose bytes `wants` says so. */
export function copyEntries(
  from: OrderedTable,
  to: OrderedTable,
  wants: (bytes: Uint8Array) => boolean = () => true,
): void {
  for (const at = from.first(); at.valid; at.next()) {
    const bytes = at.bytes()
    // Not every table lets pages leave itself.
    for (const { store } of [from, to]) if (store.isCrowded) store.relieve()
    if (wants(bytes)) to.add(bytes, bytes.length, at.weight)
  }
}
