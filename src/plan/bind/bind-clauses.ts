/**
 * The clauses of one SELECT over the rows of its FROM. They are bound one by one, so that a problem in one
 * does not hide those in the others; select-plan.ts puts them together when all are sound.
 */
import type { Node, ResTarget, SelectStmt } from "libpg-query"
import { BOOLEAN } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { conjunctsOf } from "../expressions/join-condition.ts"
import { keywordBefore } from "../sql/keywords.ts"
import { startOf } from "../sql/tree.ts"
import { bindExpression } from "./bind-expression.ts"
import type { FromContext } from "./bind-from.ts"
import type { GroupBy } from "./bind-group.ts"
import { bindGroupBy } from "./bind-group.ts"
import type { Limits, Sort } from "./bind-order.ts"
import { bindLimits, bindOrderBy, namedTarget } from "./bind-order.ts"
import { OverCollector } from "./bind-over.ts"
import type { Quantified } from "./bind-subquery.ts"
import { SubqueryCollector } from "./bind-subquery.ts"
import type { Bound } from "./bound.ts"
import { demand, settle, typed } from "./bound.ts"
import { figureColumnName } from "./column-name.ts"
import type { ViewContext } from "./context.ts"
import { attempt, present } from "./context.ts"
import type { ExpressionContext } from "./expression-context.ts"
import { AggregateCollector, NO_BINDERS } from "./expression-context.ts"
import type { FromRows } from "./from-rows.ts"
import { GroupingCollector } from "./grouping-sets.ts"
import type { Scope } from "./scope.ts"
import { starColumns } from "./scope.ts"

/** What PostgreSQL calls a column that has no name. */
export const NO_NAME = "?column?"

export interface Target {
  readonly bound: Bound
  readonly name: string
  readonly byte: number | null
}

/** References are over FROM's rows; aggregates, subqueries and the like have placeholders. */
export interface Clauses {
  readonly rows: FromRows
  readonly targets: readonly Target[]
  readonly where: readonly Expression[]
  readonly quantified: readonly Quantified[]
  readonly groupBy: GroupBy
  /** Null when there is no HAVING. */
  readonly having: readonly Expression[] | null
  /** SELECT DISTINCT; of DISTINCT ON its expressions. */
  readonly distinct: "none" | "all" | readonly Expression[]
  readonly sorts: readonly Sort[]
  readonly limits: Limits | null
  readonly aggregates: AggregateCollector
  readonly subqueries: SubqueryCollector
  readonly overs: OverCollector
  readonly groupings: GroupingCollector
  readonly origins: WeakMap<Expression, number>
  /** Places in the SQL, for problems about a whole clause. */
  readonly places: {
    readonly group: number | null
    readonly list: number | null
    readonly distinct: number | null
  }
}

/** @throws Abandoned when a clause has problems, which are reported */
export function bindClauses(select: SelectStmt, rows: FromRows, context: FromContext): Clauses {
  const { view } = context
  const nodes = select.targetList ?? []
  const aliases = nodes.flatMap((node) =>
    "ResTarget" in node && node.ResTarget.name ? [node.ResTarget.name] : [],
  )
  const scope: Scope = { rows, aliases, outer: context.outer }
  const origins = new WeakMap<Expression, number>()
  const aggregates = new AggregateCollector()
  const subqueries = new SubqueryCollector(context)
  const overs = new OverCollector(select.windowClause ?? [])
  const groupings = new GroupingCollector()
  const plain: ExpressionContext = {
    scope,
    clause: "",
    origins,
    bind: bindExpression,
    ...NO_BINDERS,
    subqueries,
  }
  const within = (clause: string, binders: Partial<ExpressionContext> = {}) => ({
    ...plain,
    clause,
    ...binders,
  })
  const inList = within("the SELECT list", { aggregates, overs, groupings })

  const targets = nodes.map((node) => attempt(view, () => bindTarget(node, inList)))
  const where = bindWhere(select.whereClause, within("WHERE"), { subqueries, view })
  const groupBy = bindGroupBy(select, targets.flat(), within("GROUP BY"), view)
  const having = bindHaving(select.havingClause, within("HAVING", { aggregates, groupings }), view)
  const sound = targets.includes(null) ? null : (targets as readonly (readonly Target[])[]).flat()
  const inOrder = within("ORDER BY", { aggregates, overs, groupings })
  const last = sound === null ? null : bindLast(select, sound, { context: inOrder, view })
  const limits = attempt(view, () => ({ limits: bindLimits(select, view.sql) }))
  const at = startOf(select.targetList)
  const distinctAt =
    select.distinctClause === undefined || at === null ? null : keywordBefore(view.sql, "distinct", at)
  return {
    rows,
    targets: present(sound),
    ...present(where),
    groupBy: present(groupBy),
    ...present(having),
    ...present(last),
    ...present(limits),
    aggregates,
    subqueries,
    overs,
    groupings,
    origins,
    places: { group: startOf(select.groupClause) ?? at, list: at, distinct: distinctAt ?? at },
  }
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

interface Reported {
  readonly view: ViewContext
}

/** What WHERE combines by AND, one by one; null when one of them has problems. */
function bindWhere(
  node: Node | undefined,
  context: ExpressionContext,
  { subqueries, view }: Reported & { readonly subqueries: SubqueryCollector },
): Pick<Clauses, "where" | "quantified"> | null {
  const where: Expression[] = []
  const quantified: Quantified[] = []
  let sound = true
  for (const part of partsOfAnd(node)) {
    const bound = attempt(view, () => subqueries.quantify(part, context) ?? context.bind(part, context))
    if (bound !== null && "relation" in bound) quantified.push(bound)
    else {
      const conditions =
        bound && attempt(view, () => conjunctsOf(demand(bound, BOOLEAN, "the condition of WHERE")))
      if (conditions === null) sound = false
      else where.push(...conditions)
    }
  }
  return sound ? { where, quantified } : null
}

function partsOfAnd(node: Node | undefined): readonly Node[] {
  if (node === undefined) return []
  if (!("BoolExpr" in node) || node.BoolExpr.boolop !== "AND_EXPR") return [node]
  return (node.BoolExpr.args ?? []).flatMap(partsOfAnd)
}

function bindHaving(
  node: Node | undefined,
  context: ExpressionContext,
  view: ViewContext,
): Pick<Clauses, "having"> | null {
  if (node === undefined) return { having: null }
  return attempt(view, () => ({
    having: conjunctsOf(demand(context.bind(node, context), BOOLEAN, "the condition of HAVING")),
  }))
}

/** DISTINCT and ORDER BY, which both look at the SELECT list first. */
function bindLast(
  { distinctClause, sortClause = [] }: SelectStmt,
  targets: readonly Target[],
  { context, view }: Reported & { readonly context: ExpressionContext },
): Pick<Clauses, "distinct" | "sorts"> | null {
  return attempt(view, () => {
    const bind = (node: Node) => settle(context.bind(node, context))
    const sorts = bindOrderBy(sortClause, targets, bind)
    // A plain DISTINCT is a list of one empty node.
    const on = (distinctClause ?? []).filter((node) => Object.keys(node).length > 0)
    if (distinctClause === undefined) return { sorts, distinct: "none" }
    return { sorts, distinct: on.length === 0 ? "all" : on.map((node) => bindOn(node, targets, bind)) }
  })
}

function bindOn(node: Node, targets: readonly Target[], bind: (node: Node) => Expression): Expression {
  const value = namedTarget(node, targets) ?? bind(node)
  if (value.type.kind === "json") throw new Refused(findings.jsonKey("what DISTINCT ON names"), startOf(node))
  return value
}
