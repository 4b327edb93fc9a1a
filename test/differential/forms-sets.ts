/** SELECT alone, UNION, INTERSECT and EXCEPT, with and without ALL. */
import type { Operator } from "./coverage.ts"
import type { Kind } from "./kinds.ts"
import { COMPARABLE, KINDS } from "./kinds.ts"
import type { Flow, Output, Query, QueryMaker } from "./query-maker.ts"
import { columnsOf, sameFlow, selectList } from "./query-maker.ts"
import type { Sql } from "./sql-text.ts"
import { sql } from "./sql-text.ts"

type SetOperator = Extract<Operator, `union${string}` | `intersect${string}` | `except${string}`>

export function select(maker: QueryMaker, depth: number, flow: Flow): Query {
  const operator = "select"
  const rows = maker.rows(operator, depth, flow)
  const outputs = [...maker.kept(rows, flow), ...maker.outputs(operator, rows.fields)]
  const text = sql`SELECT ${selectList(outputs)} FROM ${rows.from}${maker.where(rows.fields, 0.6)}`
  return { text, columns: columnsOf(outputs), operator }
}

export const setOperation =
  (operator: SetOperator) =>
  (maker: QueryMaker, depth: number, anyFlow: Flow): Query => {
    const flow = sameFlow(anyFlow)
    const kinds = Array.from({ length: 1 + maker.random.below(3) }, () =>
      maker.pick(operator === "union all" ? KINDS : COMPARABLE),
    )
    for (const kind of kinds) {
      maker.coverage.carry(operator, kind)
      if (kind !== "json") maker.coverage.key(operator, kind)
    }
    const [first, firstColumns] = branch(maker, operator, { depth, flow, kinds })
    const [second] = branch(maker, operator, { depth: maker.chance(0.8) ? 0 : depth, flow, kinds })
    const text = sql`${first} ${operator.toUpperCase()} ${second}`
    return { text, columns: firstColumns, operator }
  }

interface Branch {
  readonly depth: number
  readonly flow: Flow
  readonly kinds: readonly Kind[]
}

/** Its values come from few expressions, so that both branches have equal rows. */
function branch(
  maker: QueryMaker,
  operator: SetOperator,
  { depth, flow, kinds }: Branch,
): [Sql, Query["columns"]] {
  const rows = maker.rows(operator, depth, flow)
  const outputs: Output[] = kinds.map((kind) => ({
    name: maker.name("c"),
    kind,
    expression: maker.expression(kind, rows.fields, maker.chance(0.7) ? 0 : 1),
  }))
  const all = [...maker.kept(rows, flow), ...outputs]
  const text = sql`(SELECT ${selectList(all)} FROM ${rows.from}${maker.where(rows.fields, 0.3)})`
  return [text, columnsOf(all)]
}
