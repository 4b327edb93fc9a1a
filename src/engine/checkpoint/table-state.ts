/** Captures and restores an operator whose state is one key table. */
import type { Losses } from "../losses.ts"
import type { KeyTable } from "../state/key-table.ts"
import { OperatorCapture } from "./capture.ts"
import type { OperatorMeta } from "./part-format.ts"
import { readJson } from "./part-format.ts"
import { adoptTables } from "./restore.ts"
import type { SavedState } from "./saved-state.ts"

interface TableOperator {
  readonly spec: { readonly id: string }
  readonly table: KeyTable
}

export function captureTable({ spec, table }: TableOperator, losses: Losses): OperatorCapture {
  const whole = { start: 0n, end: 0n, closed: false, emitting: true, tables: [table], multisets: [] }
  return new OperatorCapture(spec.id, [whole], {
    nextGroup: 0,
    expectedGroups: 0,
    rowCount: table.count,
    losses: { ...losses },
  })
}

export function restoreTable({ spec, table }: TableOperator, parts: SavedState, losses: Losses): void {
  const meta = readJson<OperatorMeta>(parts, `${spec.id}/meta`)
  Object.assign(losses, meta.losses)
  adoptTables([table], meta.windows[0]?.tables ?? [], { id: spec.id, parts })
}
