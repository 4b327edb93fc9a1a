/** UNION ALL: all rows of all inputs, whose columns agree in number and type. Names are the first input's. */
import { isInstant, sameType, TIMESTAMP } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { PlanNode, UnionAllNode } from "../plan.ts"
import { sameWindows as agree } from "./window.ts"

export function unionAllNode(inputs: readonly PlanNode[]): UnionAllNode {
  const first = inputs[0]
  assert(first !== undefined && inputs.length > 1, "a union has two inputs or more")
  for (const input of inputs) {
    const same = input.columns.every((column, i) => sameType(column.type, first.columns[i]!.type))
    assert(same && input.columns.length === first.columns.length, "a union's inputs have the same types")
  }
  const sameWindows = inputs.every((input) => agree(input.windowColumns, first.windowColumns))
  const sameTime = sameWindows && inputs.every((input) => input.timeColumn === first.timeColumn)
  return Object.freeze({
    kind: "union-all",
    inputs,
    columns: first.columns.map((column, i) => ({
      ...column,
      // A local time beside an instant is one.
      type: inputs.some((input) => isInstant(input.columns[i]!.type)) ? TIMESTAMP : column.type,
      nullable: inputs.some((input) => input.columns[i]!.nullable),
    })),
    changes: inputs.every((input) => input.changes === "append") ? "append" : "retract",
    key: null,
    timeColumn: sameTime ? first.timeColumn : null,
    windowColumns: sameWindows ? first.windowColumns : null,
    delayUs: inputs.reduce((most, { delayUs }) => (delayUs > most ? delayUs : most), 0n),
  })
}
