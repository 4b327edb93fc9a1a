/**
 * Where the rows of session() may go: through SELECT lists into a GROUP BY of its sessions, whose rows may
 * go anywhere. Each new row changes the bounds of all rows of its session: they are kept for groups only.
 */

import type { Expression } from "../../expr/expression.ts"
import { someColumn } from "../../expr/rewrite.ts"
import type { Finding } from "../errors.ts"
import { findings } from "../errors.ts"
import { inputsOf, nodesOf } from "../nodes/rebuild.ts"
import type { PlanNode } from "../plan.ts"
import type { ViewContext } from "./context.ts"
import { growsForEver } from "./state-bound.ts"

/** What is wrong with the use of session(), or null. Groups that never close are reported elsewhere. */
export function sessionProblem(
  root: PlanNode,
  { acceptsUnboundedState }: Pick<ViewContext, "acceptsUnboundedState">,
): Finding | null {
  if (carries(root)) return findings.sessionUse("are not grouped", GROUP)
  for (const node of nodesOf(root)) {
    if (!inputsOf(node).some(carries)) continue
    if (node.kind === "aggregate" && growsForEver(node) && !acceptsUnboundedState) continue
    const problem = problemOf(node)
    if (problem !== null) return problem
  }
  return null
}

const GROUP = "group by the session's keys and window_end, such as GROUP BY user_id, window_start, window_end"
const FILTER =
  "filter its source before (WITH f AS (SELECT … WHERE …) … session(f, …)), or its groups with HAVING"
const BOUND = "group by the bound alone and compute with it in the SELECT list"

function carries(node: PlanNode): boolean {
  return (
    node.kind === "session" || ((node.kind === "project" || node.kind === "filter") && carries(node.input))
  )
}

function problemOf(node: PlanNode): Finding | null {
  switch (node.kind) {
    case "filter":
      return findings.sessionUse("are filtered before they are grouped", FILTER)
    case "project":
      return node.expressions.some((each) => computesWithBound(each, node.input))
        ? findings.sessionUse("have bounds that are computed with before they are grouped", BOUND)
        : null
    case "aggregate": {
      if (node.windowKeys === null) return findings.sessionUse("are not grouped by their sessions", GROUP)
      const args = node.aggregates.flatMap(({ argument }) => argument ?? [])
      const reads = args.some((each) => readsBound(each, node.input))
      return reads || node.keys.some((key) => computesWithBound(key, node.input))
        ? findings.sessionUse("have bounds that are computed with before they are grouped", BOUND)
        : null
    }
    default:
      return findings.sessionUse("are read by more than a GROUP BY", GROUP)
  }
}

/** Behind the node that made them, bounds are known by the window columns that are handed on. */
function readsBound(expression: Expression, { windowColumns }: PlanNode): boolean {
  if (windowColumns === null) return false
  const { start, end } = windowColumns
  return someColumn(expression, ({ index }) => index === start || index === end)
}

function computesWithBound(expression: Expression, input: PlanNode): boolean {
  return expression.kind !== "column" && readsBound(expression, input)
}
