/** The SELECT list over its rows, then DISTINCT, DISTINCT ON, and ORDER BY with LIMIT. */
import type { Expression } from "../../expr/expression.ts"
import { findings, Refused } from "../errors.ts"
import { canonical } from "../expressions/canonical.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import { projectNode } from "../nodes/project.ts"
import { rankNode } from "../nodes/rank.ts"
import { namesOf } from "../nodes/rebuild.ts"
import type { OrderTerm, PlanNode } from "../plan.ts"
import type { Clauses, Target } from "./bind-clauses.ts"
import type { Limits, Sort } from "./bind-order.ts"
import { settle } from "./bound.ts"
import type { Relation, ViewContext, VisibleColumn } from "./context.ts"
import { attempt, present } from "./context.ts"
import type { Correlation } from "./correlation.ts"
import { behind } from "./correlation.ts"
import { referTo } from "./place-over.ts"
import type { Stage } from "./select-plan.ts"
import { growsForEver, remembersEveryRow, unboundedFinding } from "./state-bound.ts"

interface Place {
  readonly tied: Correlation
  /** Of the rows, before window functions were put beside them. */
  readonly timeColumn: number | null
  readonly view: ViewContext
}

/** @throws Refused, Abandoned */
export function planList(
  clauses: Clauses,
  { node, map }: Stage,
  { tied, timeColumn, view }: Place,
): Relation {
  const { targets, distinct, limits, places } = clauses
  const values = targets.map(({ bound }) => attempt(view, () => map(settle(bound)))).map(present)
  const hidden = tied.hidden.map(map)
  const list = new List(
    [...values, ...hidden],
    targets.map(({ name }) => name),
  )
  const ranked = limits !== null || typeof distinct === "object"
  if (tied.conditions.length > 0 && ranked && !tied.byEquality) {
    throw new Refused(findings.subqueryCondition("a subquery with LIMIT or DISTINCT ON"), places.list)
  }
  const width = values.length + hidden.length
  const order =
    ranked || distinct === "all"
      ? clauses.sorts.map((sort) => list.term({ ...sort, value: map(sort.value) }))
      : []
  const on = typeof distinct === "object" ? distinct.map((value) => list.position(map(value))) : []
  checkOrder(clauses, { order, on, width })
  const settled = ranked && distinct !== "all" && limits?.ties !== true
  const time = settled && timeColumn !== null ? timeTerm(referTo(node, timeColumn), list, order) : []
  let result: PlanNode = list.over(node)
  if (distinct === "all") result = distinctRows(result, clauses, view)
  const tiedBy = hidden.map((_, i) => values.length + i)
  if (typeof distinct === "object") {
    const first = { offset: 0n, limit: 1n, ties: false, byte: places.distinct }
    result = ranks(result, { partition: [...tiedBy, ...on], order: [...order, ...time], limits: first, view })
  }
  if (limits !== null) result = ranks(result, { partition: tiedBy, order: [...order, ...time], limits, view })
  return relationOver(trimmed(result, width), clauses, tied)
}

/** What a SELECT puts out, with the columns that only later steps need behind it. */
class List {
  readonly #values: Expression[]
  readonly #names: readonly string[]

  constructor(values: readonly Expression[], names: readonly string[]) {
    this.#values = [...values]
    this.#names = names
  }

  position(value: Expression): number {
    const text = canonical(value)
    const known = this.#values.findIndex((other) => canonical(other) === text)
    return known >= 0 ? known : this.#values.push(value) - 1
  }

  term({ value, descending, nullsFirst }: Sort): OrderTerm {
    return { column: this.position(value), descending, nullsFirst }
  }

  over(input: PlanNode): PlanNode {
    const names = this.#values.map(
      (value, i) => this.#names[i] ?? (value.kind === "column" ? value.name : `sort_${i + 1}`),
    )
    return projectNode({ input, expressions: this.#values, names })
  }
}

interface Ordered {
  readonly order: readonly OrderTerm[]
  readonly on: readonly number[]
  /** Of what is put out. */
  readonly width: number
}

/** @throws Refused order-column */
function checkOrder({ distinct, places }: Clauses, { order, on, width }: Ordered): void {
  if (distinct === "all" && order.some(({ column }) => column >= width)) {
    const what = "with SELECT DISTINCT, ORDER BY takes what the SELECT list has"
    throw new Refused(findings.orderColumn(what, "add it to the SELECT list"), places.distinct)
  }
  const leading = order.slice(0, new Set(on).size)
  if (leading.some(({ column }) => !on.includes(column))) {
    const what = "ORDER BY must begin with what DISTINCT ON names"
    throw new Refused(
      findings.orderColumn(what, "write ORDER BY with those first, then what settles which row stays"),
      places.distinct,
    )
  }
}

/** Rows that ORDER BY leaves equal are in the order of their event time, then of all their columns. */
function timeTerm(time: Expression, list: List, order: readonly OrderTerm[]): readonly OrderTerm[] {
  const column = list.position(time)
  return order.some((term) => term.column === column)
    ? []
    : [{ column, descending: false, nullsFirst: false }]
}

/** DISTINCT is a GROUP BY of all columns. */
function distinctRows(input: PlanNode, { targets, places }: Clauses, view: ViewContext): PlanNode {
  const node = distinctOf(input, (i) => targets[i]?.byte ?? null)
  if (growsForEver(node) && !view.acceptsUnboundedState) view.report(unboundedFinding(node), places.list)
  return node
}

/** @throws Refused json-key */
export function distinctOf(input: PlanNode, byteOf: (column: number) => number | null) {
  const keys = input.columns.map((_, index) => referTo(input, index))
  for (const [i, key] of keys.entries()) {
    if (key.type.kind === "json") throw new Refused(findings.jsonKey(key.name), byteOf(i))
  }
  return aggregateNode({ input, keys, aggregates: [], names: namesOf(input), once: false })
}

interface Ranking {
  readonly partition: readonly number[]
  readonly order: readonly OrderTerm[]
  readonly limits: Limits
  readonly view: ViewContext
}

/** The rows of each partition that LIMIT lets through. */
export function ranks(input: PlanNode, { partition, order, limits, view }: Ranking): PlanNode {
  const { offset, limit, ties, byte } = limits
  const node = rankNode({
    input,
    partition: [...new Set(partition)],
    order,
    function: ties ? "rank" : "row_number",
    offset,
    limit,
    ranked: false,
  })
  if (remembersEveryRow(node) && !view.acceptsUnboundedState) {
    const what =
      partition.length > 0
        ? "the first rows of each partition are kept, and the number of partitions grows for ever"
        : "rows behind the first ones move up when those go, so the view keeps every row for ever"
    view.report(findings.unboundedState(what, 'declare state: "unbounded" if they stay within memory'), byte)
  }
  return node
}

function trimmed(node: PlanNode, width: number): PlanNode {
  if (node.columns.length === width) return node
  const expressions = node.columns.slice(0, width).map((_, index) => referTo(node, index))
  return projectNode({ input: node, expressions, names: namesOf(node).slice(0, width) })
}

function relationOver(node: PlanNode, { targets, distinct }: Clauses, tied: Correlation): Relation {
  const columns = targets.map(({ name, byte }, index): VisibleColumn => ({ name, index, byte }))
  const correlation = tied.conditions.length === 0 ? {} : { correlation: behind(tied, targets.length) }
  return { node, columns, untyped: distinct === "none" ? untypedOf(targets) : new Map(), ...correlation }
}

/** Untyped literals are text from here on, unless a UNION ALL above finds them another type. */
function untypedOf(targets: readonly Target[]): ReadonlyMap<number, string | null> {
  return new Map(targets.flatMap(({ bound }, i) => (bound.kind === "untyped" ? [[i, bound.text]] : [])))
}
