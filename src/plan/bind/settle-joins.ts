/**
 * The joins of a FROM together with its WHERE: a condition goes down to the side that it is about, an
 * equality of both sides becomes a key, and then it is known what bounds each join. Below a left join only
 * what is about its left side goes down, below a full join nothing: their other rows stand beside NULLs.
 */
import type { Expression } from "../../expr/expression.ts"
import { substituteColumns } from "../../expr/rewrite.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { filterNode } from "../nodes/filter.ts"
import { joinNode } from "../nodes/join.ts"
import { projectNode } from "../nodes/project.ts"
import { namesOf } from "../nodes/rebuild.ts"
import type { JoinNode, PlanNode } from "../plan.ts"
import { splitOverJoin } from "../rules/push-filter-into-join.ts"
import type { ViewContext } from "./context.ts"
import type { FromRows } from "./from-rows.ts"
import { boundJoin } from "./join-state.ts"

export function settleJoins(
  { node, joins }: FromRows,
  conjuncts: readonly Expression[],
  view: ViewContext,
): PlanNode {
  const settle = (current: PlanNode, conditions: readonly Expression[]): PlanNode => {
    if (!joins.has(current)) return filtered(current, conditions)
    if (current.kind === "project") {
      const { expressions } = current
      const below = conditions.map((condition) => substituteColumns(condition, expressions))
      return projectNode({ input: settle(current.input, below), expressions, names: namesOf(current) })
    }
    return settleJoin(current as JoinNode, conditions)
  }
  const settleJoin = (join: JoinNode, conditions: readonly Expression[]): PlanNode => {
    const { left, right, keys, condition, above } = splitOverJoin(join, conditions)
    const { type } = join
    const sides = { left: settle(join.left, left), right: settle(join.right, right) }
    const bounded = boundJoin({ type, ...sides, keys, condition }, joins.get(join) ?? null, view)
    return filtered(joinNode(bounded), above)
  }
  return settle(node, conjuncts)
}

export function filtered(node: PlanNode, conditions: readonly Expression[]): PlanNode {
  return conditions.length === 0 ? node : filterNode(node, conjunction(conditions))
}
