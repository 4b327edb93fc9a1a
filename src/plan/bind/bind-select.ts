/**
 * One SELECT: FROM, WHERE, GROUP BY, HAVING, the SELECT list, DISTINCT. Clauses are bound one by one, so that
 * a problem in one does not hide those in the others; the nodes are put together when all are sound.
 */
import type { Node, ResTarget, SelectStmt } from "libpg-query"
import { BOOLEAN } from "../../columns/types.ts"
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import { Abandoned, findings, Refused } from "../errors.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { conjunctsOf } from "../expressions/join-condition.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import { filterNode } from "../nodes/filter.ts"
import { projectNode } from "../nodes/project.ts"
import type { AggregateNode, PlanNode } from "../plan.ts"
import { keywordBefore } from "../sql/keywords.ts"
import { startOf } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import { bindExpression } from "./bind-expression.ts"
import type { FromContext } from "./bind-from.ts"
import { bindFrom } from "./bind-from.ts"
import { bindGroupBy, groupRows } from "./bind-group.ts"
import type { Bound } from "./bound.ts"
import { demand, settle, typed } from "./bound.ts"
import { figureColumnName } from "./column-name.ts"
import type { Relation, ViewContext, VisibleColumn } from "./context.ts"
import { attempt, present, relationOf } from "./context.ts"
import type { ExpressionContext } from "./expression-context.ts"
import { AggregateCollector } from "./expression-context.ts"
import type { Scope } from "./scope.ts"
import { starColumns } from "./scope.ts"
import { settleJoins } from "./settle-joins.ts"
import { growsForEver, unboundedFinding } from "./state-bound.ts"

/** What PostgreSQL calls a column that has no name. */
export const NO_NAME = "?column?"

export interface Target {
  readonly bound: Bound
  readonly name: string
  readonly byte: number | null
}

export function bindSelect(select: SelectStmt, context: FromContext): Relation {
  const { view } = context
  const nodes = select.targetList ?? []
  const from = select.fromClause ?? []
  if ((select.valuesLists ?? []).length > 0) throw new Abandoned("VALUES was refused")
  if (from.length === 0) throw new Refused(unsupported("no-from"), startOf(nodes))
  if (nodes.length === 0) throw new Refused(unsupported("no-columns"), startOf(from))
  const rows = bindFrom(from, context)
  const aliases = nodes.flatMap((node) =>
    "ResTarget" in node && node.ResTarget.name ? [node.ResTarget.name] : [],
  )
  const scope: Scope = { rows, aliases, outer: null }
  const base = { scope, origins: new WeakMap<Expression, number>(), bind: bindExpression }
  const aggregates = new AggregateCollector()
  const within = (clause: string, grouped: boolean): ExpressionContext => ({
    ...base,
    clause,
    aggregates: grouped ? aggregates : null,
  })

  const targets = nodes.map((node) => attempt(view, () => bindTarget(node, within("the SELECT list", true))))
  const where = conditions(select.whereClause, within("WHERE", false), view)
  const keys = bindGroupBy(select.groupClause ?? [], targets.flat(), within("GROUP BY", false), view)
  const having = condition(select.havingClause, within("HAVING", true), view)
  const distinctOn = refuseDistinctOn(select, view)
  if (targets.includes(null) || distinctOn) present(null)
  const columns = (targets as readonly (readonly Target[])[]).flat()

  const filtered = settleJoins(rows, present(where).conditions, view)
  const isGrouped = keys !== null && keys.length + aggregates.calls.length > 0
  const grouping =
    isGrouped || select.havingClause !== undefined
      ? groupRows({ input: filtered, keys: present(keys), aggregates, columns, origins: base.origins, view })
      : null
  present(keys)
  if (grouping !== null) checkState(grouping.node, select.groupClause ?? select.targetList, view)
  const map = grouping?.rewrite ?? ((expression: Expression) => expression)
  const kept =
    grouping === null ? filtered : filter(grouping.node, mapPredicate(present(having).predicate, map, view))
  const expressions = columns.map(({ bound }) => attempt(view, () => map(settle(bound))))
  const node = project(kept, columns, expressions.map(present))
  if (select.distinctClause === undefined) return withUntyped(node, columns)
  const unique = distinct(node, columns)
  checkState(unique, select.targetList, view)
  return relationOf(unique, placed(columns))
}

function placed(targets: readonly Target[]): readonly VisibleColumn[] {
  return targets.map(({ name, byte }, index) => ({ name, index, byte }))
}

/** Reported here, where the place in the SQL is known; the view still has a plan. */
function checkState(node: AggregateNode, place: unknown, view: ViewContext): void {
  if (growsForEver(node) && !view.acceptsUnboundedState) view.report(unboundedFinding(node), startOf(place))
}

function bindTarget(node: Node, context: ExpressionContext): readonly Target[] {
  assert("ResTarget" in node, "a SELECT list holds targets")
  const { val, name, location, indirection } = node.ResTarget as ResTarget
  assert(val !== undefined && indirection === undefined, "a target of a SELECT list has a value")
  const byte = location ?? null
  if ("ColumnRef" in val && (val.ColumnRef.fields ?? []).some((field) => "A_Star" in field)) {
    const found = starColumns(context.scope, val.ColumnRef.fields ?? [], val.ColumnRef.location ?? byte)
    for (const { reference } of found) if (byte !== null) context.origins.set(reference, byte)
    return found.map((column) => ({ bound: typed(column.reference, byte), name: column.name, byte }))
  }
  const bound = context.bind(val, context)
  const named = name ?? figureColumnName(val) ?? NO_NAME
  if (bound.kind === "typed" && bound.expression.type.kind === "interval") {
    throw new Refused(findings.intervalColumn(named), startOf(val))
  }
  return [{ bound, name: named, byte }]
}

/** Those that WHERE combines by AND, one by one; null when one has problems. */
function conditions(
  node: Node | undefined,
  context: ExpressionContext,
  view: ViewContext,
): { readonly conditions: readonly Expression[] } | null {
  if (node === undefined) return { conditions: [] }
  const bound = attempt(view, () => demand(context.bind(node, context), BOOLEAN, "the condition of WHERE"))
  return bound === null ? null : { conditions: conjunctsOf(bound) }
}

/** Null when it has problems; a predicate of null when the clause is missing. */
function condition(
  node: Node | undefined,
  context: ExpressionContext,
  view: ViewContext,
): { readonly predicate: Expression | null } | null {
  if (node === undefined) return { predicate: null }
  return attempt(view, () => ({
    predicate: conjunction([
      demand(context.bind(node, context), BOOLEAN, `the condition of ${context.clause}`),
    ]),
  }))
}

function refuseDistinctOn(select: SelectStmt, view: ViewContext): boolean {
  const at = startOf(select.distinctClause)
  if (at === null) return false
  view.report(unsupported("distinct-on"), keywordBefore(view.sql, "distinct", at) ?? at)
  return true
}

function filter(input: PlanNode, predicate: Expression | null): PlanNode {
  return predicate === null ? input : filterNode(input, predicate)
}

function mapPredicate(
  predicate: Expression | null,
  map: (expression: Expression) => Expression,
  view: ViewContext,
): Expression | null {
  return predicate === null ? null : present(attempt(view, () => map(predicate)))
}

function project(input: PlanNode, columns: readonly Target[], expressions: readonly Expression[]): PlanNode {
  return projectNode({ input, expressions, names: columns.map((column) => column.name) })
}

/** Untyped literals are text from here on, unless a UNION ALL above finds them another type. */
function withUntyped(node: PlanNode, columns: readonly Target[]): Relation {
  const untyped = new Map<number, string | null>()
  for (const [i, { bound }] of columns.entries()) if (bound.kind === "untyped") untyped.set(i, bound.text)
  return { ...relationOf(node, placed(columns)), untyped }
}

/** DISTINCT is a GROUP BY of all columns. */
function distinct(input: PlanNode, targets: readonly Target[]): AggregateNode {
  const keys = input.columns.map((column, index): ColumnReference => ({ kind: "column", index, ...column }))
  for (const [i, key] of keys.entries()) {
    if (key.type.kind === "json") throw new Refused(findings.jsonKey(key.name), targets[i]?.byte ?? null)
  }
  const names = keys.map((key) => key.name)
  return aggregateNode({ input, keys, aggregates: [], names, once: false })
}
