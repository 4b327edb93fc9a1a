/**
 * The clauses of a SELECT put together, in the order in which PostgreSQL runs them:
 *
 *   FROM and WHERE -> IN and EXISTS -> subqueries that WHERE or GROUP BY ask -> GROUP BY
 *   -> subqueries that the list asks -> HAVING -> OVER -> the list -> DISTINCT -> ORDER BY with LIMIT
 *
 * Columns that only later steps need (what ORDER BY sorts by, what ties a subquery) stand behind the list.
 */
import { INT64 } from "../../columns/types.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { mapAggregate, partsOfAggregate } from "../../expr/rewrite.ts"
import { findings, Refused } from "../errors.ts"
import { canonical } from "../expressions/canonical.ts"
import { rewrite } from "../expressions/walk.ts"
import type { PlanNode } from "../plan.ts"
import type { Attachment } from "./attach-subquery.ts"
import { attachSubquery, joinQuantified } from "./attach-subquery.ts"
import type { Clauses } from "./bind-clauses.ts"
import type { Grouping } from "./bind-group.ts"
import { groupRows } from "./bind-group.ts"
import { literal, settle } from "./bound.ts"
import type { Relation, ViewContext } from "./context.ts"
import { attempt, present } from "./context.ts"
import type { Correlation } from "./correlation.ts"
import { liftCorrelation } from "./correlation.ts"
import { placeOvers } from "./place-over.ts"
import { fill, numbersIn, readsOuter } from "./placeholders.ts"
import { planList } from "./select-list.ts"
import { filtered, settleJoins } from "./settle-joins.ts"
import { growsForEver, unboundedFinding } from "./state-bound.ts"

type Map = (expression: Expression) => Expression

/** Rows so far, and what an expression of the clauses is over them. */
export interface Stage {
  readonly node: PlanNode
  readonly map: Map
}

/** @throws Refused, Abandoned */
export function planSelect(clauses: Clauses, view: ViewContext): Relation {
  const { rows, tied } = planRows(clauses, view)
  const { stage, grouping } = planGroups(clauses, rows, { tied, view })
  const asked = attachAll(stage, clauses, { numbers: lateSubqueries(clauses), view })
  const having = (clauses.having ?? []).map((condition) => present(attempt(view, () => asked.map(condition))))
  const grouped: Stage = { node: filtered(asked.node, having), map: asked.map }
  const partition = tied.hidden.map(grouped.map)
  const { node, values } = placeOvers(grouped.node, clauses.overs.requests, {
    map: grouped.map,
    partition,
    view,
  })
  const map: Map = (expression) => fill(grouped.map(expression), "over", (number) => values[number]!)
  const { timeColumn } = grouped.node
  const relation = planList(clauses, { node, map }, { tied, timeColumn, view })
  if (grouping === null || clauses.groupBy.written || clauses.having !== null) return relation
  return { ...relation, emptyValues: clauses.targets.map(({ bound }) => overNoRows(settle(bound), clauses)) }
}

interface Rows {
  readonly rows: Stage
  readonly tied: Correlation
}

/** FROM, WHERE, and the subqueries that they and GROUP BY ask. */
function planRows(clauses: Clauses, view: ViewContext): Rows {
  const { where, quantified } = clauses
  const isPlain = (condition: Expression) =>
    !readsOuter(condition) && numbersIn("subquery", condition).length === 0
  const identity: Attachment = { outer: (part) => part, view }
  const joined = settleJoins(clauses.rows, where.filter(isPlain), view)
  const narrowed = quantified.reduce((node, each) => joinQuantified(node, each, identity), joined)
  const numbers = earlySubqueries(clauses)
  const asked = attachAll({ node: narrowed, map: (part) => part }, clauses, { numbers, view })
  const others = where.filter((condition) => !isPlain(condition)).map(asked.map)
  const node = filtered(
    asked.node,
    others.filter((condition) => !readsOuter(condition)),
  )
  return { rows: { node, map: asked.map }, tied: liftCorrelation(others.filter(readsOuter)) }
}

interface Tied {
  readonly tied: Correlation
  readonly view: ViewContext
}

function planGroups(
  clauses: Clauses,
  rows: Stage,
  { tied, view }: Tied,
): { readonly stage: Stage; readonly grouping: Grouping | null } {
  const { groupBy, aggregates, groupings, having, targets, origins, places } = clauses
  const isGrouped =
    groupBy.written || aggregates.calls.length + groupings.requests.length > 0 || having !== null
  if (!isGrouped) return { stage: rows, grouping: null }
  if (tied.conditions.length > 0) checkTied(clauses, tied)
  const keys = groupBy.keys.map(rows.map)
  const positions = tied.hidden.map((value) => {
    const known = keys.findIndex((key) => canonical(key) === canonical(value))
    return known >= 0 ? known : keys.push(value) - 1
  })
  const grouping = groupRows({
    input: rows.node,
    keys,
    sets: groupBy.sets.map((set) => [...new Set([...set, ...positions])]),
    aggregates: aggregates.calls.map((call) => overRows(call, rows.map)),
    groupings: groupings.requests.map((request) => ({ ...request, args: request.args.map(rows.map) })),
    columns: targets,
    origins,
  })
  const grows = grouping.aggregations.find(growsForEver)
  if (grows !== undefined && !view.acceptsUnboundedState) view.report(unboundedFinding(grows), places.group)
  return {
    stage: { node: grouping.node, map: (expression) => grouping.rewrite(rows.map(expression)) },
    grouping,
  }
}

/** @throws Refused subquery-condition, subquery-form */
function checkTied({ groupBy, having, places }: Clauses, { byEquality }: Correlation): void {
  if (!byEquality) throw new Refused(findings.subqueryCondition("a subquery with aggregates"), places.list)
  if (groupBy.sets.length > 1)
    throw new Refused(findings.subqueryForm("ROLLUP in a tied subquery"), places.list)
  if (!groupBy.written && having !== null) {
    throw new Refused(findings.subqueryForm("HAVING without GROUP BY in a tied subquery"), places.list)
  }
}

function overRows(call: AggregateCall, map: Map): AggregateCall {
  return mapAggregate(call, map)
}

/** Subqueries whose values WHERE, GROUP BY or an aggregate needs: they are asked of FROM's rows. */
function earlySubqueries({ where, groupBy, aggregates, overs, ...clauses }: Clauses): readonly number[] {
  const isGrouped = groupBy.written || aggregates.calls.length > 0 || clauses.having !== null
  if (!isGrouped) return where.flatMap((condition) => numbersIn("subquery", condition))
  const asking = [...where, ...groupBy.keys, ...aggregates.calls.flatMap(partsOfAggregate)]
  return [...new Set(asking.flatMap((expression) => numbersIn("subquery", expression)))]
}

function lateSubqueries(clauses: Clauses): readonly number[] {
  const early = new Set(earlySubqueries(clauses))
  return [...clauses.subqueries.found.keys()].filter((number) => !early.has(number))
}

interface Asked {
  readonly numbers: readonly number[]
  readonly view: ViewContext
}

/** Joins the subqueries to the rows one after the other. */
function attachAll(stage: Stage, { subqueries }: Clauses, { numbers, view }: Asked): Stage {
  const values = new Map<number, Expression>()
  let { node } = stage
  for (const number of numbers) {
    const attached = attachSubquery(node, subqueries.found[number]!, { outer: stage.map, view })
    node = attached.node
    values.set(number, attached.value)
  }
  const value = (number: number) => values.get(number) ?? null
  return { node, map: (expression) => fill(stage.map(expression), "subquery", value) }
}

/** A value of the list where there is no row to aggregate: counts are 0, all else is NULL. */
function overNoRows(expression: Expression, { aggregates }: Clauses): Expression {
  return rewrite(expression, (part) => {
    if (part.kind !== "column" || part.index >= 0) return null
    const call = aggregates.calls[-1 - part.index]!
    return call.nullable ? literal(null, call.type) : literal(0n, INT64)
  })
}
