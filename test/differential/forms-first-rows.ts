/** ORDER BY with LIMIT, DISTINCT ON, and the first places of ROW_NUMBER, RANK and DENSE_RANK. */
import type { Flow, Query, QueryMaker } from "./query-maker.ts"
import { columnsOf, selectList } from "./query-maker.ts"
import type { Part } from "./sql-text.ts"
import { list, sql } from "./sql-text.ts"

export function limit(maker: QueryMaker, depth: number): Query {
  const operator = "limit"
  const rows = maker.rows(operator, depth, "any")
  const outputs = maker.outputs(operator, rows.fields)
  const order = maker.totalOrder(maker.order(operator, rows.fields), [rows])
  const count = maker.random.below(6)
  const bounds = maker.pick([
    sql` LIMIT ${count}`,
    sql` LIMIT ${count} OFFSET ${maker.random.below(3)}`,
    sql` OFFSET ${maker.random.below(4)}`,
    sql` FETCH FIRST ${count} ROWS ONLY`,
  ])
  const where = maker.where(rows.fields, 0.3)
  const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from}${where} ORDER BY ${order}${bounds}`
  return { text, columns: columnsOf(outputs), operator }
}

/** The peers of the last row come with it, so that no order need be total. */
export function withTies(maker: QueryMaker, depth: number): Query {
  const operator = "with ties"
  const rows = maker.rows(operator, depth, "any")
  const outputs = maker.outputs(operator, rows.fields)
  const order = list(maker.order(operator, rows.fields))
  const bound = sql` FETCH FIRST ${1 + maker.random.below(4)} ROWS WITH TIES`
  const where = maker.where(rows.fields, 0.3)
  const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from}${where} ORDER BY ${order}${bound}`
  return { text, columns: columnsOf(outputs), operator }
}

export function distinctOn(maker: QueryMaker, depth: number, flow: Flow): Query {
  const operator = "distinct on"
  const rows = maker.rows(operator, depth, flow)
  const kept = maker.kept(rows, flow)
  const keys = [...kept.map(({ expression }) => expression), maker.key(operator, rows.fields).expression]
  const outputs = [...kept, ...maker.outputs(operator, rows.fields)]
  const order = maker.totalOrder([...keys, ...maker.order(operator, rows.fields)], [rows])
  const where = maker.where(rows.fields, 0.3)
  const selected = sql`SELECT DISTINCT ON (${list(keys)}) ${selectList(outputs)}`
  const text = sql`${selected} FROM ${rows.from}${where} ORDER BY ${order}`
  return { text, columns: columnsOf(outputs), operator }
}

export const ranked =
  (operator: "row_number" | "rank" | "dense_rank") =>
  (maker: QueryMaker, depth: number, flow: Flow): Query => {
    const rows = maker.rows(operator, depth, flow)
    const kept = maker.kept(rows, flow)
    const partition: Part[] = kept.map(({ expression }) => expression)
    if (maker.chance(0.7)) partition.push(maker.key(operator, rows.fields).expression)
    const terms = maker.order(operator, rows.fields)
    const order = operator === "row_number" ? maker.totalOrder(terms, [rows]) : list(terms)
    const place = maker.name("p")
    const inner = [...kept, ...maker.outputs(operator, rows.fields)]
    const by = partition.length === 0 ? "" : sql`PARTITION BY ${list(partition)} `
    const call = sql`${operator}() OVER (${by}ORDER BY ${order}) AS ${place}`
    const where = maker.where(rows.fields, 0.3)
    const placed = sql`SELECT ${selectList(inner)}, ${call} FROM ${rows.from}${where}`
    const alias = maker.name("t")
    const condition = maker.pick([
      `${place} = 1`,
      `${place} <= 3`,
      `${place} < 3`,
      `${place} BETWEEN 2 AND 3`,
      `2 >= ${place}`,
    ])
    const outputs = inner.map((output) => ({ ...output, expression: `${alias}.${output.name}` }))
    const places = maker.chance(0.3)
      ? [{ name: maker.name("c"), kind: "int64" as const, expression: `${alias}.${place}` }]
      : []
    const all = [...outputs, ...places]
    const text = sql`SELECT ${selectList(all)} FROM (${placed}) AS ${alias} WHERE ${condition}`
    return { text, columns: columnsOf(all), operator }
  }
