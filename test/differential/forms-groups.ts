/** GROUP BY, grouping sets, aggregates over everything, DISTINCT; and the aggregates themselves. */
import { PAIR_AGGREGATES } from "../../src/expr/expression.ts"
import type { Operator } from "./coverage.ts"
import type { Kind } from "./kinds.ts"
import { COMPARABLE, EXTREME, SUMMED } from "./kinds.ts"
import type { Field, Flow, Output, Query, QueryMaker } from "./query-maker.ts"
import { columnsOf, selectList } from "./query-maker.ts"
import type { Part } from "./sql-text.ts"
import { list, optional, sql } from "./sql-text.ts"

export function groupBy(maker: QueryMaker, depth: number, flow: Flow): Query {
  const operator = "group by"
  const rows = maker.rows(operator, depth, flow)
  const keys = [
    ...maker.kept(rows, flow),
    ...Array.from({ length: 1 + maker.random.below(2) }, () => maker.key(operator, rows.fields)),
  ]
  const outputs = [...keys, ...aggregates(maker, operator, rows.fields)]
  const groups = list(keys.map(({ expression }) => expression))
  const [where, having] = [maker.where(rows.fields), havingOf(maker, rows.fields)]
  const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from}${where} GROUP BY ${groups}${having}`
  return { text, columns: columnsOf(outputs), operator }
}

export function aggregate(maker: QueryMaker, depth: number): Query {
  const operator = "aggregate"
  const rows = maker.rows(operator, depth, "any")
  const outputs = aggregates(maker, operator, rows.fields)
  const [where, having] = [maker.where(rows.fields), havingOf(maker, rows.fields)]
  const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from}${where}${having}`
  return { text, columns: columnsOf(outputs), operator }
}

export const groupingSets =
  (operator: "grouping sets" | "rollup" | "cube") =>
  (maker: QueryMaker, depth: number): Query => {
    const rows = maker.rows(operator, depth, "any")
    const keys = [maker.key(operator, rows.fields), maker.key(operator, rows.fields)]
    const [a, b] = keys.map(({ expression }) => expression) as [Part, Part]
    const sets = maker.pick([
      sql`GROUPING SETS ((${a}), (${b}))`,
      sql`GROUPING SETS ((${a}, ${b}), (${b}), ())`,
      sql`GROUPING SETS ((${a}), (${b}), ())`,
    ])
    const groups =
      operator === "grouping sets" ? sets : sql`${operator === "cube" ? "CUBE" : "ROLLUP"} (${a}, ${b})`
    const grouping: Output = { name: maker.name("g"), kind: "int32", expression: sql`grouping(${a})` }
    const outputs = [...keys, grouping, ...aggregates(maker, operator, rows.fields)]
    const having = havingOf(maker, rows.fields)
    const where = maker.where(rows.fields)
    const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from}${where} GROUP BY ${groups}${having}`
    return { text, columns: columnsOf(outputs), operator }
  }

export function distinct(maker: QueryMaker, depth: number, flow: Flow): Query {
  const operator = "distinct"
  const rows = maker.rows(operator, depth, flow)
  const outputs = [...maker.kept(rows, flow), ...maker.outputs(operator, rows.fields, COMPARABLE)]
  for (const { kind } of outputs) maker.coverage.key(operator, kind!)
  const text = sql`SELECT DISTINCT ${selectList(outputs)} FROM ${rows.from}${maker.where(rows.fields)}`
  return { text, columns: columnsOf(outputs), operator }
}

export function havingOf(maker: QueryMaker, fields: readonly Field[]): Part {
  if (!maker.chance(0.25)) return ""
  maker.coverage.feature("having")
  const [int32, text] = [maker.expression("int32", fields, 1), maker.expression("string", fields, 1)]
  const condition = maker.pick([
    sql`count(*) > 1`,
    sql`count(*) < 4`,
    sql`min(${int32}) > -3`,
    sql`max(${text}) IS NOT NULL`,
  ])
  return optional(sql` HAVING ${condition}`)
}

export function aggregates(maker: QueryMaker, operator: Operator, fields: readonly Field[]): Output[] {
  return Array.from({ length: 1 + maker.random.below(3) }, (_, k) => {
    // The first has a type that others can build on.
    const make = maker.pick(k === 0 ? TYPED : CALLS)
    const { name, kind, expression, argument } = make(maker, fields, filterOf(maker, fields))
    maker.coverage.feature(name)
    if (kind !== null) maker.coverage.carry(operator, kind)
    if (argument !== null) maker.coverage.key(operator, argument)
    return { name: maker.name("a"), kind, expression }
  })
}

interface Call {
  readonly name: string
  readonly kind: Kind | null
  readonly expression: Part
  readonly argument: Kind | null
}

type MakeCall = (maker: QueryMaker, fields: readonly Field[], filter: Part) => Call

function filterOf(maker: QueryMaker, fields: readonly Field[]): Part {
  if (!maker.chance(0.25)) return ""
  maker.coverage.feature("filter")
  return optional(sql` FILTER (WHERE ${maker.expression("boolean", fields, 2)})`)
}

function some(maker: QueryMaker): Part {
  if (!maker.chance(0.25)) return ""
  maker.coverage.feature("aggregate distinct")
  return optional("DISTINCT ")
}

/** Cast down where the sum's or the average's own type would be one that nothing else has. */
const sum: MakeCall = (maker, fields, filter) => {
  const kind = maker.pick(SUMMED)
  const value = sql`sum(${some(maker)}${maker.expression(kind, fields, 2)})${filter}`
  const parts = { name: "sum", argument: kind }
  if (kind === "int32") return { ...parts, kind: "int64", expression: value }
  if (kind === "float64") return { ...parts, kind, expression: value }
  if (kind === "int64") return { ...parts, kind, expression: sql`CAST(${value} AS bigint)` }
  return { ...parts, kind, expression: sql`CAST(${value} % 1000 AS numeric(10,2))` }
}

const avg: MakeCall = (maker, fields, filter) => {
  const kind = maker.pick(["int32", "int64", "decimal"] as const)
  const value = sql`avg(${some(maker)}${maker.expression(kind, fields, 2)} % 1000)${filter}`
  const parts = { name: "avg", argument: kind }
  if (maker.chance(0.3)) return { ...parts, kind: null, expression: value }
  return { ...parts, kind: "decimal", expression: sql`CAST(${value} AS numeric(10,2))` }
}

const rough: MakeCall = (maker, fields, filter) => {
  const name = maker.pick(["avg", "stddev", "var_pop", "percentile_cont"])
  const argument: Kind = "int32"
  const value = maker.expression(argument, fields, 1)
  const float = sql`CAST(${value} AS double precision)`
  const parts = { name: `${name} of floats`, kind: null, argument }
  if (name !== "percentile_cont") return { ...parts, expression: sql`${name}(${float})${filter}` }
  return { ...parts, expression: sql`percentile_cont(0.3) WITHIN GROUP (ORDER BY ${float})${filter}` }
}

const counted: MakeCall = (maker, fields, filter) => {
  if (maker.chance(0.4)) {
    return { name: "count(*)", kind: "int64", argument: null, expression: sql`count(*)${filter}` }
  }
  const argument = maker.pick(COMPARABLE)
  const expression = sql`count(${some(maker)}${maker.expression(argument, fields, 2)})${filter}`
  return { name: "count", kind: "int64", argument, expression }
}

const extremes: MakeCall = (maker, fields, filter) => {
  const [name, kind] = [maker.pick(["min", "max"]), maker.pick(EXTREME)]
  return {
    name,
    kind,
    argument: kind,
    expression: sql`${name}(${maker.expression(kind, fields, 2)})${filter}`,
  }
}

const ends: MakeCall = (maker, fields, filter) => {
  const [name, kind] = [maker.pick(["first", "last"]), maker.pick(EXTREME)]
  const value = maker.key(null, fields, [kind]).expression
  return { name, kind, argument: kind, expression: sql`${name}(${value} ORDER BY ${value})${filter}` }
}

const placed: MakeCall = (maker, fields, filter) => {
  const [name, kind] = [
    maker.pick(["percentile_disc(0.25)", "percentile_disc(1)", "mode()"]),
    maker.pick(EXTREME),
  ]
  const value = maker.key(null, fields, [kind]).expression
  const direction = maker.pick(["", " DESC"])
  const expression = sql`${name} WITHIN GROUP (ORDER BY ${value}${direction})${filter}`
  return { name, kind, argument: kind, expression }
}

const texts: MakeCall = (maker, fields, filter) => {
  const value = maker.key(null, fields, ["string"]).expression
  const all = maker.pick([sql`${value}`, sql`DISTINCT ${value}`])
  const expression = sql`left(string_agg(${all}, ',' ORDER BY ${value}${maker.direction()})${filter}, 30)`
  return { name: "string_agg", kind: "string", argument: "string", expression }
}

const documents: MakeCall = (maker, fields, filter) => {
  const argument = maker.pick(["int32", "string", "boolean", "date"] as const)
  const value = maker.key(null, fields, [argument]).expression
  const expression = sql`CAST(json_agg(${some(maker)}${value} ORDER BY ${value})${filter} AS text)`
  return { name: "json_agg", kind: "string", argument, expression }
}

const SIDES = ["regr_avgx", "regr_avgy", "regr_sxx", "regr_syy"]

/** Moved away from the halves between two places, where PostgreSQL's floats and ours could part. */
const pairs: MakeCall = (maker, fields, filter) => {
  const argument: Kind = "int32"
  const side = () => sql`${maker.expression(argument, fields, 1)} % 1000`
  if (maker.chance(0.2)) {
    const expression = sql`regr_count(${side()}, ${side()})${filter}`
    return { name: "regr_count", kind: "int64", argument, expression }
  }
  const name = maker.pick([...PAIR_AGGREGATES, ...SIDES])
  const statistic = sql`${name}(${side()}, ${side()})${filter}`
  return { name, kind: null, argument, expression: sql`CAST(${statistic} + 0.00123457 AS numeric(24,3))` }
}

/** An array in PostgreSQL, json here: nothing else is made of it. */
const arrays: MakeCall = (maker, fields, filter) => {
  const argument = maker.pick(["int32", "string", "boolean", "date"] as const)
  const value = maker.key(null, fields, [argument]).expression
  const expression = sql`array_agg(${some(maker)}${value} ORDER BY ${value}${maker.direction()})${filter}`
  return { name: "array_agg", kind: null, argument, expression }
}

const truth: MakeCall = (maker, fields, filter) => {
  const name = maker.pick(["bool_or", "bool_and", "every"])
  const expression = sql`${name}(${maker.expression("boolean", fields, 2)})${filter}`
  return { name, kind: "boolean", argument: "boolean", expression }
}

const TYPED: readonly MakeCall[] = [
  counted,
  counted,
  sum,
  sum,
  extremes,
  extremes,
  ends,
  placed,
  texts,
  documents,
  truth,
]

const CALLS: readonly MakeCall[] = [...TYPED, avg, rough, arrays, pairs]
