/** Places the rows of a batch in sessions, and hands what is placed to the groups. */
import type { ChangeBatch } from "../../columns/batch.ts"
import { gatherRows } from "../../columns/gather.ts"
import { INT64 } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import { allocateVector } from "../../columns/vector.ts"
import { APPLIED, LATE } from "../code/route-writer.ts"
import type { Losses } from "../losses.ts"
import type { Session } from "../time/session.ts"
import type { SessionBook } from "../time/session-book.ts"
import { keyAt } from "../time/session-keys.ts"
import type { SessionAggregate } from "./session-aggregate.ts"

interface Ruled {
  /** Of each row, the event that it came from; null: these are changes. */
  readonly origins: readonly number[] | null
  readonly verdicts: Uint8Array
  readonly losses: Losses
  /** Of the columns: the keys are behind the time. */
  readonly timeAt: number
}

/** Those that come. */
export function placeRows(operator: SessionAggregate, batch: ChangeBatch, ruled: Ruled): void {
  const { book } = operator
  const weightOf = (row: number) => batch.weights?.[row] ?? 1
  const { keys, times } = columnsOf(batch, ruled)
  const sessions: (Session | null)[] = new Array(batch.length).fill(null)
  const order = ruled.origins === null ? byTimes(times) : null
  book.begin(batch)
  for (let k = 0; k < batch.length; k++) {
    const row = order === null ? k : order[k]!
    const weight = weightOf(row)
    if (weight > 0) sessions[row] = book.place(keyAt(keys, row), row, times[row]!, weight)
  }
  rule(ruled, batch, (row) => sessions[row] !== null)
  const placed: number[] = []
  for (let row = 0; row < batch.length; row++) if (sessions[row] !== null) placed.push(row)
  if (book.rows !== null) for (const row of placed) book.rows.add(row, weightOf(row))
  operator.enter(withNumbers(batch, placed, sessions))
}

/** Those that are taken back, which are looked for when all have come. */
export function takeRowsBack({ book }: SessionAggregate, batch: ChangeBatch, ruled: Ruled): void {
  const weights = batch.weights!
  const { keys, times } = columnsOf(batch, ruled)
  book.begin(batch)
  for (const row of byTimes(times)) {
    const weight = -weights[row]!
    if (weight > 0) ruled.losses.lateChanges += book.remove(keyAt(keys, row), row, times[row]!, weight)
  }
}

/** As the rows would be ruled; none is placed. */
export function judgeRows(book: SessionBook, batch: ChangeBatch, ruled: Ruled): void {
  const { keys, times } = columnsOf(batch, ruled)
  book.begin(batch)
  rule(ruled, batch, (row) => !book.isLate(keyAt(keys, row), row, times[row]!))
}

/** The order in which changes are placed: what is late must not depend on how they are netted. */
function byTimes(times: BigInt64Array): Int32Array {
  const rows = Int32Array.from(times, (_, row) => row)
  return rows.sort((a, b) => (times[a]! < times[b]! ? -1 : times[a]! > times[b]! ? 1 : a - b))
}

/** An event of which any row is placed is applied. */
function rule(
  { origins, verdicts, losses }: Ruled,
  { length, weights }: ChangeBatch,
  isPlaced: (row: number) => boolean,
): void {
  if (origins === null) {
    for (let row = 0; row < length; row++) {
      const weight = weights?.[row] ?? 1
      if (weight > 0 && !isPlaced(row)) losses.lateChanges += weight
    }
    return
  }
  for (let row = 0; row < length; ) {
    const origin = origins[row]!
    let placed = false
    for (; row < length && origins[row] === origin; row++) if (isPlaced(row)) placed = true
    verdicts[origin] = placed ? APPLIED : LATE
  }
}

/** The rows that are placed, with the numbers of their sessions. */
function withNumbers(
  batch: ChangeBatch,
  placed: readonly number[],
  sessions: readonly (Session | null)[],
): ChangeBatch {
  const areAll = placed.length === batch.length
  const { vectors } = areAll ? batch : gatherRows(batch, Int32Array.from(placed))
  const numbers = allocateVector(INT64, placed.length)
  placed.forEach((row, k) => {
    let session = sessions[row]!
    while (session.into !== null) session = session.into
    numbers.values[k] = session.number
  })
  const { weights } = batch
  const taken = weights === null ? null : Int32Array.from(placed, (row) => weights[row]!)
  return { length: placed.length, vectors: [...vectors, numbers], weights: taken }
}

function columnsOf({ vectors }: ChangeBatch, { timeAt }: Ruled) {
  return { keys: vectors.slice(timeAt + 1), times: (vectors[timeAt] as Vector).values as BigInt64Array }
}
