/**
 * What a pattern asks of the rows of one key, as frozen data: its steps in order, and the values that its
 * conditions and its results read from the rows taken so far. Conditions see these values only.
 */
import type { Expression, OverAggregateName, OverCall } from "./expression.ts"

export interface PatternStep {
  readonly name: string
  /** No row for which the condition is true may lie between the rows taken before and behind it. */
  readonly negated: boolean
  readonly least: number
  /** Null: as many as there are. */
  readonly most: number | null
  /** Where a row could be taken by this step or by a later one: this one first. */
  readonly greedy: boolean
  /** Rows that the pattern has no use for may lie between the row taken before and this step's row. */
  readonly relaxed: boolean
  /** Over `values`, as columns. */
  readonly condition: Expression
  readonly values: readonly PatternValue[]
}

/** What a step's condition asks first, of its own row alone: the position of that column in the input. */
export function leadingCondition({ condition, values }: PatternStep): number | null {
  const first = condition.kind === "and" ? condition.args[0]! : condition
  const value = first.kind === "column" ? values[first.index]! : null
  if (value?.kind !== "row" || value.step !== null || value.from !== "last" || value.offset !== 0) return null
  return value.column
}

/** True where it asks nothing else. */
export const asksOwnRow = (step: PatternStep): boolean =>
  step.condition.kind === "column" && leadingCondition(step) !== null

/** `step` null: rows of all steps. Of a row that is being asked, it counts as taken by the step that asks. */
export type PatternValue =
  | {
      readonly kind: "row"
      readonly step: number | null
      readonly column: number
      readonly from: "first" | "last"
      /** How many rows behind the first, or before the last. */
      readonly offset: number
    }
  /** Of the key's row before the last one taken, whether it was taken or not; NULL when that is further away
   *  than the pattern is long. */
  | { readonly kind: "previous"; readonly column: number }
  | { readonly kind: "aggregate"; readonly step: number | null; readonly call: PatternAggregate }
  /** Whether time ran out before the pattern was complete. */
  | { readonly kind: "timed-out" }

/** Its argument is a column of the input. */
export type PatternAggregate = OverCall & { readonly name: OverAggregateName }

/** Where the search goes on: behind the last row, behind the first, or at a step's first or last row. */
export type AfterMatch =
  | { readonly kind: "past-last" }
  | { readonly kind: "next-row" }
  | { readonly kind: "to-first"; readonly step: number }
  | { readonly kind: "to-last"; readonly step: number }
