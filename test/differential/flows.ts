/** Which queries hand on the time or the window of their rows, given that those have one. */
import type { QueryOperator } from "./coverage.ts"
import { FLOWING, OPERATORS, TIMED } from "./coverage.ts"
import type { Flow } from "./query-maker.ts"

/** Not those that cut windows of many lengths, which end with no minute of their own. */
const WINDOWED = FLOWING.filter((operator) => operator !== "cumulate" && operator !== "session")

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
