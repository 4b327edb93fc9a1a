/** What bounds a view's state, and the refusals that follow from it. */
import type { AggregateName } from "../../expr/expression.ts"
import type { Finding } from "../errors.ts"
import { findings } from "../errors.ts"
import { nodesOf } from "../nodes/rebuild.ts"
import type { AggregateNode, PlanNode, StateBound } from "../plan.ts"

/** True when the number of its groups can grow for ever (or what one group must remember can). */
export function growsForEver(node: AggregateNode): boolean {
  return node.windowKeys === null && !isOneRow(node)
}

/** Aggregates that keep every value, however rows come. */
const KEEPING_ALL: ReadonlySet<AggregateName> = new Set([
  "string_agg",
  "json_agg",
  "percentile_cont",
  "percentile_disc",
  "mode",
])

/** Aggregates that keep one value while no row is taken back, and every value otherwise. */
const KEEPING_ONE: ReadonlySet<AggregateName> = new Set(["min", "max", "first", "last"])

/** count(*), sum and avg of all rows need one row of state; so do min and max while no row is taken back. */
function isOneRow({ keys, aggregates, input }: AggregateNode): boolean {
  const small = aggregates.every(
    ({ name, distinct }) =>
      !distinct && !KEEPING_ALL.has(name) && (!KEEPING_ONE.has(name) || input.changes === "append"),
  )
  return keys.length === 0 && small
}

const DECLARE = 'declare state: "unbounded" if their number stays within memory'

export function unboundedFinding(node: AggregateNode): Finding {
  const { input, keys, aggregates } = node
  if (keys.length === 0) {
    const what =
      "the aggregate must remember every value it has seen (DISTINCT, lists, percentiles and mode, or min, " +
      "max, first and last of rows that change)"
    return findings.unboundedState(
      what,
      'group by window_end of tumble() or hop(), or declare state: "unbounded"',
    )
  }
  const distinct = aggregates.length === 0 ? "the rows of DISTINCT" : "the groups of GROUP BY"
  const what = `${distinct} never close, so the view's state grows for ever`
  const window = input.windowColumns
  const column = window === null ? null : input.columns[window.end ?? window.start ?? 0]!.name
  return findings.unboundedState(
    what,
    column === null
      ? `read tumble(source, time_column, INTERVAL '1 hour') and group by window_end too, or ${DECLARE}`
      : `add ${column} to GROUP BY, or ${DECLARE}`,
  )
}

export function stateBound(root: PlanNode): StateBound {
  const aggregates = nodesOf(root).filter((node) => node.kind === "aggregate")
  if (aggregates.some(growsForEver)) return { kind: "declared-unbounded" }
  return { kind: aggregates.some((node) => node.windowKeys !== null) ? "windows" : "none" }
}

/** Why rows cannot come once, at a window's close; null when they can. */
export function whyNotFinal(node: PlanNode): string | null {
  switch (node.kind) {
    case "filter":
    case "project":
      return whyNotFinal(node.input)
    case "union-all":
      return node.inputs.map(whyNotFinal).find((reason) => reason !== null) ?? null
    case "aggregate":
      return node.windowKeys === null ? "its groups belong to no window" : null
    default:
      return "its rows are not grouped by a window"
  }
}

export function hasWindows(root: PlanNode): boolean {
  return nodesOf(root).some((node) => node.kind === "aggregate" && node.windowKeys !== null)
}
