/** What bounds a view's state, and the refusals that follow from it. */
import type { AggregateName } from "../../expr/expression.ts"
import type { Finding } from "../errors.ts"
import { findings } from "../errors.ts"
import { partitionExpiry } from "../expiry.ts"
import { nodesOf } from "../nodes/rebuild.ts"
import type { AggregateNode, JoinNode, OverNode, PlanNode, RankNode, StateBound } from "../plan.ts"

/** True when the number of its groups can grow for ever (or what one group must remember can). */
export function growsForEver(node: AggregateNode): boolean {
  return node.windowKeys === null && !isOneRow(node)
}

/** Aggregates that keep every value, however rows come. */
const KEEPING_ALL: ReadonlySet<AggregateName> = new Set([
  "string_agg",
  "json_agg",
  "array_agg",
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
  if (window?.sessionKeys !== undefined) {
    const columns = [...window.sessionKeys, window.end ?? window.start ?? 0].map(
      (at) => input.columns[at]!.name,
    )
    return findings.unboundedState(what, `group by ${columns.join(", ")}`)
  }
  const column = window === null ? null : input.columns[window.end ?? window.start ?? 0]!.name
  return findings.unboundedState(
    what,
    column === null
      ? `read tumble(source, time_column, INTERVAL '1 hour') and group by window_end too, or ${DECLARE}`
      : `add ${column} to GROUP BY, or ${DECLARE}`,
  )
}

export function stateBound(root: PlanNode): StateBound {
  const kinds = new Set(nodesOf(root).map(boundOf))
  for (const kind of ["declared-unbounded", "time-to-live", "intervals", "windows"] as const) {
    if (kinds.has(kind)) return { kind }
  }
  return { kind: "none" }
}

const JOIN_BOUNDS = { windows: "windows", interval: "intervals", "time-to-live": "time-to-live" } as const

function boundOf(node: PlanNode): StateBound["kind"] {
  switch (node.kind) {
    case "aggregate":
      return growsForEver(node) ? "declared-unbounded" : node.windowKeys !== null ? "windows" : "none"
    case "join":
      return node.bound === null ? "declared-unbounded" : JOIN_BOUNDS[node.bound.kind]
    case "rank":
      if (closesWithWindow(node)) return "windows"
      return remembersEveryRow(node) ? "declared-unbounded" : "none"
    case "over":
      return closesWithWindow(node) ? "windows" : "declared-unbounded"
    case "pattern":
      return "intervals"
    case "process":
      if (node.function.initialState === null) return "none"
      return node.timeToLiveUs === null ? "declared-unbounded" : "time-to-live"
    default:
      return "none"
  }
}

/** Only the first rows of all, of rows that stay, need no more memory than they are. Ties have no limit. */
export function remembersEveryRow(node: RankNode): boolean {
  const { partition, limit, input, function: name } = node
  if (closesWithWindow(node)) return false
  return partition.length > 0 || limit === null || name !== "row_number" || input.changes !== "append"
}

/** Why rows cannot come once, at a window's close; null when they can. */
export function whyNotFinal(node: PlanNode): string | null {
  switch (node.kind) {
    case "filter":
    case "project":
    case "repeat":
      return whyNotFinal(node.input)
    case "union-all":
      return node.inputs.map(whyNotFinal).find((reason) => reason !== null) ?? null
    case "aggregate":
      return node.windowKeys === null ? "its groups belong to no window" : null
    case "join":
      if (!closes(node)) return "nothing says when a row of the join has met its last partner"
      return [node.left, node.right].map(whyUnsettled).find((reason) => reason !== null) ?? null
    case "rank":
    case "over":
      if (closesWithWindow(node)) return null
      return "a row's place among others can change as long as there are more to come"
    default:
      return "its rows are not grouped by a window"
  }
}

/** Its partitions belong to windows, and go with them. */
export function closesWithWindow(node: RankNode | OverNode): boolean {
  return partitionExpiry(node, 0n) !== null
}

/** A side of a join may also hold rows that come once and stay. */
const whyUnsettled = (side: PlanNode): string | null => (side.changes === "append" ? null : whyNotFinal(side))

/** There is a time from which on none of a row's partners is missing. */
export function closes({ bound }: JoinNode): boolean {
  return bound !== null && bound.kind !== "time-to-live"
}

/** Lateness means something where windows close, or joins let rows go. */
export function hasWindows(root: PlanNode): boolean {
  return nodesOf(root).some(
    (node) =>
      (node.kind === "aggregate" && node.windowKeys !== null) ||
      (node.kind === "join" && closes(node)) ||
      ((node.kind === "rank" || node.kind === "over") && closesWithWindow(node)),
  )
}
