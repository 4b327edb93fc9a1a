/** aggregate(project(x)) -> aggregate(x): keys and arguments are computed in the loop that groups. */
import { mapAggregate, partsOfAggregate, substituteColumns } from "../../expr/rewrite.ts"
import { sizeOf } from "../expressions/walk.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import { comesOnce, namesOf } from "../nodes/rebuild.ts"
import { everywhere, MAX_EXPRESSION_SIZE } from "./rule.ts"

export const foldProjectIntoAggregate = everywhere(
  "fold-project-into-aggregate",
  "keys and arguments are computed in the loop that groups",
  (node) => {
    if (node.kind !== "aggregate" || node.input.kind !== "project") return null
    const { input, expressions } = node.input
    const keys = node.keys.map((key) => substituteColumns(key, expressions))
    const aggregates = node.aggregates.map((call) =>
      mapAggregate(call, (part) => substituteColumns(part, expressions)),
    )
    const used = [...keys, ...aggregates.flatMap(partsOfAggregate)]
    if (used.some((expression) => sizeOf(expression) > MAX_EXPRESSION_SIZE)) return null
    const folded = aggregateNode({ input, keys, aggregates, names: namesOf(node), once: comesOnce(node) })
    return (folded.windowKeys === null) === (node.windowKeys === null) ? folded : null
  },
)
