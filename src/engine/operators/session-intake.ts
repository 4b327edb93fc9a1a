/**
 * Takes the rows of a route to sessions: a batch is placed row by row, and goes into the groups with the
 * numbers of the sessions that its rows are in when all of them are placed. Rows whose keys another part of
 * the engine keeps are taken out before.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { gatherRows } from "../../columns/gather.ts"
import type { RouteShape } from "../code/route-writer.ts"
import { ELSEWHERE, RouteWriter } from "../code/route-writer.ts"
import type { RouteRun } from "../code/row-report.ts"
import { SessionTerminal } from "../code/session-terminal.ts"
import { stateFull } from "../errors.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import type { PageStore } from "../state/page-store.ts"
import { keyAt } from "../time/session-keys.ts"
import type { SessionRowColumns } from "../time/session-rows.ts"
import { RowBuilder } from "./row-builder.ts"
import type { SessionAggregate } from "./session-aggregate.ts"
import { judgeRows, placeRows, takeRowsBack } from "./session-placing.ts"

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
  readonly rows: SessionRowColumns
}

/** Rows of the operator's share, each with the event that it came from; what is ruled goes to `verdicts`. */
type Placing = (rows: ChangeBatch, verdicts: Uint8Array) => void

/** For routes of this shape. */
export function sessionIntake(
  operator: SessionAggregate,
  shape: RouteShape,
  { store, losses, share, rows: { columns, timeAt, used } }: IntakeOptions,
): SessionIntake {
  const { spec, judged: plan, book } = operator
  const rows = new RowBuilder(columns.map((column) => column.type))
  const origins: number[] = []
  const parts = { filter: spec.filter, session: spec.session!, plan, operator, used, rows, origins }
  const { run } = new RouteWriter(new SessionTerminal(shape, parts)).compile<RouteRun>(store)
  const through =
    (place: Placing): RouteRun =>
    (input, weights, verdicts, report) => {
      run(input, weights, verdicts, report, 0)
      const taken = rows.take(shape.weighted)
      if (taken === null) return input.length
      if (shape.fromSource && !share.isWhole) leaveElsewhere(verdicts, origins, taken.length)
      place(ownRows(taken, origins, { share, keysAt: timeAt + 1 }), verdicts)
      const { limitBytes } = store
      if (book.bytes > limitBytes) throw stateFull({ neededBytes: book.bytes, limitBytes })
      return input.length
    }
  const ruled = { origins: shape.fromSource ? origins : null, losses, timeAt }
  return {
    apply: through((batch, verdicts) => {
      placeRows(operator, batch, { ...ruled, verdicts })
      if (batch.weights !== null) takeRowsBack(operator, batch, { ...ruled, verdicts })
    }),
    judge: through((batch, verdicts) => judgeRows(book, batch, { ...ruled, verdicts })),
  }
}

/** What becomes of events that have no row here is ruled where their rows are. */
function leaveElsewhere(verdicts: Uint8Array, origins: readonly number[], rows: number): void {
  for (let k = 0; k < rows; k++) verdicts[origins[k]!] = ELSEWHERE
}

/** Rows whose keys are in the share; `origins` says of those, then, which events they came from. */
function ownRows(
  taken: ChangeBatch,
  origins: number[],
  { share, keysAt }: { readonly share: Share; readonly keysAt: number },
): ChangeBatch {
  if (share.isWhole) return taken
  const keys = taken.vectors.slice(keysAt)
  const rows: number[] = []
  for (let k = 0; k < taken.length; k++) if (share.hasKey(keyAt(keys, k))) rows.push(k)
  if (rows.length === taken.length) return taken
  rows.forEach((row, k) => {
    origins[k] = origins[row]!
  })
  const weights = taken.weights === null ? null : Int32Array.from(rows, (row) => taken.weights![row]!)
  return { ...gatherRows(taken, Int32Array.from(rows)), weights }
}
