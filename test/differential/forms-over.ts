/** OVER: functions of a row's place, and aggregates over frames of rows or of values. */
import type { Kind } from "./kinds.ts"
import { COMPARABLE, EXTREME, KINDS } from "./kinds.ts"
import type { Flow, Output, Query, QueryMaker, Rows } from "./query-maker.ts"
import { columnsOf, selectList } from "./query-maker.ts"
import type { Part, Sql } from "./sql-text.ts"
import { list, sql } from "./sql-text.ts"

type OverOperator = "over" | "over rows" | "over range" | "over groups"

export const over =
  (operator: OverOperator) =>
  (maker: QueryMaker, depth: number, flow: Flow): Query => {
    const rows = maker.rows(operator, depth, flow)
    const kept = maker.kept(rows, flow)
    const partition: Part[] = kept.map(({ expression }) => expression)
    if (maker.chance(0.6)) partition.push(maker.key(operator, rows.fields).expression)
    const by = partition.length === 0 ? "" : sql`PARTITION BY ${list(partition)} `
    // One order for all calls: where rows are equal in everything, two orders could number them differently.
    const terms = maker.order(operator, rows.fields)
    const order = maker.totalOrder(terms, [rows])
    const count = 1 + maker.random.below(2)
    const calls = Array.from({ length: count }, () => CALLERS[operator](maker, { rows, by, terms, order }))
    const outputs = [...kept, ...maker.outputs(operator, rows.fields).slice(0, 2), ...calls]
    const where = maker.where(rows.fields, 0.3)
    const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from}${where}`
    return { text, columns: columnsOf(outputs), operator }
  }

interface Window {
  readonly rows: Rows
  /** PARTITION BY, or nothing. */
  readonly by: Part
  readonly terms: readonly Part[]
  /** The terms, made total. */
  readonly order: Part
}

type Caller = (maker: QueryMaker, window: Window) => Output

const output = (maker: QueryMaker, kind: Kind | null, expression: Sql): Output => {
  return { name: maker.name("o"), kind, expression }
}

function placing(maker: QueryMaker, { rows, by, terms, order }: Window): Output {
  const name = maker.pick(["rank", "dense_rank", "percent_rank", "cume_dist", "row_number", "ntile", "lag"])
  maker.coverage.feature(`${name} over`)
  if (name === "rank" || name === "dense_rank") {
    return output(maker, "int64", sql`${name}() OVER (${by}ORDER BY ${list(terms)})`)
  }
  if (name === "percent_rank" || name === "cume_dist") {
    return output(maker, null, sql`${name}() OVER (${by}ORDER BY ${list(terms)})`)
  }
  const window = sql`(${by}ORDER BY ${order})`
  if (name === "row_number") return output(maker, "int64", sql`row_number() OVER ${window}`)
  if (name === "ntile") return output(maker, "int32", sql`ntile(${1 + maker.random.below(4)}) OVER ${window}`)
  const kind = maker.pick(KINDS)
  const value = maker.expression(kind, rows.fields, 1)
  const ahead = maker.pick(["lag", "lead"])
  const rest = maker.pick(["", ", 2", ", 0"])
  return output(maker, kind, sql`${ahead}(${value}${rest}) OVER ${window}`)
}

const ENDS = ["UNBOUNDED PRECEDING", "2 PRECEDING", "1 PRECEDING", "CURRENT ROW", "1 FOLLOWING"] as const

function overRows(maker: QueryMaker, { rows, by, order }: Window): Output {
  const first = maker.random.below(4)
  const last = first + maker.random.below(ENDS.length - first)
  const end = maker.chance(0.2) ? "UNBOUNDED FOLLOWING" : ENDS[Math.max(last, 1)]
  const frame = maker.chance(0.2) ? `ROWS ${ENDS[first]}` : `ROWS BETWEEN ${ENDS[first]} AND ${end}`
  const window = sql`(${by}ORDER BY ${order} ${frame}${exclusion(maker, ["CURRENT ROW", "NO OTHERS"])})`
  return framed(maker, rows, { operator: "over rows", window })
}

function overGroups(maker: QueryMaker, { rows, by, terms }: Window): Output {
  const first = maker.random.below(4)
  const end = maker.pick([...ENDS.slice(Math.max(first, 1)), "UNBOUNDED FOLLOWING"])
  const frame = `GROUPS BETWEEN ${ENDS[first]} AND ${end}`
  const window = sql`(${by}ORDER BY ${list(terms)} ${frame}${exclusion(maker)})`
  return framed(maker, rows, { operator: "over groups", window })
}

const EXCLUSIONS = ["CURRENT ROW", "GROUP", "TIES", "NO OTHERS"]

/** Over rows in a total order PostgreSQL has no peers, where ours are told by the terms that were written. */
function exclusion(maker: QueryMaker, choice: readonly string[] = EXCLUSIONS): string {
  const exclude = maker.chance(0.4) ? maker.pick(choice) : ""
  if (exclude === "") return ""
  maker.coverage.feature(`exclude ${exclude.toLowerCase()}`)
  return ` EXCLUDE ${exclude}`
}

/** Distances per type of what is ordered by. */
const DISTANCES: Partial<Record<Kind, readonly string[]>> = {
  int32: ["0", "1", "3"],
  int64: ["0", "2"],
  decimal: ["0.5", "2"],
  float64: ["0.5", "2"],
  timestamp: ["INTERVAL '20 seconds'", "INTERVAL '1 minute'"],
  date: ["INTERVAL '1 day'", "INTERVAL '2 days'"],
}

function overRange(maker: QueryMaker, { rows, by }: Window): Output {
  const { kind, expression } = maker.key("over range", rows.fields)
  const distances = DISTANCES[kind!] ?? []
  const bound = (side: string) =>
    distances.length === 0 || maker.chance(0.2) ? "CURRENT ROW" : `${maker.pick(distances)} ${side}`
  const from = maker.chance(0.2) ? "UNBOUNDED PRECEDING" : bound("PRECEDING")
  const to = maker.chance(0.2) ? "UNBOUNDED FOLLOWING" : bound("FOLLOWING")
  const frame = maker.chance(0.3) ? "" : ` RANGE BETWEEN ${from} AND ${to}${exclusion(maker)}`
  const window = sql`(${by}ORDER BY ${expression}${maker.direction()}${frame})`
  return framed(maker, rows, { operator: "over range", window })
}

interface Frame {
  readonly operator: OverOperator
  readonly window: Sql
}

function framed(maker: QueryMaker, { fields }: Rows, { operator, window }: Frame): Output {
  const names = ["count(*)", "count", "sum", "avg", "min", "max"]
  const places = operator === "over rows" ? ["first_value", "last_value", "nth_value"] : []
  const name = maker.pick([...names, ...places])
  maker.coverage.feature(`${name} over`)
  const filter =
    !places.includes(name) && maker.chance(0.25)
      ? sql` FILTER (WHERE ${maker.expression("boolean", fields, 1)})`
      : ""
  if (name === "count(*)") return output(maker, "int64", sql`count(*)${filter} OVER ${window}`)
  const kinds =
    name === "sum" || name === "avg"
      ? (["int32", "int64", "decimal"] as const)
      : name === "count"
        ? COMPARABLE
        : places.includes(name)
          ? KINDS
          : EXTREME
  const kind = maker.pick(kinds)
  maker.coverage.carry(operator, kind)
  const value = maker.expression(kind, fields, 1)
  if (name === "count") return output(maker, "int64", sql`count(${value})${filter} OVER ${window}`)
  if (name === "avg") return output(maker, null, sql`avg(${value} % 1000)${filter} OVER ${window}`)
  const second = name === "nth_value" ? ", 2" : ""
  const call = sql`${name}(${value}${second})${filter} OVER ${window}`
  if (name !== "sum") return output(maker, kind, call)
  if (kind === "decimal") return output(maker, kind, sql`CAST(${call} % 1000 AS numeric(10,2))`)
  return output(maker, "int64", kind === "int32" ? call : sql`CAST(${call} AS bigint)`)
}

const CALLERS: Readonly<Record<OverOperator, Caller>> = {
  over: placing,
  "over rows": overRows,
  "over range": overRange,
  "over groups": overGroups,
}
