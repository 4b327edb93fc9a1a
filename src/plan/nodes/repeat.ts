/** INTERSECT ALL and EXCEPT ALL end in it: each row as often as a column says. */
import type { Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { PlanNode, RepeatNode } from "../plan.ts"

export function repeatNode(input: PlanNode, times: Expression): RepeatNode {
  assert(times.type.kind === "int64", "a number of times is an int64")
  const { columns, timeColumn, windowColumns, delayUs } = input
  return Object.freeze({
    kind: "repeat",
    input,
    times,
    columns,
    changes: input.changes === "append" ? "append" : "retract",
    key: null,
    timeColumn,
    windowColumns,
    delayUs,
  })
}
