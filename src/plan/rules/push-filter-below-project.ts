/**
 * filter(project(x)) -> project(filter(x)): rows that go are not computed, and cannot fail, as in PostgreSQL.
 */
import { substituteColumns } from "../../expr/rewrite.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { sizeOf } from "../expressions/walk.ts"
import { filterNode } from "../nodes/filter.ts"
import { projectNode } from "../nodes/project.ts"
import { namesOf } from "../nodes/rebuild.ts"
import { everywhere, MAX_EXPRESSION_SIZE } from "./rule.ts"

export const pushFilterBelowProject = everywhere(
  "push-filter-below-project",
  "conditions are asked before columns are computed",
  (node) => {
    if (node.kind !== "filter" || node.input.kind !== "project") return null
    const { input, expressions } = node.input
    const predicate = conjunction([substituteColumns(node.predicate, expressions)])
    if (sizeOf(predicate) > MAX_EXPRESSION_SIZE) return null
    return projectNode({ input: filterNode(input, predicate), expressions, names: namesOf(node) })
  },
)
