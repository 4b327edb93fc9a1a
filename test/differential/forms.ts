/** All forms of queries. */
import type { QueryOperator } from "./coverage.ts"
import { FLOWS } from "./flows.ts"
import { distinctOn, limit, ranked, withTies } from "./forms-first-rows.ts"
import { aggregate, distinct, groupBy, groupingSets } from "./forms-groups.ts"
import { crossJoin, join, naturalJoin } from "./forms-joins.ts"
import { over } from "./forms-over.ts"
import { select, setOperation } from "./forms-sets.ts"
import { condition, scalar, value } from "./forms-subqueries.ts"
import { windowed } from "./forms-windows.ts"
import type { Flow, MakeQuery, QueryMaker } from "./query-maker.ts"

const FORMS: Readonly<Record<QueryOperator, MakeQuery>> = {
  select,
  "union all": setOperation("union all"),
  union: setOperation("union"),
  intersect: setOperation("intersect"),
  "intersect all": setOperation("intersect all"),
  except: setOperation("except"),
  "except all": setOperation("except all"),
  "inner join": join("inner join"),
  "left join": join("left join"),
  "right join": join("right join"),
  "full join": join("full join"),
  "cross join": crossJoin,
  "natural join": naturalJoin,
  exists: condition("exists"),
  "not exists": condition("not exists"),
  in: condition("in"),
  "not in": condition("not in"),
  any: condition("any"),
  all: condition("all"),
  "value in": value("value in"),
  "value exists": value("value exists"),
  scalar: scalar("scalar"),
  "scalar per row": scalar("scalar per row"),
  tumble: windowed("tumble"),
  hop: windowed("hop"),
  cumulate: windowed("cumulate"),
  session: windowed("session"),
  "group by": groupBy,
  aggregate,
  "grouping sets": groupingSets("grouping sets"),
  rollup: groupingSets("rollup"),
  cube: groupingSets("cube"),
  distinct,
  "distinct on": distinctOn,
  limit,
  "with ties": withTies,
  row_number: ranked("row_number"),
  rank: ranked("rank"),
  dense_rank: ranked("dense_rank"),
  over: over("over"),
  "over rows": over("over rows"),
  "over range": over("over range"),
  "over groups": over("over groups"),
}

/** Sources of rows where nothing nests any deeper: events carry no windows. */
const MINUTES: readonly QueryOperator[] = ["tumble", "hop"]
/** Rows multiply in them. */
const JOINING: ReadonlySet<QueryOperator> = new Set([
  "inner join",
  "left join",
  "right join",
  "full join",
  "cross join",
  "natural join",
])

export const makeQuery: MakeQuery = (maker: QueryMaker, depth: number, flow: Flow) => {
  const bare = depth <= 0 && (flow === "window" || flow === "closing")
  const operators = bare ? MINUTES : FLOWS[flow]
  const operator = maker.takeWish(operators) ?? maker.pick(operators)
  if (JOINING.has(operator) && !maker.takeJoin()) return FORMS.select(maker, depth, flow)
  return FORMS[operator](maker, Math.max(0, depth), flow)
}

/** A query whose outermost operator is known. */
export function makeForm(
  operator: QueryOperator,
  maker: QueryMaker,
  { depth, flow }: { depth: number; flow: Flow },
) {
  if (JOINING.has(operator)) maker.takeJoin()
  return FORMS[operator](maker, depth, flow)
}
