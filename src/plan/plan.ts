/**
 * The bound plan: what a view's SQL means, as frozen data. Every home lowers this tree; none of them sees
 * SQL. Each node says what its changes look like (`changes`), which columns are unique (`key`), which column
 * carries event time (`timeColumn`) and what bounds its state.
 */
import type { Column } from "../columns/types.ts"
import type { AggregateCall, Expression, OverCall } from "../expr/expression.ts"
import type { AfterMatch, PatternStep, PatternValue } from "../expr/pattern.ts"
import type { ProcessFunction } from "../ports/process-function.ts"

/** append: rows only come. upsert: a row replaces the one with its key. retract: rows come and go. */
export type ChangeKind = "append" | "upsert" | "retract"

interface NodeBase {
  readonly columns: readonly Column[]
  readonly changes: ChangeKind
  /** Positions of columns that are unique together; null when there are none. */
  readonly key: readonly number[] | null
  /** Position of the event-time column; null when it was projected away. Where it is `windowColumns.end`, a
   *  row's time is that column minus 1 us. */
  readonly timeColumn: number | null
  /** Columns that hold the window each row belongs to; null when rows belong to none. */
  readonly windowColumns: WindowColumns | null
  /** How far a row's time may lie behind the watermark when it comes: windows over it close that much later.
   *  0 but behind joins, which put a row out when the later one of a pair is there. */
  readonly delayUs: bigint
}

/** Positions of window_start and window_end (null: projected away), and what lies between them. */
export interface WindowColumns {
  readonly start: number | null
  readonly end: number | null
  readonly sizeUs: bigint
  /** Set where windows differ in length: cumulate, days of a time zone, sessions. @default null */
  readonly varying?: WindowShape | "sessions" | null
  /** Of rows that are not grouped by their sessions yet: the columns that keep sessions apart. */
  readonly sessionKeys?: readonly number[]
}

/** All rows of an event topic (columns: the contract's fields, then processed_at) or of another view. */
export interface ScanNode extends NodeBase {
  readonly kind: "scan"
  readonly source: "event" | "view"
  readonly name: string
  /** Of a process's view: not its rows, but those of this side output. */
  readonly side?: number
}

export interface FilterNode extends NodeBase {
  readonly kind: "filter"
  readonly input: PlanNode
  /** Rows for which it is not true are left out. */
  readonly predicate: Expression
}

export interface ProjectNode extends NodeBase {
  readonly kind: "project"
  readonly input: PlanNode
  readonly expressions: readonly Expression[]
}

/** Appends window_start and window_end to each row, once for each window that the row falls into. */
export interface WindowNode extends NodeBase {
  readonly kind: "window"
  readonly input: PlanNode
  readonly window: WindowSpec
}

export interface WindowSpec extends WindowShape {
  /** Position of the timestamp column in the input. */
  readonly timeColumn: number
}

/** How windows lie in time. */
export interface WindowShape {
  readonly kind: "tumble" | "hop" | "cumulate"
  readonly sizeUs: bigint
  /** Equal to sizeUs for tumble, the step of cumulate. Windows start at multiples of it (cumulate: of the
   *  size) since 1970. */
  readonly slideUs: bigint
  /** Shifts the starts; not negative, less than what they are multiples of. @default 0n */
  readonly offsetUs?: bigint
  /** Time zone whose clock is cut; null is UTC. @default null */
  readonly zone?: string | null
}

/** Appends window_start and window_end of the session that each row is in. */
export interface SessionNode extends NodeBase {
  readonly kind: "session"
  readonly input: PlanNode
  readonly session: SessionSpec
}

export interface SessionSpec {
  /** Position of the timestamp column in the input. */
  readonly timeColumn: number
  /** Rows that are no further apart are one session. */
  readonly gapUs: bigint
  /** Positions of the columns that keep sessions apart. */
  readonly keys: readonly number[]
}

/** GROUP BY. Output: the keys, then the aggregates. No keys: one row, also over no rows. */
export interface AggregateNode extends NodeBase {
  readonly kind: "aggregate"
  readonly input: PlanNode
  readonly keys: readonly Expression[]
  readonly aggregates: readonly AggregateCall[]
  /** Positions among `keys` of window_start and window_end when the groups belong to windows of an input
   *  WindowNode, so that state can go when the window closes; null for groups that never close. */
  readonly windowKeys: { readonly start: number | null; readonly end: number | null } | null
}

export interface UnionAllNode extends NodeBase {
  readonly kind: "union-all"
  readonly inputs: readonly PlanNode[]
}

/** Pairs of rows. Columns: the left side's, then the right side's; of semi and anti joins the left side's. */
export interface JoinNode extends NodeBase {
  readonly kind: "join"
  /** left, full: a row without a partner stands beside NULLs. semi, anti: left rows that have, have not, a
   *  partner. A RIGHT JOIN is a left one with its sides exchanged. */
  readonly type: JoinType
  readonly left: PlanNode
  readonly right: PlanNode
  /** Values that must be equal; NULL equals nothing. Each over the columns of its own side. */
  readonly keys: readonly JoinKey[]
  /** What must hold besides, over the left side's columns, then the right side's. */
  readonly condition: Expression | null
  /** What lets rows go; null: they are kept for ever. */
  readonly bound: JoinBound | null
}

export type JoinType = "inner" | "left" | "full" | "semi" | "anti"

export interface JoinKey {
  readonly left: Expression
  readonly right: Expression
}

/**
 * windows: both sides carry windows, and only rows of the same window pair.
 * interval: lowerUs <= right time - left time <= upperUs for every pair (positions in the sides' columns).
 * time-to-live: declared; a row goes when the watermark is so much later than when it came.
 */
export type JoinBound =
  | { readonly kind: "windows" }
  | {
      readonly kind: "interval"
      readonly leftTime: number
      readonly rightTime: number
      readonly lowerUs: bigint
      readonly upperUs: bigint
    }
  | { readonly kind: "time-to-live"; readonly timeToLiveUs: bigint }

/** By a column of the input. */
export interface OrderTerm {
  readonly column: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Of each partition, in order, the rows whose number, rank or dense rank is above `offset` and at most
 *  offset + limit. Columns: the input's, then the rank if `ranked`. The order is total up to equal rows. */
export interface RankNode extends NodeBase {
  readonly kind: "rank"
  readonly input: PlanNode
  readonly partition: readonly number[]
  readonly order: readonly OrderTerm[]
  readonly function: RankFunction
  readonly offset: bigint
  /** Null: all. */
  readonly limit: bigint | null
  readonly ranked: boolean
}

export type RankFunction = "row_number" | "rank" | "dense_rank"

/** Window functions over one partition and order. Columns: the input's, then one per call. */
export interface OverNode extends NodeBase {
  readonly kind: "over"
  readonly input: PlanNode
  readonly partition: readonly number[]
  readonly order: readonly OrderTerm[]
  /** How many of the terms the SQL named: rows equal in these are peers. The rest makes the order total. */
  readonly peerTerms: number
  readonly calls: readonly OverCall[]
}

/** Each row as often as `times` says (int64, over its own columns); rows with 0 or less are left out. */
export interface RepeatNode extends NodeBase {
  readonly kind: "repeat"
  readonly input: PlanNode
  readonly times: Expression
}

/** Matches of a pattern over the rows of each partition in order. Columns: the outputs. A match comes when
 *  the watermark has passed what decides it, and stays. */
export interface PatternNode extends NodeBase {
  readonly kind: "pattern"
  /** Its rows only come. */
  readonly input: PlanNode
  readonly partition: readonly number[]
  /** The time first. */
  readonly order: readonly OrderTerm[]
  readonly steps: readonly PatternStep[]
  /** Between a match's first and last row, at most. */
  readonly withinUs: bigint
  readonly afterMatch: AfterMatch
  /** Matches that time cut short come out too. */
  readonly timeouts: boolean
  readonly outputs: readonly PatternValue[]
}

/** What a user's function puts out over the rows of each partition, in the order in which they come. Columns:
 *  the main output's, then the time of the call. */
export interface ProcessNode extends NodeBase {
  readonly kind: "process"
  /** Its rows only come, and have a time. */
  readonly input: PlanNode
  readonly partition: readonly number[]
  /** Of the view. */
  readonly process: string
  readonly function: ProcessFunction
  /** How far behind the watermark rows are handed over; null: however far. */
  readonly latenessUs: bigint | null
  /** How long a key's state outlives its last call; null: until it is cleared. */
  readonly timeToLiveUs: bigint | null
  /** Columns of the other outputs; the last one's are FAILURE_COLUMNS. */
  readonly sides: readonly (readonly Column[])[]
}

export type PlanNode =
  | ScanNode
  | FilterNode
  | ProjectNode
  | WindowNode
  | SessionNode
  | AggregateNode
  | UnionAllNode
  | JoinNode
  | RankNode
  | OverNode
  | RepeatNode
  | PatternNode
  | ProcessNode

/** changes: corrected at every epoch. final: a window's rows appear once, when it closes. */
export type Emit = "changes" | "final"

/** What keeps state from growing for ever. none: there is none that could (no state, or one row's). windows:
 *  every group closes with its window, as do rows in joins. intervals: rows in joins go when no partner can
 *  come, those of patterns when no match can have them. time-to-live: they go after the declared time. */
export type StateBound =
  | { readonly kind: "none" }
  | { readonly kind: "windows" }
  | { readonly kind: "intervals" }
  | { readonly kind: "time-to-live" }
  | { readonly kind: "declared-unbounded" }

export interface ViewPlan {
  readonly kind: "view"
  readonly name: string
  readonly description: string | null
  readonly sql: string
  readonly root: PlanNode
  readonly columns: readonly Column[]
  /** Positions of the key; null: rows are told apart by all their columns, with a multiplicity. */
  readonly key: readonly number[] | null
  readonly emit: Emit
  readonly allowedLatenessMs: number
  readonly state: StateBound
  /** Names that the plan reads directly. */
  readonly events: readonly string[]
  readonly views: readonly string[]
  /** Of the bound plan before any rewriting, with the fingerprints of what it reads: 16 hex digits. */
  readonly fingerprint: string
}

/** A problem in a user's project, as `millrace check` shows it. */
export interface Problem {
  readonly code: string
  readonly message: string
  /** What to write instead. */
  readonly suggestion: string | null
  /** Event or view it is in. */
  readonly where: string
  /** Path of the module, when known. */
  readonly file: string | null
  /** From 1, in `file` when the definition was found there, else in the SQL text. */
  readonly line: number | null
  readonly column: number | null
}
