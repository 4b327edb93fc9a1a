/**
 * Typed expressions as frozen data: what every home lowers. Types are resolved and casts are explicit, so a
 * reader needs no rule of SQL to evaluate one. Evaluation is lazy exactly where PostgreSQL's is: a branch of
 * CASE or COALESCE that is not taken cannot fail; AND and OR stop at the first operand that decides.
 */
import type { LogicalType, Scalar } from "../columns/types.ts"
import type { SketchAggregateName } from "./sketch-aggregates.ts"

interface Typed {
  readonly type: LogicalType
  /** False only when it can be proven that the value is never NULL. */
  readonly nullable: boolean
}

export interface ColumnReference extends Typed {
  readonly kind: "column"
  /** Position in the operator's input row. */
  readonly index: number
  readonly name: string
}

export interface Literal extends Typed {
  readonly kind: "literal"
  readonly value: Scalar
}

/** A function or operator of the catalogue; `signature` names one overload, e.g. `add(int64,int64)`. */
export interface Call extends Typed {
  readonly kind: "call"
  readonly signature: string
  readonly args: readonly Expression[]
}

export interface Cast extends Typed {
  readonly kind: "cast"
  readonly input: Expression
}

export interface Logical extends Typed {
  readonly kind: "and" | "or"
  readonly args: readonly Expression[]
}

export interface Case extends Typed {
  readonly kind: "case"
  readonly branches: readonly { readonly when: Expression; readonly then: Expression }[]
  /** NULL when it was left out. */
  readonly otherwise: Expression
}

export interface Coalesce extends Typed {
  readonly kind: "coalesce"
  readonly args: readonly Expression[]
}

export type Expression = ColumnReference | Literal | Call | Cast | Logical | Case | Coalesce

export type AggregateName =
  | "count"
  | "sum"
  | "avg"
  | "min"
  | "max"
  | "bool_and"
  | "bool_or"
  | "var_pop"
  | "var_samp"
  | "stddev_pop"
  | "stddev_samp"
  | PairAggregateName
  | "string_agg"
  | "json_agg"
  | "array_agg"
  | "first"
  | "last"
  | "percentile_cont"
  | "percentile_disc"
  | "mode"
  | "approx_percentile"
  | "approx_count_distinct"
  | "approx_top_k"
  | SketchAggregateName

/** Statistics over pairs of floats; a pair with a NULL is not taken. */
export const PAIR_AGGREGATES = [
  "corr",
  "covar_pop",
  "covar_samp",
  "regr_slope",
  "regr_intercept",
  "regr_r2",
  "regr_sxy",
] as const

export type PairAggregateName = (typeof PAIR_AGGREGATES)[number]

export interface SortTerm {
  readonly expression: Expression
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** One aggregate of a GROUP BY. `count` without an argument is count(*). */
export interface AggregateCall {
  readonly kind: "aggregate"
  readonly name: AggregateName
  readonly argument: Expression | null
  /** Of statistics over pairs: x, where `argument` is y. */
  readonly other?: Expression
  readonly distinct: boolean
  /** FILTER (WHERE …): a row for which it is not true is not taken, and its argument is not evaluated. */
  readonly filter?: Expression
  /**
   * The order in which values are taken, of the aggregates that have one. The argument is one of the terms,
   * so that rows that are equal here cannot be told apart in the result.
   */
  readonly order?: readonly SortTerm[]
  /** The delimiter of string_agg; a percentile's fraction; what approx_frequency_merge counts, as text. */
  readonly constant?: string | number
  /**
   * Result: count, approx_count_distinct int64; sum int32 -> int64, int64 -> decimal(38,0), decimal(p,s) ->
   * decimal(38,s), float64; avg, variances and deviations of integers and decimals -> decimal(38, max(16, s))
   * rounded half away from zero, of float64 float64; min, max, first, last, percentile_disc, mode as the
   * argument; percentile_cont, approx_percentile float64; string_agg string; json_agg, array_agg,
   * approx_top_k json; statistics over pairs float64; states of sketches bytes, their estimates int64, of
   * percentiles float64.
   */
  readonly type: LogicalType
  /** Counts are never null; the others are null over no rows. */
  readonly nullable: boolean
}

/** A window function (OVER) of a row's place in its partition. */
export interface OverCall {
  readonly kind: "over"
  readonly name: OverName
  /** lag, lead: value, offset (int64 literal), default. ntile: the number. Aggregates: none for count(*). */
  readonly args: readonly Expression[]
  /** FILTER of an aggregate. */
  readonly filter: Expression | null
  /** Of aggregates, first_value, last_value and nth_value; null for the others, which see the partition. */
  readonly frame: OverFrame | null
  readonly type: LogicalType
  readonly nullable: boolean
}

export type OverName =
  | "row_number"
  | "rank"
  | "dense_rank"
  | "percent_rank"
  | "cume_dist"
  | "ntile"
  | "lag"
  | "lead"
  | "first_value"
  | "last_value"
  | "nth_value"
  | OverAggregateName

/** Aggregates over frames. */
export type OverAggregateName = "count" | "sum" | "avg" | "min" | "max"

/** Both ends included. rows: whole numbers of rows; range: distance in the one order term's own units (an
 *  interval's microseconds for times); groups: whole numbers of groups of peers. */
export interface OverFrame {
  readonly unit: "rows" | "range" | "groups"
  readonly start: FrameBound
  readonly end: FrameBound
  /** EXCLUDE: the row itself, it and its peers, its peers only. */
  readonly exclude?: FrameExclusion
}

export type FrameExclusion = "current row" | "group" | "ties"

/** offset: negative is before the current row (in range: before in the order's direction). */
export type FrameBound =
  | { readonly kind: "unbounded-preceding" }
  | { readonly kind: "unbounded-following" }
  | { readonly kind: "current-row" }
  | { readonly kind: "offset"; readonly offset: bigint | number }

/** Why a row's expression could not be evaluated; the row gets a failed verdict with this reason. */
export const FAILURES = [
  "none",
  "integer-out-of-range",
  "numeric-out-of-range",
  "division-by-zero",
  "invalid-cast",
  "invalid-argument",
  "timestamp-out-of-range",
  "process-failed",
] as const
export type Failure = (typeof FAILURES)[number]
