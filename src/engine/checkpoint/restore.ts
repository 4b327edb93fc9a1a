/** Reads an operator's parts back into tables that lie exactly as they did. */

import type { Losses } from "../losses.ts"
import type { AggregateOperator } from "../operators/aggregate.ts"
import type { ViewOperator } from "../operators/view.ts"
import type { KeyTable } from "../state/key-table.ts"
import { type Ordered, tablesOf } from "./capture.ts"
import { adoptOrdered } from "./ordered-state.ts"
import type { OperatorMeta, TableMeta, WindowMeta } from "./part-format.ts"
import { readJson } from "./part-format.ts"
import type { SavedState } from "./saved-state.ts"

export function restoreAggregate(operator: AggregateOperator, parts: SavedState, losses: Losses): void {
  const { id } = operator.spec
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  Object.assign(losses, meta.losses)
  for (const saved of meta.windows) {
    const window = operator.whole ?? operator.createWindow(BigInt(saved.start), BigInt(saved.end))
    window.closed = saved.closed
    window.emitting = saved.emitting
    adoptTables(tablesOf(window), saved.tables, { id, parts })
    adoptMultisets(window.multisets, saved, { id, parts })
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
  readonly multisets: readonly Ordered[]
}): OperatorMeta {
  const { id, parts, losses, tables, multisets } = saved
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  Object.assign(losses, meta.losses)
  const whole = meta.windows[0]!
  adoptTables(tables, whole.tables, { id, parts })
  adoptMultisets(multisets, whole, { id, parts })
  return meta
}

export function restoreView(operator: ViewOperator, parts: SavedState, losses: Losses): void {
  const { id } = operator.spec
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  Object.assign(losses, meta.losses)
  operator.rowCount = meta.rowCount
  adoptTables([operator.table], meta.windows[0]!.tables, { id, parts })
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

function adoptMultisets(
  multisets: readonly Ordered[],
  { multisets: saved }: Pick<WindowMeta, "multisets">,
  from: { readonly id: string; readonly parts: SavedState },
): void {
  multisets.forEach(({ table }, k) => {
    adoptOrdered(table, saved[k]!, from)
  })
}
