/** tumble, hop, cumulate and session over rows that carry a time, grouped by what closes the groups. */
import { flowsWith } from "./flows.ts"
import { aggregates, havingOf } from "./forms-groups.ts"
import type { Kind } from "./kinds.ts"
import type { Field, Flow, Output, Query, QueryMaker } from "./query-maker.ts"
import { columnsOf, selectList } from "./query-maker.ts"
import type { Part, Sql } from "./sql-text.ts"
import { either, list, sql } from "./sql-text.ts"

type WindowOperator = "tumble" | "hop" | "cumulate" | "session"

/** What a window function reads: a name, and the column of its time. */
interface Timed {
  /** `WITH …`, or nothing. */
  readonly before: Part
  readonly source: string
  readonly time: Part
  readonly columns: readonly { readonly name: string; readonly kind: Kind }[]
}

export const windowed =
  (operator: WindowOperator) =>
  (maker: QueryMaker, depth: number, flow: Flow): Query => {
    const timed = timedRows(maker, operator, depth)
    const alias = maker.name("t")
    const fields: Field[] = timed.columns.map(({ name, kind }) => ({ name, kind, ref: `${alias}.${name}` }))
    const apart = operator === "session" ? sessionKeys(maker, fields) : []
    // A minute of its own in the window flow: all sides of a join have the same.
    const call = windowCall(maker, operator, timed, { minute: flow === "window", apart })
    const bounds: Output[] = boundsOf(maker, operator, flow).map((name) => {
      return { name, kind: "timestamp", expression: `${alias}.${name}` }
    })
    const keys = Array.from({ length: maker.random.below(2) }, () => maker.key(operator, fields))
    const kept = apart.map(({ kind, ref }): Output => ({ name: maker.name("k"), kind, expression: ref }))
    for (const { kind } of apart) maker.coverage.key(operator, kind)
    const groups = [...bounds, ...kept, ...keys]
    const outputs = [...groups, ...aggregates(maker, operator, fields)]
    const where = operator === "session" ? "" : maker.where(fields, 0.3)
    const by = list(groups.map(({ expression }) => expression))
    const having = havingOf(maker, fields)
    const from = sql`${call} AS ${alias}${where}`
    const text = sql`${timed.before}SELECT ${selectList(outputs)} FROM ${from} GROUP BY ${by}${having}`
    return { text, columns: columnsOf(outputs), operator }
  }

function timedRows(maker: QueryMaker, operator: WindowOperator, depth: number): Timed {
  const name = maker.name("w")
  if (depth <= 0) {
    const { name: source, fields, isEvent } = maker.readable("time")
    maker.coverage.over(operator, isEvent ? "event" : "view")
    return { before: "", source, time: "at", columns: fields }
  }
  const wished = maker.wish === null ? [] : flowsWith(maker.wish)
  const query = maker.query(operator, depth - 1, maker.pick(wished.length > 0 ? wished : ["time", "closing"]))
  const columns = query.columns.flatMap(({ name: column, kind }) =>
    kind === null ? [] : [{ name: column, kind }],
  )
  if (columns.some((column) => column.name === "window_end")) return overWindows(maker, query, name)
  return { before: sql`WITH ${name} AS (${query.text}) `, source: name, time: "at", columns }
}

/** A row of a window stands for its last microsecond, which PostgreSQL must be told. */
function overWindows(maker: QueryMaker, { text, columns }: Query, name: string): Timed {
  maker.coverage.feature("windows over windows")
  const [inner, closed] = [maker.name("w"), maker.name("z")]
  const kept = columns.flatMap(({ name: column, kind }) =>
    kind === null || column === "window_end" || column === "window_start" ? [] : [{ name: column, kind }],
  )
  const rest: Part = kept.length === 0 ? "" : `, ${kept.map((column) => column.name).join(", ")}`
  const last = either("", `, window_end - INTERVAL '1 microsecond' AS ${closed}_last`)
  const select = sql`SELECT window_end AS ${closed}${last}${rest} FROM ${inner}`
  return {
    before: sql`WITH ${inner} AS (${text}), ${name} AS (${select}) `,
    source: name,
    time: either(closed, `${closed}_last`),
    columns: [...kept, { name: closed, kind: "timestamp" }],
  }
}

function sessionKeys(maker: QueryMaker, fields: readonly Field[]): Field[] {
  return fields.filter(({ kind }) => kind !== "json" && maker.chance(0.2))
}

function boundsOf(maker: QueryMaker, operator: WindowOperator, flow: Flow): readonly string[] {
  if (flow !== "any") return ["window_end"]
  const bounds = [["window_end"], ["window_start", "window_end"], ["window_start"]]
  return maker.pick(operator === "cumulate" ? bounds.slice(0, 2) : bounds)
}

interface Shape {
  readonly minute: boolean
  readonly apart: readonly Field[]
}

function windowCall(
  maker: QueryMaker,
  operator: WindowOperator,
  { source, time }: Timed,
  { minute, apart }: Shape,
): Sql {
  const interval = (lengths: readonly string[]) => `INTERVAL '${maker.pick(lengths)}'`
  if (operator === "session") {
    const keys = apart.map(({ name }) => `, ${name}`).join("")
    return sql`session(${source}, ${time}, ${interval(["10 seconds", "25 seconds"])}${keys})`
  }
  if (minute && operator === "tumble") return sql`tumble(${source}, ${time}, INTERVAL '1 minute')`
  const offset = !minute && maker.chance(0.3) ? `, ${interval(["3 seconds", "-7 seconds", "1 hour"])}` : ""
  if (operator === "tumble") {
    return sql`tumble(${source}, ${time}, ${interval(["20 seconds", "1 minute", "90 seconds"])}${offset})`
  }
  return sql`${operator}(${source}, ${time}, INTERVAL '20 seconds', INTERVAL '1 minute'${offset})`
}
