/** filter(filter(x)) -> filter(x): the inner condition first, as its rows decided what the outer one saw. */
import { conjunction } from "../expressions/conjunction.ts"
import { filterNode } from "../nodes/filter.ts"
import { everywhere } from "./rule.ts"

export const mergeFilters = everywhere("merge-filters", "conditions are asked in one step", (node) => {
  if (node.kind !== "filter" || node.input.kind !== "filter") return null
  return filterNode(node.input.input, conjunction([node.input.predicate, node.predicate]))
})
