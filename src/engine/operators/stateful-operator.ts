/**
 * What the engine asks of an operator that keeps state. In an epoch it hears the watermark from before, then
 * gets its rows, then is flushed by the watermark after; what it puts out is netted. Its state is frozen in
 * an instant and put out while later epochs run.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import type { StatefulSpec } from "../dataflow.ts"
import type { CheckpointPart } from "../engine-checkpoint.ts"
import type { Losses } from "../losses.ts"
import type { StateSize } from "../state/state-size.ts"
import type { LateBound } from "../time/late-bound.ts"

/** What is put out once more is handed on when it is as much. */
export const HELD_BATCH = { least: 4_096 }

export interface StatefulOperator {
  readonly spec: StatefulSpec
  /** Before an epoch's rows: what the watermark so far makes late. */
  judgeBy(watermarkUs: bigint): void
  /** Before its rows, too: the watermark that it ends with, and what time it is. */
  beginEpoch?(watermarkUs: bigint, clockMs: number | null): void
  /** Ends the epoch: what changed, or null. */
  flush(watermarkUs: bigint): ChangeBatch | null
  /** What the flush has put out besides, by side; only a process has sides. */
  sideChanges?(): readonly (ChangeBatch | null)[]
  /** See Engine.wakeAtMs. */
  wakeAtMs?(): number | null
  /** Bytes of state outside the page store. */
  heapBytes(): number
  /** What it keeps, in and outside the page store. Walks all pages: for those who ask, not for epochs. */
  size(): StateSize
  capture(losses: Losses): CapturedState
  /** Only on an operator that has run nothing. */
  restore(saved: SavedState, losses: Losses): void
  /** What this operator keeps of the keys of another one, of the same spec; may be called for several. */
  takeKeys(other: StatefulOperator): void
}

/** Holds what it has put out, all of it where graph/held-rows.ts says so. */
export interface HoldingOperator extends StatefulOperator {
  /** Hands what it has put out and not taken back to `take`, in batches, between epochs. Pages may leave. */
  putHeld(take: (held: ChangeBatch) => void): void
}

/** State as of an epoch's end, held until it is disposed of. */
export interface CapturedState extends Disposable {
  /** Everything but pages. */
  parts(): Iterable<CheckpointPart>
  /** Pages in the order in which a restore asks for them. */
  groups(): Iterable<PageGroup>
}

export interface PageGroup {
  readonly id: string
  /** Addresses. */
  readonly pages: Iterable<number>
}

/** Takes whole rows; an aggregate's are fed by a loop that was generated for it instead. */
export interface RowOperator extends StatefulOperator {
  /** What the loops that feed a port ask before a row is passed on; null: no row is ever late. */
  lateness(port: number): { readonly column: number; readonly bound: LateBound } | null
  /** The batch's memory is the taker's no longer than the call. Null rulings: rows of other operators, which
   *  have no verdicts. */
  apply(port: number, changes: ChangeBatch, rulings: RowRulings | null): void
}

/** Verdicts on the rows of a batch, by their position in it. */
export interface RowRulings {
  fail(row: number): void
}
