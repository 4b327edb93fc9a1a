/** Conditions of a join taken apart: which side a conjunct is about, and which equalities can be keys. */
import type { Column } from "../../columns/types.ts"
import { sameType } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { commonType } from "../../expr/resolve.ts"
import { mapColumns } from "../../expr/rewrite.ts"
import type { JoinKey } from "../plan.ts"
import { columnsUsed } from "./walk.ts"

/** Conditions that must all be true, one by one. Where truth alone counts, IS TRUE asks for nothing more. */
export function conjunctsOf(condition: Expression | null): readonly Expression[] {
  if (condition === null) return []
  if (condition.kind === "and") return condition.args.flatMap(conjunctsOf)
  if (condition.kind === "call" && condition.signature === "is_true(boolean)")
    return conjunctsOf(condition.args[0]!)
  return condition.kind === "literal" && condition.value === true ? [] : [condition]
}

export type Side = "left" | "right" | "both" | "none"

/** Whose columns are read, of a row of `width` left columns and the right ones behind them. */
export function sideOf(expression: Expression, width: number): Side {
  const used = [...columnsUsed(expression)]
  const [left, right] = [used.some((index) => index < width), used.some((index) => index >= width)]
  if (left && right) return "both"
  return left ? "left" : right ? "right" : "none"
}

export const shifted = (expression: Expression, by: number): Expression =>
  mapColumns(expression, (column) => ({ ...column, index: column.index + by }))

/** `left = right` over one side each, in one type; null for every other conjunct. */
export function keyOf(conjunct: Expression, width: number): JoinKey | null {
  if (conjunct.kind !== "call" || !conjunct.signature.startsWith("eq(")) return null
  const [a, b] = conjunct.args as readonly [Expression, Expression]
  const sides = `${sideOf(a, width)} ${sideOf(b, width)}`
  if (sides !== "left right" && sides !== "right left") return null
  const [left, right] = sides === "left right" ? [a, b] : [b, a]
  return inOneType({ left, right: shifted(right, -width) })
}

/** Null when the type that both have in common cannot hold every value of either. */
export function inOneType({ left, right }: JoinKey): JoinKey | null {
  if (left.type.kind === "interval") return null
  if (sameType(left.type, right.type)) return { left, right }
  const type = commonType([left.type, right.type])
  const digits = (column: Pick<Column, "type">) =>
    column.type.kind === "decimal" ? column.type.precision - column.type.scale : 0
  if (type === null || digits({ type }) < Math.max(digits(left), digits(right))) return null
  const cast = (input: Expression): Expression =>
    sameType(input.type, type) ? input : { kind: "cast", input, type, nullable: input.nullable }
  return { left: cast(left), right: cast(right) }
}

export interface JoinConditions {
  readonly keys: readonly JoinKey[]
  readonly rest: readonly Expression[]
}

export function splitConditions(conjuncts: readonly Expression[], width: number): JoinConditions {
  const keys: JoinKey[] = []
  const rest: Expression[] = []
  for (const conjunct of conjuncts) {
    const key = keyOf(conjunct, width)
    if (key === null) rest.push(conjunct)
    else keys.push(key)
  }
  return { keys, rest }
}
