/** Captures and restores an operator whose state is one ordered table. */
import type { CheckpointPart } from "../engine-checkpoint.ts"
import type { Losses } from "../losses.ts"
import type { CapturedState, PageGroup } from "../operators/stateful-operator.ts"
import type { OrderedSnapshot } from "../state/ordered-snapshot.ts"
import type { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { jsonPart, type OrderedMeta, readJson } from "./part-format.ts"
import type { SavedState } from "./saved-state.ts"

interface OrderedOperator {
  readonly spec: { readonly id: string }
  readonly table: OrderedTable
  closedUntilUs: bigint
}

interface OrderedOperatorMeta extends OrderedMeta {
  readonly closedUntil: string
  readonly losses: Losses
}

/** Looks into no page. */
export function orderedMeta(store: PageStore, { pages, totals, mosts, count }: OrderedSnapshot): OrderedMeta {
  return { count, pages: Array.from(pages, (page) => store.sizeClassOf(page)), totals, mosts }
}

export function adoptOrdered(
  table: OrderedTable,
  { pages, totals, mosts, count }: OrderedMeta,
  { id, parts }: { readonly id: string; readonly parts: SavedState },
): void {
  const taken = pages.map((sizeClass, k) => {
    return { page: parts.take(id, sizeClass, { mayBeOut: true }), total: totals[k]!, most: mosts[k]! }
  })
  table.adopt(taken, count)
}

export function captureOrdered(
  { spec, table, closedUntilUs }: OrderedOperator,
  losses: Losses,
): CapturedState {
  const { store } = table
  const snapshot = table.snapshot()
  const rest = { closedUntil: String(closedUntilUs), losses: { ...losses } }
  return {
    *parts(): Generator<CheckpointPart> {
      const meta: OrderedOperatorMeta = { ...rest, ...orderedMeta(store, snapshot) }
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
  const meta = readJson<OrderedOperatorMeta>(parts, `${id}/meta`)
  Object.assign(losses, meta.losses)
  operator.closedUntilUs = BigInt(meta.closedUntil)
  adoptOrdered(operator.table, meta, { id, parts })
}
