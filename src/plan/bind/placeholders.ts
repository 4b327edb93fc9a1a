/**
 * Column references whose place is known only when the clauses of a SELECT are put together: results of
 * subqueries, window functions and grouping(), and columns of the query around a subquery. Each kind has
 * numbers of its own, far above any row's positions; aggregates have the negative ones.
 */
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { mapColumns } from "../../expr/rewrite.ts"
import { columnReferences, rewrite } from "../expressions/walk.ts"

/** Wider than any row. */
const SPAN = 1_000_000
const FIRST = { subquery: SPAN, over: 2 * SPAN, grouping: 3 * SPAN, outer: 10 * SPAN } as const

export type PlaceholderKind = keyof typeof FIRST

export function placeholder(
  kind: PlaceholderKind,
  number: number,
  { name, type, nullable }: Pick<ColumnReference, "name" | "type" | "nullable">,
): ColumnReference {
  return { kind: "column", index: FIRST[kind] + number, name, type, nullable }
}

/** The number of a placeholder of this kind; null for every other reference. Outer ones can be of aggregates,
 *  whose own numbers are negative. */
export function placeholderNumber(kind: PlaceholderKind, { index }: ColumnReference): number | null {
  const number = index - FIRST[kind]
  return number >= (kind === "outer" ? -SPAN : 0) && number < SPAN ? number : null
}

/** An expression over the rows of the query around, as a subquery's condition refers to it. */
export function asOuter(expression: Expression): Expression {
  return mapColumns(expression, (column) => ({ ...column, index: column.index + FIRST.outer }))
}

export function isPlaceholder({ index }: ColumnReference): boolean {
  return index >= SPAN
}

export function numbersIn(kind: PlaceholderKind, expression: Expression): readonly number[] {
  return columnReferences(expression).flatMap((column) => placeholderNumber(kind, column) ?? [])
}

export const readsOuter = (expression: Expression): boolean => numbersIn("outer", expression).length > 0

/** Every placeholder of a kind as what now stands for it; null leaves it. */
export function fill(
  expression: Expression,
  kind: PlaceholderKind,
  value: (number: number) => Expression | null,
): Expression {
  return rewrite(expression, (part) => {
    const number = part.kind === "column" ? placeholderNumber(kind, part) : null
    return number === null ? null : value(number)
  })
}

/** A condition of a subquery: its own columns move by `shift`, parts over outer columns become `outer`'s. */
export function placeOuter(
  expression: Expression,
  outer: (part: Expression) => Expression,
  shift: number,
): Expression {
  return rewrite(expression, (part) => {
    const columns = columnReferences(part)
    if (columns.length > 0 && columns.every((column) => placeholderNumber("outer", column) !== null)) {
      return outer(mapColumns(part, (column) => ({ ...column, index: column.index - FIRST.outer })))
    }
    return part.kind === "column" ? { ...part, index: part.index + shift } : null
  })
}
