/**
 * filter(join(x, y)): what is about one side goes below the join, equalities of both become keys, the rest
 * the condition. Of a left join only conditions about its left side move: those about the other side decide
 * on rows beside NULLs too, so that they must stay above. A full join keeps everything above.
 */
import type { Expression } from "../../expr/expression.ts"
import { conjunction } from "../expressions/conjunction.ts"
import type { Side } from "../expressions/join-condition.ts"
import { conjunctsOf, shifted, sideOf, splitConditions } from "../expressions/join-condition.ts"
import { filterNode } from "../nodes/filter.ts"
import { joinNode } from "../nodes/join.ts"
import { comesOnce } from "../nodes/rebuild.ts"
import type { JoinKey, JoinNode, PlanNode } from "../plan.ts"
import { everywhere } from "./rule.ts"

export interface SplitConditions {
  /** Over each side's own columns. */
  readonly left: readonly Expression[]
  readonly right: readonly Expression[]
  /** The join's, with those that were added. */
  readonly keys: readonly JoinKey[]
  readonly condition: Expression | null
  /** Over the join's rows. */
  readonly above: readonly Expression[]
}

/** Conditions above a join, and its own, where they can be asked first. */
export function splitOverJoin(join: JoinNode, conjuncts: readonly Expression[]): SplitConditions {
  const { type } = join
  const width = join.left.columns.length
  const own = conjunctsOf(join.condition)
  const about = (conditions: readonly Expression[], ...sides: readonly Side[]) =>
    conditions.filter((condition) => sides.includes(sideOf(condition, width)))
  const toRight = (conditions: readonly Expression[]) =>
    conditions.map((condition) => shifted(condition, -width))
  const kept = (conditions: readonly Expression[], keys: readonly JoinKey[] = []) => ({
    keys: [...join.keys, ...keys],
    condition: conditions.length === 0 ? null : conjunction(conditions),
  })
  switch (type) {
    case "inner": {
      const all = [...own, ...conjuncts]
      const { keys, rest } = splitConditions(about(all, "both"), width)
      const inside = kept(rest, keys)
      return {
        left: about(all, "left"),
        right: toRight(about(all, "right")),
        ...inside,
        above: about(all, "none"),
      }
    }
    case "left":
    case "semi":
    case "anti": {
      const inside = kept(about(own, "left", "both", "none"))
      const above = about(conjuncts, "right", "both", "none")
      return { left: about(conjuncts, "left"), right: toRight(about(own, "right")), ...inside, above }
    }
    case "full":
      return { left: [], right: [], ...kept(own), above: conjuncts }
  }
}

export const pushFilterIntoJoin = everywhere(
  "push-filter-into-join",
  "conditions go to the side that they are about, equalities become keys",
  (node) => {
    if (node.kind === "join") return push(node, [])
    if (node.kind !== "filter" || node.input.kind !== "join") return null
    return push(node.input, conjunctsOf(node.predicate))
  },
)

/** Null when everything is where it belongs. */
function push(join: JoinNode, conjuncts: readonly Expression[]): PlanNode | null {
  const { left, right, keys, condition, above } = splitOverJoin(join, conjuncts)
  if (left.length + right.length === 0 && above.length === conjuncts.length) return null
  const filtered = (node: PlanNode, conditions: readonly Expression[]) =>
    conditions.length === 0 ? node : filterNode(node, conjunction(conditions))
  const sides = { left: filtered(join.left, left), right: filtered(join.right, right) }
  const { type, bound } = join
  const pushed = joinNode({ type, ...sides, keys, condition, bound, once: comesOnce(join) })
  return filtered(pushed, above)
}
