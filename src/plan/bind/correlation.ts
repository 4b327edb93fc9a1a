/**
 * What ties a subquery to the query around it, taken out of its WHERE: conditions that read outer columns are
 * asked by the join instead, and what they read of the subquery's own rows becomes hidden columns.
 */
import type { Expression } from "../../expr/expression.ts"
import { mapColumns } from "../../expr/rewrite.ts"
import { canonical } from "../expressions/canonical.ts"
import { columnReferences, rewrite } from "../expressions/walk.ts"
import { placeholderNumber, readsOuter } from "./placeholders.ts"

export interface Correlation {
  /** Over the subquery's FROM rows. */
  readonly hidden: readonly Expression[]
  /** Own columns are positions in `hidden`. */
  readonly conditions: readonly Expression[]
  /** Each is an equality of one hidden column with an outer value. */
  readonly byEquality: boolean
}

export function liftCorrelation(conditions: readonly Expression[]): Correlation {
  const hidden: Expression[] = []
  const hide = (value: Expression): Expression => {
    const text = canonical(value)
    const known = hidden.findIndex((other) => canonical(other) === text)
    const index = known >= 0 ? known : hidden.push(value) - 1
    const name = value.kind === "column" ? value.name : `tied_${index + 1}`
    return { kind: "column", index, name, type: value.type, nullable: value.nullable }
  }
  let byEquality = true
  const lifted = conditions.map((condition) => {
    if (isEquality(condition)) {
      const args = condition.args.map((arg) => (readsOuter(arg) ? arg : hide(arg)))
      return { ...condition, args }
    }
    byEquality = false
    return rewrite(condition, (part) => (part.kind !== "column" || readsOuter(part) ? null : hide(part)))
  })
  return { hidden, conditions: lifted, byEquality }
}

/** Own columns move behind `width` visible ones. */
export function behind({ conditions }: Correlation, width: number): readonly Expression[] {
  return conditions.map((condition) =>
    mapColumns(condition, (column) =>
      readsOuter(column) ? column : { ...column, index: column.index + width },
    ),
  )
}

function isEquality(condition: Expression): condition is Expression & { readonly kind: "call" } {
  if (condition.kind !== "call" || !condition.signature.startsWith("eq(")) return false
  const sides = condition.args.map((arg) => {
    const kinds = new Set(columnReferences(arg).map((column) => placeholderNumber("outer", column) !== null))
    return kinds.size === 1 ? (kinds.has(true) ? "outer" : "own") : "neither"
  })
  return sides.includes("outer") && sides.includes("own")
}
