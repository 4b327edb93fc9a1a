/** Joins in FROM: with ON, USING, NATURAL or CROSS; bounded by windows or intervals where rows carry them. */
import type { Operator } from "./coverage.ts"
import type { Kind } from "./kinds.ts"
import { COMPARABLE } from "./kinds.ts"
import type { Flow, Output, Query, QueryMaker, Rows } from "./query-maker.ts"
import { columnsOf, FLOW_COLUMNS, sameFlow, selectList } from "./query-maker.ts"
import type { Part, Sql } from "./sql-text.ts"
import { optional, sql } from "./sql-text.ts"

type JoinOperator = Extract<Operator, `${"inner" | "left" | "right" | "full"} join`>

const WORDS: Readonly<Record<JoinOperator, string>> = {
  "inner join": "JOIN",
  "left join": "LEFT JOIN",
  "right join": "RIGHT JOIN",
  "full join": "FULL JOIN",
}

export const join =
  (operator: JoinOperator) =>
  (maker: QueryMaker, depth: number, anyFlow: Flow): Query => {
    const flow = sameFlow(anyFlow)
    const { before, left, right } = sides(maker, operator, depth, flow)
    if (flow === "any" && maker.chance(0.2)) return using(maker, operator, { before, left, right })
    const condition = onCondition(maker, operator, [left, right], flow)
    const kept = maker.kept(operator === "right join" ? right : left, flow)
    const fields = [...left.fields, ...right.fields]
    const outputs = [...kept, ...maker.outputs(operator, fields)]
    const from = sql`${left.from} ${WORDS[operator]} ${right.from} ON ${condition}`
    const text = sql`${before}SELECT ${selectList(outputs)} FROM ${from}${maker.where(fields, 0.25)}`
    return { text, columns: columnsOf(outputs), operator }
  }

interface Sides {
  /** `WITH …`, or nothing. */
  readonly before: Part
  readonly left: Rows
  readonly right: Rows
}

/** Two sources, now and then one WITH query read twice. */
function sides(maker: QueryMaker, operator: Operator, depth: number, flow: Flow): Sides {
  if (depth > 0 && maker.chance(0.15)) {
    maker.coverage.feature("joined with itself")
    const name = maker.name("w")
    const query = maker.query(operator, depth - 1, flow)
    const side = () => maker.read(name, query)
    return { before: sql`WITH ${name} AS (${query.text}) `, left: side(), right: side() }
  }
  const left = maker.rows(operator, depth, flow)
  return { before: "", left, right: maker.rows(operator, maker.chance(0.8) ? 0 : depth, flow) }
}

/** PostgreSQL runs a FULL JOIN on equalities only. */
function onCondition(
  maker: QueryMaker,
  operator: JoinOperator,
  [left, right]: readonly [Rows, Rows],
  flow: Flow,
): Sql {
  const both = [...left.fields, ...right.fields]
  const bound = flow === "any" ? null : boundBetween(maker, left, right, flow)
  const equality = equal(maker, operator, left, right)
  const more: Part = maker.chance(0.25) ? optional(sql` AND ${maker.expression("boolean", both, 2)}`) : ""
  if (bound !== null) return maker.chance(0.7) ? sql`${bound} AND ${equality}${more}` : sql`${bound}${more}`
  if (operator === "full join") return sql`${equality}`
  const condition = maker.random.below(8)
  if (condition === 0) return sql`${maker.expression("boolean", both, 2)}`
  if (condition === 1) return sql`${equality} AND ${equal(maker, operator, left, right)}${more}`
  return sql`${equality}${more}`
}

/** Rows of one minute, or at most half a minute apart. */
export function boundBetween(
  maker: QueryMaker,
  left: Rows,
  right: Rows,
  flow: Exclude<Flow, "any">,
): Sql | null {
  if (maker.lived) {
    maker.coverage.feature("join with a time to live")
    return null
  }
  const [a, b] = [left, right].map(({ alias }) => `${alias}.${FLOW_COLUMNS[flow]}`) as [string, string]
  maker.coverage.feature(flow !== "time" ? "join within windows" : "join within an interval")
  if (flow !== "time") return sql`${a} = ${b}`
  return maker.pick([
    sql`${b} BETWEEN ${a} AND ${a} + INTERVAL '30 seconds'`,
    sql`${b} BETWEEN ${a} - INTERVAL '20 seconds' AND ${a} + INTERVAL '20 seconds'`,
    sql`${b} >= ${a} - INTERVAL '1 minute' AND ${b} < ${a}`,
  ])
}

export function equal(maker: QueryMaker, operator: Operator, left: Rows, right: Rows): Sql {
  const kind = commonKind(maker, left, right)
  maker.coverage.key(operator, kind)
  return sql`${maker.tie(left.fields, kind)} = ${maker.tie(right.fields, kind)}`
}

/** Of columns of both sides; where they have none alike, whether there is a value is compared. */
export function commonKind(maker: QueryMaker, left: Rows, right: Rows): Kind {
  const kinds = COMPARABLE.filter(
    (kind) => maker.hasTie(left.fields, kind) && maker.hasTie(right.fields, kind),
  )
  return kinds.length > 0 ? maker.pick(kinds) : "boolean"
}

/** Both sides name their key alike; the merged column is the first of the output. */
function using(maker: QueryMaker, operator: JoinOperator, pair: Sides): Query {
  maker.coverage.feature("using")
  return merged(maker, operator, pair, (left, right, key) => {
    return sql`${left} ${WORDS[operator]} ${right} USING (${key})`
  })
}

export function naturalJoin(maker: QueryMaker, depth: number): Query {
  const operator = "natural join"
  const word = maker.pick(["NATURAL JOIN", "NATURAL LEFT JOIN", "NATURAL RIGHT JOIN", "NATURAL FULL JOIN"])
  return merged(
    maker,
    operator,
    sides(maker, operator, depth, "any"),
    (left, right) => sql`${left} ${word} ${right}`,
  )
}

function merged(
  maker: QueryMaker,
  operator: Operator,
  { before, left, right }: Sides,
  from: (left: Sql, right: Sql, key: string) => Sql,
): Query {
  const kind = commonKind(maker, left, right)
  maker.coverage.key(operator, kind)
  const key = maker.name("u")
  const side = (rows: Rows) => {
    const own: Output = { name: key, kind, expression: maker.tie(rows.fields, kind) }
    const more = maker.outputs(operator, rows.fields).slice(0, 2)
    const alias = maker.name("t")
    const fields = more.map(({ name, kind: of }) => ({ name, kind: of!, ref: `${alias}.${name}` }))
    return { item: sql`(SELECT ${selectList([own, ...more])} FROM ${rows.from}) AS ${alias}`, fields }
  }
  const [a, b] = [side(left), side(right)]
  const fields = [{ name: key, kind, ref: key }, ...a.fields, ...b.fields]
  const outputs = [{ name: maker.name("c"), kind, expression: key }, ...maker.outputs(operator, fields)]
  const where = maker.where(fields, 0.25)
  const text = sql`${before}SELECT ${selectList(outputs)} FROM ${from(a.item, b.item, key)}${where}`
  return { text, columns: columnsOf(outputs), operator }
}

export function crossJoin(maker: QueryMaker, depth: number): Query {
  const operator = "cross join"
  const { before, left, right } = sides(maker, operator, depth, "any")
  const fields = [...left.fields, ...right.fields]
  const outputs = maker.outputs(operator, fields)
  const between = maker.pick([" CROSS JOIN ", ", "])
  const where = maker.where(fields, 0.6)
  const text = sql`${before}SELECT ${selectList(outputs)} FROM ${left.from}${between}${right.from}${where}`
  return { text, columns: columnsOf(outputs), operator }
}
