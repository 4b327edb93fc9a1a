/** Captures and restores an operator whose state is one ordered table. */
import type { CheckpointPart } from "../engine-checkpoint.ts"
import type { Losses } from "../losses.ts"
import type { CapturedState, PageGroup } from "../operators/stateful-operator.ts"
import type { OrderedTable } from "../state/ordered-table.ts"
import { jsonPart, readJson } from "./part-format.ts"
import type { SavedState } from "./saved-state.ts"

interface OrderedOperator {
  readonly spec: { readonly id: string }
  readonly table: OrderedTable
  closedUntilUs: bigint
}

interface OrderedMeta {
  readonly count: number
  readonly closedUntil: string
  /** Size class of each page, in order. */
  readonly pages: readonly number[]
  readonly losses: Losses
}

export function captureOrdered(
  { spec, table, closedUntilUs }: OrderedOperator,
  losses: Losses,
): CapturedState {
  const { store } = table
  const snapshot = table.snapshot()
  const rest = { count: snapshot.count, closedUntil: String(closedUntilUs), losses: { ...losses } }
  return {
    *parts(): Generator<CheckpointPart> {
      const pages = Array.from(snapshot.pages, (page) => store.sizeClassOf(page))
      const meta: OrderedMeta = { ...rest, pages }
      yield jsonPart(`${spec.id}/meta`, meta)
    },
    *groups(): Generator<PageGroup> {
      yield { id: spec.id, pages: snapshot.pages }
    },
    [Symbol.dispose]: () => snapshot[Symbol.dispose](),
  }
}

export function restoreOrdered(operator: OrderedOperator, parts: SavedState, losses: Losses): void {
  const { id } = operator.spec
  const meta = readJson<OrderedMeta>(parts, `${id}/meta`)
  Object.assign(losses, meta.losses)
  operator.closedUntilUs = BigInt(meta.closedUntil)
  const pages = meta.pages.map((sizeClass) => parts.take(id, sizeClass, { mayBeOut: true }))
  operator.table.adopt(pages, meta.count)
}
