/** Which queries hand on the time or the window of their rows, given that those have one. */
import type { QueryOperator } from "./coverage.ts"
import { OPERATORS } from "./coverage.ts"
import type { Flow } from "./query-maker.ts"

const TIMED: readonly QueryOperator[] = [
  "select",
  "union all",
  "inner join",
  "left join",
  "right join",
  "exists",
  "not exists",
  "in",
  "not in",
]

const WINDOWED: readonly QueryOperator[] = [
  ...TIMED,
  "tumble",
  "hop",
  "group by",
  "distinct",
  "distinct on",
  "row_number",
  "rank",
  "dense_rank",
  "over rows",
  "over range",
  "over",
  "union",
  "intersect",
  "intersect all",
  "except",
  "except all",
]

export const FLOWS: Readonly<Record<Flow, readonly QueryOperator[]>> = {
  any: OPERATORS,
  time: TIMED,
  window: WINDOWED,
  closing: [...WINDOWED, "cumulate", "session"],
}

/** They put rows into windows. */
export const CUTTING: readonly QueryOperator[] = ["tumble", "hop", "cumulate", "session"]

/** In which of the flows that windows can be cut from the operator can stand. */
export function flowsWith(operator: QueryOperator): readonly ("time" | "closing")[] {
  return (["time", "closing"] as const).filter((flow) => FLOWS[flow].includes(operator))
}
