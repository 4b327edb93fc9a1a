/** project(project(x)) -> project(x), and project(x) -> x when it hands on all columns as they are. */

import type { Expression } from "../../expr/expression.ts"
import { substituteColumns } from "../../expr/rewrite.ts"
import { sizeOf } from "../expressions/walk.ts"
import { projectNode } from "../nodes/project.ts"
import { namesOf } from "../nodes/rebuild.ts"
import type { ProjectNode } from "../plan.ts"
import { everywhere, MAX_EXPRESSION_SIZE } from "./rule.ts"

export const composeProjects = everywhere("compose-projects", "columns are computed in one step", (node) => {
  if (node.kind !== "project" || node.input.kind !== "project") return null
  const inner = node.input
  const expressions = node.expressions.map((expression) => substituteColumns(expression, inner.expressions))
  if (expressions.some((expression) => sizeOf(expression) > MAX_EXPRESSION_SIZE)) return null
  return projectNode({ input: inner.input, expressions, names: namesOf(node) })
})

export const dropIdentityProject = everywhere(
  "drop-identity-project",
  "a step that hands on all columns as they are is left out",
  (node) => (node.kind === "project" && isIdentity(node) ? node.input : null),
)

function isIdentity({ input, expressions, columns }: ProjectNode): boolean {
  const same = (expression: Expression, i: number) =>
    expression.kind === "column" && expression.index === i && columns[i]!.name === input.columns[i]?.name
  return expressions.length === input.columns.length && expressions.every(same)
}
