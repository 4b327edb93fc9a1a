/** Reads an operator's parts back into tables that lie exactly as they did. */

import type { Losses } from "../losses.ts"
import type { AggregateOperator } from "../operators/aggregate.ts"
import type { ViewOperator } from "../operators/view.ts"
import type { KeyTable } from "../state/key-table.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import { tablesOf } from "./capture.ts"
import type { MultisetEntry, OperatorMeta, TableMeta } from "./part-format.ts"
import { decodeHeld, readJson } from "./part-format.ts"
import type { SavedState } from "./saved-state.ts"

export function restoreAggregate(operator: AggregateOperator, parts: SavedState, losses: Losses): void {
  const { id } = operator.spec
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  const entries = new EntryReader(id, parts)
  Object.assign(losses, meta.losses)
  for (const saved of meta.windows) {
    const window = operator.whole ?? operator.createWindow(BigInt(saved.start), BigInt(saved.end))
    window.closed = saved.closed
    window.emitting = saved.emitting
    adoptTables(tablesOf(window), saved.tables, { id, parts })
    window.multisets.forEach((multiset, k) => {
      entries.fill(multiset, saved.multisets[k] ?? 0)
    })
    if (operator.whole === null) operator.assigner.adopt(window)
  }
  operator.resume(meta)
}

/** Of an operator with one set of tables. */
export function restoreTables(saved: {
  readonly id: string
  readonly parts: SavedState
  readonly losses: Losses
  readonly tables: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
}): OperatorMeta {
  const { id, parts, losses, tables, multisets } = saved
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  const entries = new EntryReader(id, parts)
  Object.assign(losses, meta.losses)
  adoptTables(tables, meta.windows[0]?.tables ?? [], { id, parts })
  multisets.forEach((multiset, k) => {
    entries.fill(multiset, meta.windows[0]?.multisets[k] ?? 0)
  })
  return meta
}

export function restoreView(operator: ViewOperator, parts: SavedState, losses: Losses): void {
  const { id } = operator.spec
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  Object.assign(losses, meta.losses)
  operator.rowCount = meta.rowCount
  adoptTables([operator.table], meta.windows[0]?.tables ?? [], { id, parts })
}

export function adoptTables(
  tables: readonly KeyTable[],
  saved: readonly TableMeta[],
  { id, parts }: { readonly id: string; readonly parts: SavedState },
): void {
  tables.forEach((table, k) => {
    const { depth, depths, count, pages } = saved[k]!
    const { mayLeave: mayBeOut } = table
    const taken = pages.map((sizeClass) => parts.take(id, sizeClass, { mayBeOut }))
    table.adopt(taken, depths, depth, count)
  })
}

/** Multiset entries across parts, in order. */
class EntryReader {
  readonly #id: string
  readonly #parts: SavedState
  #number = 0
  #entries: readonly MultisetEntry[] = []
  #at = 0

  constructor(id: string, parts: SavedState) {
    this.#id = id
    this.#parts = parts
  }

  fill(multiset: OrderedMultiset, count: number): void {
    for (let k = 0; k < count; k++) {
      if (this.#at === this.#entries.length) {
        this.#entries = readJson<readonly MultisetEntry[]>(
          this.#parts,
          `${this.#id}/multisets/${this.#number++}`,
        )
        this.#at = 0
      }
      const [group, times, value] = this.#entries[this.#at++]!
      multiset.add(group, decodeHeld(value), times)
    }
  }
}
