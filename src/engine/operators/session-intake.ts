/**
 * Takes the rows of a route to sessions. Where rows are kept they are placed one by one, and wait for the end
 * of the epoch; where groups can merge, a batch is placed as it is and goes into the groups at once.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column } from "../../columns/types.ts"
import type { RouteShape } from "../code/route-writer.ts"
import { RouteWriter } from "../code/route-writer.ts"
import type { RouteRun } from "../code/row-report.ts"
import { usedColumns } from "../code/session-plan.ts"
import { SessionTerminal } from "../code/session-terminal.ts"
import { stateFull } from "../errors.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import type { PageStore } from "../state/page-store.ts"
import { SessionBatch, SessionColumns } from "../time/session-rows.ts"
import { RowBuilder } from "./row-builder.ts"
import type { SessionAggregate } from "./session-aggregate.ts"
import { judgeRows, mergeRows } from "./session-merging.ts"
import { leaveElsewhere, ownRows, placeChanges, placeEvents } from "./session-placing.ts"

/** How a route from somewhere feeds an operator. */
export interface SessionIntake {
  readonly apply: RouteRun
  /** By the sessions from before the epoch; places nothing. */
  readonly judge: RouteRun
}

interface IntakeOptions {
  readonly store: PageStore
  readonly losses: Losses
  readonly share: Share
  readonly inputColumns: readonly Column[]
  /** Of a row: those of the input, its time, and its session's keys. */
  readonly rowColumns: readonly Column[]
}

/** Rows of the operator's share, each with the event that it came from; what is ruled goes to `verdicts`. */
type Placing = (rows: ChangeBatch, verdicts: Uint8Array) => void

/** For routes of this shape. */
export function sessionIntake(
  operator: SessionAggregate,
  shape: RouteShape,
  { store, losses, share, inputColumns, rowColumns }: IntakeOptions,
): SessionIntake {
  const { spec, plan, book } = operator
  const rows = new RowBuilder(rowColumns.map((column) => column.type))
  const origins: number[] = []
  const used = usedColumns([plan.spec.keys, plan.spec.aggregates])
  const parts = { filter: spec.filter, session: spec.session!, plan, operator, used, rows, origins }
  const { run } = new RouteWriter(new SessionTerminal(shape, parts)).compile<RouteRun>(store)
  const columns = new SessionColumns(used, inputColumns.length)
  const through =
    (place: Placing): RouteRun =>
    (input, weights, verdicts, report) => {
      run(input, weights, verdicts, report, 0)
      const taken = rows.take(shape.weighted)
      if (taken === null) return input.length
      if (shape.fromSource && !share.isWhole) leaveElsewhere(verdicts, origins, taken.length)
      place(ownRows(taken, origins, { share, keysAt: columns.keysAt }), verdicts)
      const { limitBytes } = store
      if (book.bytes > limitBytes) throw stateFull({ neededBytes: book.bytes, limitBytes })
      return input.length
    }
  if (operator.merges) {
    const naming = usedColumns(plan.spec.keys)
    const each = { origins: shape.fromSource ? origins : null, losses, columns, naming }
    return {
      apply: through((batch, verdicts) => mergeRows(operator, batch, { ...each, verdicts })),
      judge: through((batch, verdicts) => judgeRows(book, batch, { ...each, verdicts })),
    }
  }
  const placing =
    (place: Parameters<typeof placeEvents>[3]): Placing =>
    (batch, verdicts) => {
      const kept = new SessionBatch(batch, columns)
      if (shape.fromSource) placeEvents(kept, origins, verdicts, place)
      else placeChanges(kept, losses, place)
    }
  return {
    apply: through(placing((key, row, weight) => (weight > 0 ? book.add(key, row) : book.remove(key, row)))),
    judge: through(placing((key, row) => !book.isLate(key, row.timeUs))),
  }
}
