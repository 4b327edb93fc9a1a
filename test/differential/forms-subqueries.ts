/** EXISTS, IN, ANY and ALL as conditions and as values, and subqueries that stand for a value. */

import { boundBetween, commonKind, equal } from "./forms-joins.ts"
import type { Kind } from "./kinds.ts"
import { COMPARABLE, EXTREME, SUMMED } from "./kinds.ts"
import type { Flow, Output, Query, QueryMaker, Rows } from "./query-maker.ts"
import { columnsOf, sameFlow, selectList } from "./query-maker.ts"
import type { Part, Sql } from "./sql-text.ts"
import { optional, sql } from "./sql-text.ts"

type Condition = "in" | "not in" | "exists" | "not exists" | "any" | "all"

export const condition =
  (operator: Condition) =>
  (maker: QueryMaker, depth: number, anyFlow: Flow): Query => {
    const flow = sameFlow(anyFlow)
    const rows = maker.rows(operator, depth, flow)
    const inner = maker.rows(operator, maker.chance(0.8) ? 0 : depth, flow)
    const outputs = [...maker.kept(rows, flow), ...maker.outputs(operator, rows.fields)]
    const tie = flow === "any" ? null : boundBetween(maker, rows, inner, flow)
    const asked =
      operator === "exists" || operator === "not exists"
        ? exists(maker, operator, { rows, inner, tie })
        : membership(maker, operator, { rows, inner, tie })
    const more: Part = maker.chance(0.25)
      ? optional(sql` AND ${maker.expression("boolean", rows.fields, 1)}`)
      : ""
    const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from} WHERE ${asked}${more}`
    return { text, columns: columnsOf(outputs), operator }
  }

interface Pair {
  readonly rows: Rows
  readonly inner: Rows
  /** What bounds it, or null. */
  readonly tie: Sql | null
}

function exists(maker: QueryMaker, operator: "exists" | "not exists", { rows, inner, tie }: Pair): Sql {
  const conditions = [
    ...(tie === null ? [] : [tie]),
    ...(tie !== null && maker.chance(0.3) ? [] : [equal(maker, operator, rows, inner)]),
    ...(maker.chance(0.3) ? [maker.expression("boolean", [...rows.fields, ...inner.fields], 2)] : []),
  ]
  const where = conditions.slice(1).reduce((all, next) => sql`${all} AND ${next}`, conditions[0]!)
  return sql`${operator.toUpperCase()} (SELECT 1 FROM ${inner.from} WHERE ${where})`
}

function membership(
  maker: QueryMaker,
  operator: "in" | "not in" | "any" | "all",
  { rows, inner, tie }: Pair,
): Sql {
  const kind = commonKind(maker, rows, inner)
  maker.coverage.key(operator, kind)
  const value = maker.tie(rows.fields, kind)
  const other = maker.tie(inner.fields, kind)
  const tied = tie ?? (maker.chance(0.25) ? equal(maker, operator, rows, inner) : null)
  const where = tied === null ? maker.where(inner.fields, 0.4) : sql` WHERE ${tied}`
  if (operator === "any" || operator === "all") {
    const compared = maker.pick(["=", "<>", "<", "<=", ">", ">="])
    const negation = maker.chance(0.25) ? "NOT " : ""
    const asked = sql`${operator.toUpperCase()} (SELECT ${other} FROM ${inner.from}${where})`
    return sql`${negation}${value} ${compared} ${asked}`
  }
  if (maker.chance(0.2)) {
    const [a, b] = [rows, inner].map(({ fields }) => maker.key(null, fields, ["int32"]).expression) as [
      Part,
      Part,
    ]
    return sql`(${value}, ${a}) ${operator.toUpperCase()} (SELECT ${other}, ${b} FROM ${inner.from}${where})`
  }
  return sql`${value} ${operator.toUpperCase()} (SELECT ${other} FROM ${inner.from}${where})`
}

/** EXISTS and IN where a value stands; tied to the query around them by equality alone. */
export const value =
  (operator: "value in" | "value exists") =>
  (maker: QueryMaker, depth: number): Query => {
    const rows = maker.rows(operator, depth, "any")
    const inner = maker.rows(operator, maker.chance(0.8) ? 0 : depth, "any")
    const tie = equal(maker, operator, rows, inner)
    const negation = maker.chance(0.3) ? "NOT " : ""
    const asked =
      operator === "value exists"
        ? sql`${negation}EXISTS (SELECT 1 FROM ${inner.from} WHERE ${tie})`
        : membershipValue(maker, { rows, inner, tie: maker.chance(0.3) ? tie : null }, negation)
    const outputs = maker.outputs(operator, rows.fields)
    if (maker.chance(0.4)) {
      const or = sql`${maker.expression("boolean", rows.fields, 1)} OR ${asked}`
      const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from} WHERE ${or}`
      return { text, columns: columnsOf(outputs), operator }
    }
    outputs.push({ name: maker.name("c"), kind: "boolean", expression: asked })
    const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from}${maker.where(rows.fields, 0.3)}`
    return { text, columns: columnsOf(outputs), operator }
  }

function membershipValue(maker: QueryMaker, { rows, inner, tie }: Pair, negation: string): Sql {
  const kind = commonKind(maker, rows, inner)
  maker.coverage.key("value in", kind)
  const own = maker.tie(rows.fields, kind)
  const other = maker.tie(inner.fields, kind)
  const where = tie === null ? maker.where(inner.fields, 0.3) : sql` WHERE ${tie}`
  return sql`${own} ${negation}IN (SELECT ${other} FROM ${inner.from}${where})`
}

export const scalar =
  (operator: "scalar" | "scalar per row") =>
  (maker: QueryMaker, depth: number): Query => {
    const rows = maker.rows(operator, depth, "any")
    const inner = maker.rows(operator, maker.chance(0.8) ? 0 : depth, "any")
    const where =
      operator === "scalar per row"
        ? sql` WHERE ${equal(maker, operator, rows, inner)}`
        : maker.where(inner.fields, 0.3)
    const one = oneValue(maker, operator, { rows, inner, tie: null }, where)
    const outputs = maker.outputs(operator, rows.fields)
    maker.coverage.carry(operator, one.kind)
    if (maker.chance(0.3) && one.kind !== "json") {
      const own = maker.key(null, rows.fields, [one.kind]).expression
      const compared = maker.pick(["=", "<", ">=", "IS DISTINCT FROM"])
      const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from} WHERE ${own} ${compared} ${one.text}`
      return { text, columns: columnsOf(outputs), operator }
    }
    const all: Output[] = [...outputs, { name: maker.name("c"), kind: one.kind, expression: one.text }]
    const text = sql`SELECT ${selectList(all)} FROM ${rows.from}${maker.where(rows.fields, 0.3)}`
    return { text, columns: columnsOf(all), operator }
  }

function oneValue(
  maker: QueryMaker,
  operator: "scalar" | "scalar per row",
  { inner }: Pair,
  where: Part,
): { readonly kind: Kind; readonly text: Sql } {
  const form = maker.random.below(4)
  const from = sql`FROM ${inner.from}${where}`
  if (form === 0) return { kind: "int64", text: sql`(SELECT count(*) ${from})` }
  if (form === 1) {
    const kind = maker.pick(EXTREME)
    maker.coverage.key(operator, kind)
    const argument = maker.key(null, inner.fields, [kind]).expression
    return { kind, text: sql`(SELECT ${maker.pick(["min", "max"])}(${argument}) ${from})` }
  }
  if (form === 2) {
    const kind = maker.pick(SUMMED.filter((of) => of !== "int64" && of !== "decimal"))
    maker.coverage.key(operator, kind)
    const argument = maker.key(null, inner.fields, [kind]).expression
    return { kind: kind === "int32" ? "int64" : kind, text: sql`(SELECT sum(${argument}) ${from})` }
  }
  const kind = maker.pick(COMPARABLE)
  maker.coverage.key(operator, kind)
  const first = maker.key(null, inner.fields, [kind]).expression
  const order = maker.totalOrder([maker.key(null, inner.fields).expression], [inner])
  return { kind, text: sql`(SELECT ${first} ${from} ORDER BY ${order} LIMIT 1)` }
}
