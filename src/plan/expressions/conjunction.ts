/**
 * Conditions that must all be true, checked from the left. PostgreSQL leaves a row at the first condition of
 * a WHERE that is false or NULL; AND as an expression goes on after NULL, and what comes next might fail. So
 * a condition that can be NULL is asked `IS TRUE` where a later one can fail.
 */
import { BOOLEAN } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { childrenOf } from "../../expr/rewrite.ts"

export function conjunction(conditions: readonly Expression[]): Expression {
  const flat = conditions.flatMap((condition) => (condition.kind === "and" ? condition.args : [condition]))
  const lastFailing = flat.findLastIndex((condition) => !cannotFail(condition))
  const args = flat.map((condition, i) =>
    condition.nullable && i < lastFailing ? isTrue(condition) : condition,
  )
  if (args.length === 1) return args[0]!
  return { kind: "and", args, type: BOOLEAN, nullable: args.some((arg) => arg.nullable) }
}

function isTrue(condition: Expression): Expression {
  return { kind: "call", signature: "is_true(boolean)", args: [condition], type: BOOLEAN, nullable: false }
}

/** Calls that have a value for every argument; anything else is taken to be able to fail. */
const TOTAL = new Set(
  (
    "eq ne lt lte gt gte in not_in between not_between not is_null is_not_null is_true is_not_true " +
    "is_false is_not_false is_unknown is_not_unknown is_distinct is_not_distinct begins " +
    "starts_with length lower upper"
  ).split(" "),
)

export function cannotFail(expression: Expression): boolean {
  if (expression.kind === "cast") return false
  if (expression.kind === "call") {
    const name = expression.signature.slice(0, expression.signature.indexOf("("))
    if (!TOTAL.has(name)) return false
  }
  return childrenOf(expression).every(cannotFail)
}
