/**
 * Hands the rows of a batch to the sessions one by one, and what is placed back to the groups in batches.
 * Rows whose keys another part of the engine keeps are taken out before, so that they hold no memory here.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { gatherRows } from "../../columns/gather.ts"
import { INT64 } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import { allocateVector, wordsPerRow } from "../../columns/vector.ts"
import { APPLIED, ELSEWHERE, LATE } from "../code/route-writer.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import type { SessionMove } from "../time/session.ts"
import type { BatchRun, SessionBatch, SessionKey, SessionRow } from "../time/session-rows.ts"
import { keyAt, scalarRow } from "../time/session-rows.ts"

/** False: the row is late, or (with a weight below 0) in no session. */
export type PlaceRow = (key: SessionKey, row: SessionRow, weight: number) => boolean

/** What becomes of events that have no row here is ruled where their rows are. */
export function leaveElsewhere(verdicts: Uint8Array, origins: readonly number[], rows: number): void {
  for (let k = 0; k < rows; k++) verdicts[origins[k]!] = ELSEWHERE
}

/** Rows whose keys are in the share; `origins` says of those, then, which events they came from. */
export function ownRows(
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

/** @param origins of each row of the batch, the event that it came from */
export function placeEvents(
  batch: SessionBatch,
  origins: readonly number[],
  verdicts: Uint8Array,
  place: PlaceRow,
): void {
  const { rows } = batch
  for (let k = 0; k < rows.length; ) {
    const origin = origins[k]!
    let placed = false
    for (; k < rows.length && origins[k] === origin; k++) {
      if (place(batch.keyOf(k), rows[k]!, 1)) placed = true
      else rows[k]!.letGo()
    }
    verdicts[origin] = placed ? APPLIED : LATE
  }
}

/** New rows first, by their times: what is late must not depend on how changes are netted. */
export function placeChanges(batch: SessionBatch, losses: Losses, place: PlaceRow): void {
  const { weights } = batch.batch
  const changes = batch.rows.map((row, k) => ({ row, key: batch.keyOf(k), weight: weights?.[k] ?? 1 }))
  changes.sort((a, b) => {
    if (a.weight > 0 !== b.weight > 0) return a.weight > 0 ? -1 : 1
    return a.row.timeUs < b.row.timeUs ? -1 : a.row.timeUs > b.row.timeUs ? 1 : 0
  })
  for (const { key, row, weight } of changes) {
    let isHeld = false
    for (let k = Math.abs(weight); k > 0; k--) {
      const placed = place(key, isHeld ? scalarRow(row.timeUs, row.cells) : row, weight)
      if (!placed) losses.lateChanges++
      if (placed && weight > 0) isHeld = true
    }
    if (!isHeld) row.letGo()
  }
}

/** The rows of a run with the number of the session that each enters. */
export function numbered({ batch, at, length }: BatchRun, moves: readonly SessionMove[]): ChangeBatch {
  const numbers = allocateVector(INT64, length)
  moves.forEach(({ session }, k) => {
    numbers.values[k] = session.number
  })
  const vectors = batch.vectors.map((vector) => rowsOf(vector, at, at + length))
  return { length, vectors: [...vectors, numbers], weights: null }
}

function rowsOf({ type, nulls, values, ends, data }: Vector, from: number, to: number): Vector {
  const words = wordsPerRow(type)
  return {
    type,
    nulls: nulls.subarray(from, to),
    values: values.subarray(from * words, to * words) as Vector["values"],
    ends: ends.length === 0 ? ends : ends.subarray(from, to),
    data,
  }
}
