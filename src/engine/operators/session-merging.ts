/**
 * Places the rows of a batch in sessions that keep none: each row lengthens its session, and the batch goes
 * into the groups with the numbers of the sessions that its rows are in when all of them are placed.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { gatherRows } from "../../columns/gather.ts"
import { readScalar } from "../../columns/scalar.ts"
import { INT64 } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import { allocateVector } from "../../columns/vector.ts"
import { APPLIED, LATE } from "../code/route-writer.ts"
import type { Losses } from "../losses.ts"
import type { Session } from "../time/session.ts"
import type { SessionBook } from "../time/session-book.ts"
import type { SessionColumns, SessionRow } from "../time/session-rows.ts"
import { keyAt, scalarRow } from "../time/session-rows.ts"
import type { SessionAggregate } from "./session-aggregate.ts"

interface Ruled {
  /** Of each row, the event that it came from; null: these are changes. */
  readonly origins: readonly number[] | null
  readonly verdicts: Uint8Array
  readonly losses: Losses
  readonly columns: SessionColumns
  /** Columns that find a row's group. */
  readonly naming: ReadonlySet<number>
}

export function mergeRows(operator: SessionAggregate, batch: ChangeBatch, ruled: Ruled): void {
  const { book } = operator
  const keys = batch.vectors.slice(ruled.columns.keysAt)
  const times = timesOf(batch, ruled)
  const sessions: (Session | null)[] = new Array(batch.length)
  const order = ruled.origins === null ? byTimes(times) : null
  for (let k = 0; k < batch.length; k++) {
    const row = order === null ? k : order[k]!
    const session = book.lengthen(keyAt(keys, row), times[row]!)
    if (session?.isAlive === false) book.giveFirst(session, naming(batch, row, ruled))
    sessions[row] = session
  }
  rule(ruled, batch.length, (row) => sessions[row] !== null)
  operator.enter(withNumbers(batch, sessions))
}

/** As the rows would be ruled; none is placed. */
export function judgeRows(book: SessionBook, batch: ChangeBatch, ruled: Ruled): void {
  const keys = batch.vectors.slice(ruled.columns.keysAt)
  const times = timesOf(batch, ruled)
  rule(ruled, batch.length, (row) => !book.isLate(keyAt(keys, row), times[row]!))
}

/** The order in which changes are placed: what is late must not depend on how they are netted. */
function byTimes(times: BigInt64Array): Int32Array {
  const rows = Int32Array.from(times, (_, row) => row)
  return rows.sort((a, b) => (times[a]! < times[b]! ? -1 : times[a]! > times[b]! ? 1 : a - b))
}

/** An event of which any row is placed is applied. */
function rule({ origins, verdicts, losses }: Ruled, rows: number, isPlaced: (row: number) => boolean): void {
  if (origins === null) {
    for (let row = 0; row < rows; row++) if (!isPlaced(row)) losses.lateChanges++
    return
  }
  for (let row = 0; row < rows; ) {
    const origin = origins[row]!
    let placed = false
    for (; row < rows && origins[row] === origin; row++) if (isPlaced(row)) placed = true
    verdicts[origin] = placed ? APPLIED : LATE
  }
}

/** Rows that are late are left out. */
function withNumbers(batch: ChangeBatch, sessions: readonly (Session | null)[]): ChangeBatch {
  const placed = sessions.includes(null) ? sessions.flatMap((session, row) => (session ? [row] : [])) : null
  const rows = placed === null ? batch : gatherRows(batch, Int32Array.from(placed))
  const numbers = allocateVector(INT64, rows.length)
  let at = 0
  for (let session of sessions) {
    if (session === null) continue
    while (session.into !== null) session = session.into
    numbers.values[at++] = session.number
  }
  return { length: rows.length, vectors: [...rows.vectors, numbers], weights: null }
}

/** The row by itself, with what finds its group and its session. */
function naming({ vectors }: ChangeBatch, row: number, { columns, naming }: Ruled): SessionRow {
  const { timeAt } = columns
  const cells = vectors.map((vector, k) => (k < timeAt && !naming.has(k) ? null : readScalar(vector, row)))
  return scalarRow(cells[timeAt] as bigint, cells)
}

function timesOf({ vectors }: ChangeBatch, { columns }: Ruled): BigInt64Array {
  return (vectors[columns.timeAt] as Vector).values as BigInt64Array
}
