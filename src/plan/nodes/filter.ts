/** WHERE and HAVING. A row that is replaced may stop to pass, so an upsert becomes a retraction. */
import type { Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import { columnsUsed } from "../expressions/walk.ts"
import type { ChangeKind, FilterNode, PlanNode } from "../plan.ts"

export function filterNode(input: PlanNode, predicate: Expression): FilterNode {
  assert(predicate.type.kind === "boolean", "a predicate is boolean")
  const { columns, key, timeColumn, windowColumns, delayUs } = input
  return Object.freeze({
    kind: "filter",
    input,
    predicate,
    columns,
    changes: changesOf(input, predicate),
    key,
    timeColumn,
    windowColumns,
    delayUs,
  })
}

/** Over the key alone, all versions of a row pass or none does. */
function changesOf({ changes, key }: PlanNode, predicate: Expression): ChangeKind {
  if (changes !== "upsert") return changes
  const overKey = key !== null && [...columnsUsed(predicate)].every((index) => key.includes(index))
  return overKey ? "upsert" : "retract"
}
