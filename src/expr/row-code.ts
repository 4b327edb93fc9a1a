/**
 * The seam between expressions and whoever generates a loop over rows (engine operators, benches, tests).
 * A generator makes one RowCode per generated function, asks it for values, and pastes what it returns:
 *
 *   function (batch, first, last, verdicts, ...bound) {
 *     <prologue>                               const v0 = batch.vectors[0].values, n0 = ...
 *     for (let i = first; i < last; i++) row: {
 *       <statements>                           let t3 = v0[i] + v1[i]; if (overflow) { <onFailure> }
 *       ... use CodeValue.value where CodeValue.isNull is false ...
 *     }
 *   }
 *
 * Literals and tables are bound as parameters and never spliced into text: generated text holds only names,
 * numbers of columns and code from this folder.
 */
import type { Expression } from "./expression.ts"

/** A value of the current row: JavaScript expressions without side effects, cheap to repeat. */
export interface CodeValue {
  /** In the scalar representation of columns/types.ts (string columns as JavaScript strings). Undefined
   *  meaning when `isNull` is true. */
  readonly value: string
  /** A boolean JavaScript expression, or null when the value is never NULL. */
  readonly isNull: string | null
}

/** A value of variable width as a range of bytes. */
export interface SliceValue {
  readonly data: string
  readonly start: string
  readonly end: string
  /** The column of the batch that has the bytes; null: they are gone with the row. */
  readonly column: number | null
  readonly isNull: string | null
}

export interface RowCodeOptions {
  /** Name of the loop variable: the row in the batch. */
  readonly row: string
  /** Name of the batch parameter. */
  readonly batch: string
  /** Input columns beyond the batch's own that the generator supplies itself, by index (window_start …). */
  readonly extra?: ReadonlyMap<number, CodeValue>
  /** Statement that records the failure (an index into FAILURES) and leaves the row: `fail(3); break row`. */
  readonly onFailure: (failureIndex: number) => string
}

export interface RowCode {
  /** Emits the statements that compute `expression` and returns where its value is. An expression that was
   *  evaluated before at the same place is not computed twice. */
  evaluate(expression: Expression): CodeValue
  /** Where the bytes of the value are, when that is known without making a JavaScript string: of columns of
   *  variable width, and of some functions of them. Emits statements as `evaluate` does. */
  slice(expression: Expression): SliceValue | null
  /** The statements emitted since the last call. */
  takeStatements(): string
  /** Around statements that will be pasted into a block of their own (a branch, an inner loop): values
   *  computed between the two are not reused behind `leave`. */
  enter(): void
  leave(): void
  /** Declarations for the columns used so far; goes before the loop. */
  prologue(): string
  /** A parameter name that will hold `value` in the generated function. */
  bind(value: unknown): string
  /** A fresh local name. */
  local(hint: string): string
  /** Parameter names and values to pass, in the same order. */
  readonly bound: { readonly names: readonly string[]; readonly values: readonly unknown[] }
}

/** Vector locals of batch column `index`, for generators that read bytes themselves. */
export const columnNames = (index: number) => ({
  values: `v${index}`,
  nulls: `n${index}`,
  ends: `e${index}`,
  data: `d${index}`,
  halves: `h${index}`,
})
