/** UNION ALL: types are settled pair by pair from the left, as PostgreSQL does. Names are the left side's. */
import type { LogicalType } from "../../columns/types.ts"
import { sameType, typeName } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { commonType } from "../../expr/resolve.ts"
import { findings, Refused } from "../errors.ts"
import { projectNode } from "../nodes/project.ts"
import { unionAllNode } from "../nodes/union-all.ts"
import type { PlanNode } from "../plan.ts"
import { castTo, parseUntyped } from "./bound.ts"
import type { Relation } from "./context.ts"
import { relationOf } from "./context.ts"

export function bindUnionAll(left: Relation, right: Relation, byte: number | null): Relation {
  const [width, other] = [left.columns.length, right.columns.length]
  if (width !== other) throw new Refused(findings.unionColumns(width, other), byte)
  const types = left.columns.map((column, i) => {
    const sides = [left, right] as const
    const type = commonType(
      sides.map((side) => (side.untyped.has(i) ? "unknown" : columnType(side, i))),
      sides.map((side) => side.untyped.get(i)),
    )
    if (type !== null) return type
    const [a, b] = sides.map((side) => typeName(columnType(side, i)))
    throw new Refused(findings.noCommonType(`column ${column.name} of UNION ALL`, a!, b!), byte)
  })
  const inputs = [...branchesOf(left), right].map((branch) => conform(branch, types, byte))
  const columns = left.columns.map(({ name, byte = null }, index) => ({ name, index, byte }))
  return relationOf(unionAllNode(inputs), columns)
}

/** A union on the left gives its branches, so that a chain of UNION ALL is one node. */
function branchesOf(relation: Relation): readonly Relation[] {
  return relation.node.kind === "union-all"
    ? relation.node.inputs.map((input) => relationOf(input))
    : [relation]
}

function columnType(relation: Relation, position: number): LogicalType {
  return relation.node.columns[relation.columns[position]!.index]!.type
}

/** The relation's visible columns in these types. */
function conform(relation: Relation, types: readonly LogicalType[], byte: number | null): PlanNode {
  const { node, columns, untyped } = relation
  const asIs =
    columns.length === node.columns.length &&
    columns.every(({ index, name }, i) => {
      const column = node.columns[index]!
      return index === i && name === column.name && sameType(column.type, types[i]!)
    })
  if (asIs) return node
  const expressions = columns.map(({ index }, i): Expression => {
    const type = types[i]!
    if (untyped.has(i)) return parseUntyped({ text: untyped.get(i) ?? null, byte }, type)
    const column = node.columns[index]!
    return castTo({ kind: "column", index, ...column }, type)
  })
  return projectNode({ input: node, expressions, names: columns.map((column) => column.name) })
}
