/**
 * Sessions in a checkpoint: the tables of their groups and of what is kept of them as those of any operator,
 * and <id>/sessions, JSON: the number of the next one.
 */
import type { CheckpointPart } from "../engine-checkpoint.ts"
import type { Losses } from "../losses.ts"
import type { SessionAggregate } from "../operators/session-aggregate.ts"
import type { CapturedState, PageGroup } from "../operators/stateful-operator.ts"
import { OperatorCapture } from "./capture.ts"
import { jsonPart, readJson } from "./part-format.ts"
import { restoreTables } from "./restore.ts"
import type { SavedState } from "./saved-state.ts"

interface SessionsMeta {
  readonly next: string
}

export function captureSessions(operator: SessionAggregate, losses: Losses): CapturedState {
  const { id } = operator.spec
  const whole = { start: 0n, end: 0n, closed: false, emitting: true, ...tablesOf(operator) }
  const tables = new OperatorCapture(id, [whole], {
    nextGroup: operator.nextGroup,
    expectedGroups: 0,
    rowCount: 0,
    losses: { ...losses },
  })
  const meta: SessionsMeta = { next: String(operator.book.nextNumber) }
  return {
    *parts(): Generator<CheckpointPart> {
      yield* tables.parts()
      yield jsonPart(`${id}/sessions`, meta)
    },
    groups: (): Iterable<PageGroup> => tables.groups(),
    [Symbol.dispose]: () => tables[Symbol.dispose](),
  }
}

export function restoreSessions(operator: SessionAggregate, parts: SavedState, losses: Losses): void {
  const { id } = operator.spec
  const saved = restoreTables({ id, parts, losses, ...tablesOf(operator) })
  operator.nextGroup = saved.nextGroup
  operator.book.nextNumber = BigInt(readJson<SessionsMeta>(parts, `${id}/sessions`).next)
}

/** In the order in which their pages are kept. */
function tablesOf({ whole, distinct, multisets, book }: SessionAggregate) {
  return {
    tables: [whole.table, ...distinct],
    multisets: [...multisets, ...book.tables.map((table) => ({ table }))],
  }
}
