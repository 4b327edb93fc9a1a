/**
 * A view of the simulated project beside what plain JavaScript says of it: the verdict on each row that it
 * reads, and its rows. What is said here is said again from docs/sql.md, and shares nothing with the engine:
 * each epoch's answer is made anew from all rows, with arrays, sorting and maps.
 */
import type { Scalar } from "../../columns/types.ts"
import type { Verdict } from "../../engine/dataflow.ts"
import { type ViewDefinition, type ViewOptions, view } from "../../plan/view.ts"
import type { LoggedRow } from "../logged-rows.ts"
import type { SimEvent } from "../runtime-project.ts"

/** Kinds of operators that keep state; what a seed has of them is told beside the faults that it met. */
export const OPERATOR_KINDS = [
  ...(["group", "windows", "sessions", "lists", "union", "set operation", "distinct"] as const),
  ...(["interval join", "windowed join", "join", "semi join", "time to live"] as const),
  ...(["rank", "first row", "over", "pattern", "process"] as const),
] as const
export type OperatorKind = (typeof OPERATOR_KINDS)[number]

export type Row = readonly Scalar[]
export type Watermarks = Readonly<Record<SimEvent, bigint>>

/** A row that the view has applied. */
export interface Taken {
  readonly row: LoggedRow
  readonly epoch: number
  /** From before its epoch. */
  readonly before: Watermarks
}

/** What a view's rows are made of, up to an epoch. */
export interface ViewHistory {
  readonly sales: readonly Taken[]
  readonly visits: readonly Taken[]
  /** As of the epoch. */
  readonly watermarksUs: Watermarks
  /** Rows of a view that it reads. */
  below(view: string): readonly Row[]
  /** What the process has put out. */
  processed(view: string): readonly Row[]
}

/** What a view makes of a row; asked of each row once, in the engine's order. */
export type Judge = (row: LoggedRow, before: Watermarks, epoch: number) => Verdict

export interface SimView {
  readonly name: string
  /** Null: another view's definition brings it. */
  readonly definition: ViewDefinition | null
  /** With a condition behind all else that is always true: only steps behind its operators are others. */
  readonly longer: ViewDefinition | null
  readonly operators: readonly OperatorKind[]
  /** Views that it reads, whose verdicts it shares. */
  readonly reads: readonly string[]
  /** Views that come with it. */
  readonly brings: readonly string[]
  /** By event that it reads itself: a judge who has seen no row yet. */
  readonly judges: Readonly<Partial<Record<SimEvent, () => Judge>>>
  /** Of a row that is applied: up to which end its overlapping windows were gone; null: none was. */
  readonly goneEnd?: (row: LoggedRow, before: Watermarks) => bigint | null
  readonly rows: (history: ViewHistory) => readonly Row[]
}

interface Parts extends Pick<SimView, "operators" | "rows" | "goneEnd"> {
  readonly options: ViewOptions
  /** What is true of all rows, and known to nobody. */
  readonly alwaysTrue?: string
  readonly reads?: readonly string[]
  readonly judges?: SimView["judges"]
}

export function simView(
  name: string,
  { options, alwaysTrue, reads = [], judges = {}, ...parts }: Parts,
): SimView {
  const longer = `SELECT * FROM (${options.sql}) AS t WHERE ${alwaysTrue}`
  return {
    name,
    definition: view(name, options),
    longer: alwaysTrue === undefined ? null : view(name, { ...options, sql: longer }),
    ...{ reads, brings: [], judges, ...parts },
  }
}

export const applied = (): Judge => () => "applied"

export function lateIf(isLate: (row: LoggedRow, before: Watermarks) => boolean): () => Judge {
  return () => (row, before) => (isLate(row, before) ? "late" : "applied")
}

/** Up to where both events are complete. */
export function leastOf({ sale, visit }: Watermarks): bigint {
  return sale < visit ? sale : visit
}
