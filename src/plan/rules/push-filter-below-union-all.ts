/** filter(union-all(x, y)) -> union-all(filter(x), filter(y)): each branch can push it on. */
import { filterNode } from "../nodes/filter.ts"
import { unionAllNode } from "../nodes/union-all.ts"
import { everywhere } from "./rule.ts"

export const pushFilterBelowUnionAll = everywhere(
  "push-filter-below-union-all",
  "conditions are asked in each branch",
  (node) => {
    if (node.kind !== "filter" || node.input.kind !== "union-all") return null
    return unionAllNode(node.input.inputs.map((input) => filterNode(input, node.predicate)))
  },
)
