/**
 * UNION, INTERSECT and EXCEPT, with and without ALL. Types are settled pair by pair from the left, as
 * PostgreSQL does; names are the left side's. INTERSECT and EXCEPT count how often a row is on either side:
 *
 *   INTERSECT   left > 0 and right > 0      INTERSECT ALL   least(left, right) times
 *   EXCEPT      left > 0 and right = 0      EXCEPT ALL      left - right times
 */
import type { LogicalType } from "../../columns/types.ts"
import { INT32, INT64, sameType, typeName } from "../../columns/types.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { commonType, resolveFunction } from "../../expr/resolve.ts"
import { findings, Refused } from "../errors.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import { filterNode } from "../nodes/filter.ts"
import { projectNode } from "../nodes/project.ts"
import { namesOf } from "../nodes/rebuild.ts"
import { repeatNode } from "../nodes/repeat.ts"
import { unionAllNode } from "../nodes/union-all.ts"
import type { AggregateNode, PlanNode } from "../plan.ts"
import { applyOperator } from "./bind-operator.ts"
import { castTo, literal, parseUntyped, settle, typed } from "./bound.ts"
import type { Relation, ViewContext } from "./context.ts"
import { relationOf } from "./context.ts"
import { makeCall } from "./expression-context.ts"
import { referTo } from "./place-over.ts"
import { distinctOf } from "./select-list.ts"
import { growsForEver, unboundedFinding } from "./state-bound.ts"

export interface SetOperation {
  readonly kind: "union" | "intersect" | "except"
  readonly all: boolean
  readonly byte: number | null
}

/** @throws Refused union-columns, no-common-type, json-key */
export function bindSetOperation(
  left: Relation,
  right: Relation,
  operation: SetOperation,
  view: ViewContext,
): Relation {
  const { kind, all, byte } = operation
  const types = commonTypes(left, right, operation)
  const columns = left.columns.map(({ name, byte: at = null }, index) => ({ name, index, byte: at }))
  if (kind === "union") {
    const inputs = [...(all ? branchesOf(left) : [left]), right].map((branch) => conform(branch, types, byte))
    const union = unionAllNode(inputs)
    return relationOf(
      all
        ? union
        : checked(
            distinctOf(union, () => byte),
            byte,
            view,
          ),
      columns,
    )
  }
  const counted = countSides(
    [left, right].map((branch) => conform(branch, types, byte)),
    byte,
  )
  const [fromLeft, fromRight] = [referTo(counted, types.length), referTo(counted, types.length + 1)]
  const kept = keep(checked(counted, byte, view), operation, [fromLeft, fromRight])
  const own = types.map((_, index) => referTo(kept, index))
  return relationOf(
    projectNode({ input: kept, expressions: own, names: own.map(({ name }) => name) }),
    columns,
  )
}

function commonTypes(
  left: Relation,
  right: Relation,
  { kind, all, byte }: SetOperation,
): readonly LogicalType[] {
  const word = `${kind.toUpperCase()}${all ? " ALL" : ""}`
  const [width, other] = [left.columns.length, right.columns.length]
  if (width !== other) throw new Refused(findings.unionColumns(word, width, other), byte)
  return left.columns.map((column, i) => {
    const sides = [left, right] as const
    const type = commonType(
      sides.map((side) => (side.untyped.has(i) ? "unknown" : columnType(side, i))),
      sides.map((side) => side.untyped.get(i)),
    )
    if (type !== null) return type
    const [a, b] = sides.map((side) => typeName(columnType(side, i)))
    throw new Refused(findings.noCommonType(`column ${column.name} of ${word}`, a!, b!), byte)
  })
}

function checked(node: AggregateNode, byte: number | null, view: ViewContext): AggregateNode {
  if (growsForEver(node) && !view.acceptsUnboundedState) view.report(unboundedFinding(node), byte)
  return node
}

/** Each different row of both sides, and how often it is in the left and in the right one. */
function countSides(sides: readonly PlanNode[], byte: number | null): AggregateNode {
  const width = sides[0]!.columns.length
  const marked = sides.map((input, side) => {
    const marks = sides.map((_, other) => literal(side === other ? 1 : null, INT32))
    const own = input.columns.map((_, index) => referTo(input, index))
    return projectNode({
      input,
      expressions: [...own, ...marks],
      names: [...namesOf(input), "in_left", "in_right"],
    })
  })
  const rows = unionAllNode(marked)
  const keys = distinctOf(rows, () => byte).keys.slice(0, width)
  const count = (column: number): AggregateCall => ({
    kind: "aggregate",
    name: "count",
    argument: referTo(rows, column),
    distinct: false,
    type: INT64,
    nullable: false,
  })
  const aggregates = [count(width), count(width + 1)]
  return aggregateNode({ input: rows, keys, aggregates, names: namesOf(rows), once: false })
}

function keep(
  node: AggregateNode,
  { kind, all }: SetOperation,
  [left, right]: readonly [Expression, Expression],
): PlanNode {
  const apply = (operator: string, a: Expression, b: Expression) =>
    settle(applyOperator(operator, [typed(a, null), typed(b, null)], null))
  const zero = literal(0n, INT64)
  if (all) {
    const least = { name: "least", resolution: resolveFunction("least", [INT64, INT64]), byte: null }
    const both = [typed(left, null), typed(right, null)]
    return repeatNode(
      node,
      kind === "except" ? apply("-", left, right) : settle(makeCall({ ...least, args: both })),
    )
  }
  const inRight = apply(kind === "except" ? "=" : ">", right, zero)
  return filterNode(node, conjunction([apply(">", left, zero), inRight]))
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
