/**
 * What the engine runs: a graph of operators as frozen data, in topological order, and the face it shows to
 * the runner. The engine knows no SQL and no log. A runner lowers plans to an OperatorSpec list, feeds
 * epochs, and takes changes, verdicts and checkpoints.
 *
 * Laws
 * - An epoch is atomic: `runEpoch` returns when every operator is at rest, and what it returns depends only
 *   on the operators' state and the EpochInput. Slices are given in (source, partition, offset) order.
 * - At the end of every epoch each view's rows equal its query over all rows accepted so far (emit changes)
 *   or over the closed windows (emit final), however rows were ordered or batched.
 * - Every row of a source gets exactly one verdict per view that reads it.
 */

import type { Batch, ChangeBatch } from "../columns/batch.ts"
import type { Column, Scalar } from "../columns/types.ts"
import type { AggregateCall, Expression, OverCall } from "../expr/expression.ts"
import type { AfterMatch, PatternStep, PatternValue } from "../expr/pattern.ts"
import type { ProcessFunction } from "../ports/process-function.ts"
import type { CheckpointPart, EngineCheckpoint, GoingOn, RestoreOptions } from "./engine-checkpoint.ts"
import type { SpillStats } from "./state/spilled-pages.ts"
import type { StateSize } from "./state/state-size.ts"

export { VERDICTS, type Verdict } from "../ports/verdict.ts"

export type OperatorSpec = SourceSpec | StageSpec | UnionSpec | StatefulSpec | SideSpec | ViewSpec

/** Operators between a view's inputs and its rows that keep state. */
export type StatefulSpec = AggregateSpec | JoinSpec | RankSpec | OverSpec | PatternSpec | ProcessSpec

interface SpecBase {
  /** Stable across restarts of the same plan; names the operator's state in a checkpoint. */
  readonly id: string
}

/** Rows of one event topic. */
export interface SourceSpec extends SpecBase {
  readonly kind: "source"
  readonly columns: readonly Column[]
}

/** How windows lie in time. Ends tell the windows of one shape apart. */
export interface WindowShape {
  readonly kind: "tumble" | "hop" | "cumulate"
  readonly sizeUs: bigint
  /** Between starts; of cumulate, between ends. Equal to sizeUs for tumble. */
  readonly slideUs: bigint
  /** Shifts starts from multiples of the slide (cumulate: of the size) since 1970. @default 0n */
  readonly offsetUs?: bigint
  /** Time zone whose clock is cut; null is UTC. @default null */
  readonly zone?: string | null
}

export interface EngineWindow extends WindowShape {
  /** Timestamp, over the input row; a row whose time is NULL is filtered. */
  readonly time: Expression
}

/** Sessions: rows of one key that are no further apart than the gap. From the first row's time to the last
 *  one's plus the gap. */
export interface SessionWindow {
  /** Timestamp, over the input row; a row whose time is NULL is filtered. */
  readonly time: Expression
  readonly gapUs: bigint
  /** Over the input row. NULLs are one key. */
  readonly keys: readonly Expression[]
}

/** Filter and project. With a window, a row is put out once for each of its windows, and expressions see
 *  window_start and window_end at input.length and input.length + 1. */
export interface StageSpec extends SpecBase {
  readonly kind: "stage"
  readonly input: string
  readonly filter: Expression | null
  readonly window: EngineWindow | null
  /** Over rows that have window columns already (a stage behind a windowed stage). */
  readonly outputs: readonly Expression[]
  /** Over the input row, int64: how often it is put out (its weight is multiplied); 0 or less leaves it out.
   *  @default once */
  readonly times?: Expression
  readonly columns: readonly Column[]
}

/** The stateless steps before a GROUP BY and the GROUP BY itself, generated as one function. Output columns:
 *  the keys, then the aggregates. */
export interface AggregateSpec extends SpecBase {
  readonly kind: "aggregate"
  readonly input: string
  readonly filter: Expression | null
  /** Where groups belong to windows: given when the window is assigned right here. */
  readonly window: EngineWindow | null
  readonly keys: readonly Expression[]
  readonly aggregates: readonly AggregateCall[]
  /** Positions among keys that hold the window's start and end; null for groups that never close. Both null
   *  inside means that the window is part of the group although neither column is a key. */
  readonly windowKeys: { readonly start: number | null; readonly end: number | null } | null
  /** Size of the window when `window` is null and windowKeys is not (the input carries window columns). Null
   *  where windows vary in length: then their end is a key, or `windowShape` tells it. */
  readonly windowSizeUs: bigint | null
  /** Of windows that rows carry by their start alone, where their length varies. @default null */
  readonly windowShape?: WindowShape | null
  /** Groups belong to sessions, formed right here; `window` is null then, windowKeys is not, and the bounds
   *  of a session stand among the keys only. @default null */
  readonly session?: SessionWindow | null
  readonly emit: "changes" | "final"
  readonly allowedLatenessUs: bigint
  /** Rows may come this much behind the watermark: windows close that much later. @default 0 */
  readonly delayUs?: bigint
  readonly columns: readonly Column[]
}

/** When a row of a join is late and when it can go. `at` is a timestamp: its time or its window's end. */
export interface Expiry {
  readonly at: number
  /** A row is late when at + lateUs <= the watermark from before the epoch. */
  readonly lateUs: bigint
  /** A row goes when at + keepUs <= the watermark; never less than lateUs. */
  readonly keepUs: bigint
}

/** Where partitions belong to windows: `at` is one of the partition's columns. */
export interface PartitionExpiry extends Expiry {
  /** The window closes when at + closeUs <= the watermark. */
  readonly closeUs: bigint
}

export interface JoinSide {
  readonly input: string
  readonly columns: readonly Column[]
  /** Positions of the values that must be equal, in the same order on both sides; NULL equals nothing. */
  readonly keys: readonly number[]
  /** Null: rows are kept for ever. A row without a time (NULL) then never goes and is never late. */
  readonly expiry: Expiry | null
}

/** Pairs of rows with equal keys for which the condition is true; a pair whose condition fails is left out
 *  and counted. Output columns: the left side's, then the right side's; of semi and anti joins the left's. */
export interface JoinSpec extends SpecBase {
  readonly kind: "join"
  readonly type: "inner" | "left" | "full" | "semi" | "anti"
  readonly left: JoinSide
  readonly right: JoinSide
  /** Over the left side's columns, then the right side's. */
  readonly condition: Expression | null
  /** final: rows without a partner (of left, full and anti joins with expiry) come when they go. */
  readonly emit: "changes" | "final"
  readonly columns: readonly Column[]
}

export interface OrderSpec {
  readonly column: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Of each partition, in order, the rows whose number, rank or dense rank is above `offset` and at most
 *  offset + limit. Output columns: the input's, then the rank (int64) if `ranked`. Rows equal in all terms
 *  are in the order of all their columns. */
export interface RankSpec extends SpecBase {
  readonly kind: "rank"
  readonly input: string
  readonly partition: readonly number[]
  readonly order: readonly OrderSpec[]
  readonly function: "row_number" | "rank" | "dense_rank"
  readonly offset: bigint
  readonly limit: bigint | null
  readonly ranked: boolean
  /** Null: partitions are kept for ever. */
  readonly expiry: PartitionExpiry | null
  /** final: rows of a window come when it closes; needs an expiry. */
  readonly emit: "changes" | "final"
  readonly columns: readonly Column[]
}

/** Window functions. Output columns: the input's, then one per call. */
export interface OverSpec extends SpecBase {
  readonly kind: "over"
  readonly input: string
  readonly partition: readonly number[]
  readonly order: readonly OrderSpec[]
  /** Rows equal in so many first terms are peers. */
  readonly peerTerms: number
  /** Arguments and filters are columns of the input, or literals. */
  readonly calls: readonly OverCall[]
  readonly expiry: PartitionExpiry | null
  readonly emit: "changes" | "final"
  readonly columns: readonly Column[]
}

/** Matches of a pattern over each partition's rows in order. A row is looked at when the watermark has passed
 *  it, so that the order in which rows come does not matter. Output: one row per match, never taken back. */
export interface PatternSpec extends SpecBase {
  readonly kind: "pattern"
  readonly input: string
  readonly inputColumns: readonly Column[]
  readonly partition: readonly number[]
  /** Begins with the time, ascending. Rows without a time are not to come. */
  readonly order: readonly OrderSpec[]
  /** The first one takes a row; at most 30. */
  readonly steps: readonly PatternStep[]
  /** Between a match's first and last row, at most. */
  readonly withinUs: bigint
  /** A row is late, and all before it are there, when time + lateUs <= the watermark. */
  readonly lateUs: bigint
  readonly afterMatch: AfterMatch
  /** Matches that time cut short come out too. */
  readonly timeouts: boolean
  readonly outputs: readonly PatternValue[]
  readonly columns: readonly Column[]
}

/** A user's function over the rows of each key as they come. Output: what it puts out, never taken back; the
 *  last column is the time of the call that did. Rows that the function fails on get a failed verdict. */
export interface ProcessSpec extends SpecBase {
  readonly kind: "process"
  readonly input: string
  readonly inputColumns: readonly Column[]
  readonly partition: readonly number[]
  /** Timestamp among the input's columns, never NULL. */
  readonly time: number
  /** Event-time timers fire when their time + completeUs <= the watermark: no row of that time is to come. */
  readonly completeUs: bigint
  /** A row is late when its time + completeUs + latenessUs <= the watermark; null: none is. */
  readonly latenessUs: bigint | null
  /** State goes so much later than the key's last call; null: it stays until the function clears it. */
  readonly timeToLiveUs: bigint | null
  readonly function: ProcessFunction
  /** Of the main output. */
  readonly columns: readonly Column[]
  /** Of the others, in the order of the function's outputs; the last one has the calls that failed. */
  readonly sides: readonly (readonly Column[])[]
}

/** One of the other outputs of a process, for a view of its own. */
export interface SideSpec extends SpecBase {
  readonly kind: "side"
  readonly input: string
  /** Position among the process's sides. */
  readonly side: number
  readonly columns: readonly Column[]
}

export interface UnionSpec extends SpecBase {
  readonly kind: "union"
  readonly inputs: readonly string[]
  readonly columns: readonly Column[]
}

/** Keeps a view's rows, nets its changes per key and epoch, and is an input for later operators. */
export interface ViewSpec extends SpecBase {
  readonly kind: "view"
  readonly input: string
  readonly name: string
  readonly columns: readonly Column[]
  /** Null: all columns tell rows apart, and a row has a multiplicity. */
  readonly key: readonly number[] | null
  /** False: changes are passed on as they come and no row is kept: there is nothing to read or to net.
   *  @default true */
  readonly keepsRows?: boolean
  /** Read by other views only: its verdicts and changes are told as theirs, and it is asked for nothing.
   *  @default false */
  readonly isInternal?: boolean
}

/** Rows of one partition that entered the log together. */
export interface SourceSlice {
  readonly source: string
  readonly partition: number
  readonly baseOffset: number
  readonly batch: Batch
  /** Rows that a step before the engine has ruled out (duplicates): 1 = skip. Null: none. */
  readonly skip: Uint8Array | null
}

export interface EpochInput {
  readonly epoch: number
  readonly slices: readonly SourceSlice[]
  /** Watermark per source after this epoch's rows, in microseconds; never falls. */
  readonly watermarksUs: ReadonlyMap<string, bigint>
  /** The clock's reading, journaled with the epoch; processes need it. */
  readonly clockMs?: number
  /** Views that alone have the rows, with watermarks of such epochs only. @default all of them */
  readonly rebuilt?: ReadonlySet<string>
}

/** Before the first row. */
export const NO_WATERMARK = -(2n ** 63n)

/** One view's ruling on the rows of one slice. */
export interface SliceVerdicts {
  readonly view: string
  readonly source: string
  readonly partition: number
  readonly baseOffset: number
  /** Index into VERDICTS per row. */
  readonly verdicts: Uint8Array
  /** Index into FAILURES per row, where the verdict is failed; null when no row failed. */
  readonly failures: Uint8Array | null
  /**
   * Rows that are applied in part: the view's windows over the event's own rows that end here or before, in
   * microseconds, were gone. Null when there are none.
   */
  readonly partly: ReadonlyMap<number, bigint> | null
}

export interface ViewChanges {
  readonly view: string
  /** Netted: per key at most one row with weight -1 and one with +1. Without a key: any weight, or, where
   *  rows only ever come, `weights` null and equal rows repeated. */
  readonly changes: ChangeBatch
}

export interface EpochResult {
  readonly epoch: number
  /** Only views that changed. */
  readonly changes: readonly ViewChanges[]
  readonly verdicts: readonly SliceVerdicts[]
}

export type Comparison = "eq" | "ne" | "lt" | "lte" | "gt" | "gte"

export interface RowQuery {
  /**
   * All must hold. A comparison with NULL never holds, except eq null and ne null, which mean IS [NOT] NULL.
   */
  readonly where: readonly {
    readonly column: number
    readonly comparison: Comparison
    readonly value: Scalar
  }[]
  /** Ends with the key (or all columns), so that the order is total. NULL sorts last ascending, first
   *  descending, as PostgreSQL has it. */
  readonly sort: readonly { readonly column: number; readonly descending: boolean }[]
  readonly offset: number
  readonly limit: number
}

/** A view's rows at one epoch; later epochs do not show in it. Must be released. */
export interface ViewSnapshot extends Disposable {
  readonly epoch: number
  readonly rowCount: number
  select(query: RowQuery): Batch
}

/** Operators' state and views' rows, and what they are at. */
export interface Engine {
  runEpoch(input: EpochInput): EpochResult
  /** Freezes a view as of the last epoch; cheap, pages are shared until they change. */
  snapshot(view: string): ViewSnapshot
  /** Rows of a view, counted with their multiplicity. */
  rowCount(view: string): number
  /** The row with this key (scalars in the order of ViewSpec.key), or null. */
  lookup(view: string, key: readonly Scalar[]): Scalar[] | null
  /** State as of the last epoch, as parts to be written one by one while later epochs run. */
  checkpoint(): EngineCheckpoint
  /**
   * Only on an engine that has run nothing. Parts with pages come behind all others. Returns the views that
   * go on, together with all that they have to do with. @throws checkpoint-mismatch when none does,
   * checkpoint-damaged
   */
  restore(parts: Iterable<CheckpointPart>, options?: RestoreOptions): GoingOn
  readonly epoch: number
  /** The clock reading from which on it wants an epoch, even without rows; 0: at once. Null: not at all. */
  wakeAtMs(): number | null
  /** Bytes of state and view rows, for metrics and limits. */
  stateBytes(): number
  /** State that is out of memory. */
  spill(): SpillStats
  /** What each part of a view has done: ruling on its events first, the view's own rows last. */
  work(view: string): readonly OperatorWork[]
  /** What a view has left out that is no event's verdict, for metrics. */
  losses(view: string): ViewLosses
}

export interface OperatorWork {
  /** The operator's; for the pass that rules on a view's events before any of them, VIEW_ID/verdicts. */
  readonly id: string
  /** Since the engine was made. */
  readonly total: Work
  /** Of the last minute, to ten seconds. */
  readonly recent: Work
  readonly state: StateSize
}

export interface Work {
  /** Rows handed to its loops, before their conditions. */
  readonly rowsIn: number
  /** Changes that it put out. */
  readonly rowsOut: number
  /** Milliseconds on the engine's thread; 0 where the engine has no clock. */
  readonly busyMs: number
}

export interface ViewLosses {
  /** Rows put out with an aggregate that did not fit its column; the column is NULL there. */
  readonly overflowedResults: number
  /** Changes of upstream rows whose expressions failed; they are left out, and so are their retractions. */
  readonly failedChanges: number
  /** Changes of upstream rows whose window was gone. */
  readonly lateChanges: number
}
