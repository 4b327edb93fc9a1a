/**
 * Sessions whose groups can merge, of every aggregate and type that can: of events, or of the newest events
 * of windows, which come as changes and out of order.
 */
import type { Column } from "../../columns/types.ts"
import { INT32, INT64, isVariableWidth, TIMESTAMP } from "../../columns/types.ts"
import type { AggregateCall } from "../../expr/expression.ts"
import type { Random } from "../../std/random.ts"
import type { OperatorSpec } from "../dataflow.ts"
import { column } from "./batches.ts"
import { aggregate, col, compare, lit } from "./expressions.ts"
import { groupBy, source, view } from "./harness.ts"
import { EVENT_COLUMNS, pick } from "./random-plans.ts"

const BOUNDS = [column("window_start", TIMESTAMP, false), column("window_end", TIMESTAMP, false)]

export function randomSessions(random: Random): OperatorSpec[] {
  const specs = [source(EVENT_COLUMNS), source(EVENT_COLUMNS, "more")]
  return random.below(3) === 0 ? [...specs, ...ofWindows(random)] : [...specs, ...ofEvents(random)]
}

function ofEvents(random: Random): OperatorSpec[] {
  const chosen = pick(random, EVENT_COLUMNS).name
  const names = pick(random, [[], ["ok"], ["ok", "size"], [chosen], ["ok", chosen]])
  const keys = [...new Set(names)].map((name) => col(EVENT_COLUMNS, name))
  const bounds = BOUNDS.map(({ name }) => col([...EVENT_COLUMNS, ...BOUNDS], name))
  const spec = groupBy("events", {
    id: "groups",
    session: { time: col(EVENT_COLUMNS, "time"), gapUs: pick(random, [2n, 5n, 9n]), keys },
    keys: [...bounds, ...keys],
    windowKeys: { start: 0, end: 1 },
    aggregates: Array.from({ length: 1 + random.below(4) }, () => randomCall(random)),
    emit: pick(random, ["changes", "final"] as const),
    allowedLatenessUs: pick(random, [0n, 20n, 1_000n]),
  })
  return [spec, view("first", "groups", spec.columns, [...spec.keys.keys()])]
}

function ofWindows(random: Random): OperatorSpec[] {
  const [time, size] = ["time", "size"].map((name) => col(EVENT_COLUMNS, name))
  const windows = groupBy("events", {
    id: "windows",
    window: { kind: "hop", time: time!, sizeUs: 6n, slideUs: 3n },
    keys: [col([...EVENT_COLUMNS, ...BOUNDS], "window_end"), size!],
    windowKeys: { start: null, end: 0 },
    aggregates: [aggregate(pick(random, ["max", "min"] as const), time!), aggregate("sum", size!)],
    emit: "final",
  })
  const [, , newest, total] = windows.columns
  const spec = groupBy("windows", {
    id: "groups",
    session: { time: col(windows.columns, newest!.name), gapUs: pick(random, [2n, 4n]), keys: [] },
    keys: BOUNDS.map(({ name }) => col([...windows.columns, ...BOUNDS], name)),
    windowKeys: { start: 0, end: 1 },
    aggregates: [aggregate("count", null), aggregate("sum", col(windows.columns, total!.name))],
    emit: pick(random, ["changes", "final"] as const),
    allowedLatenessUs: pick(random, [0n, 20n]),
  })
  return [windows, spec, view("first", "groups", spec.columns, [0, 1])]
}

/** The latest time per key comes and goes as rows come: sessions of such times part, join and end. */
export function randomChangingSessions(random: Random): OperatorSpec[] {
  const newest = groupBy("events", {
    id: "newest",
    keys: [col(EVENT_COLUMNS, "key")],
    aggregates: [aggregate(pick(random, ["max", "min"] as const), col(EVENT_COLUMNS, "time"))],
  })
  const columns = [newest.columns[0]!, { name: "time", type: TIMESTAMP, nullable: true }]
  const bounded = [...columns, ...BOUNDS]
  const keyed = random.below(2) === 0
  const large = compare("gt", col(columns, "key"), lit(1n, INT64))
  const spec = groupBy("newest", {
    id: "groups",
    session: { time: col(columns, "time"), gapUs: pick(random, [1n, 3n, 8n]), keys: keyed ? [large] : [] },
    keys: [col(bounded, "window_start"), col(bounded, "window_end"), ...(keyed ? [large] : [])],
    windowKeys: { start: 0, end: 1 },
    aggregates: [aggregate("count", null), aggregate("max", col(columns, "key"))],
    emit: pick(random, ["changes", "final"] as const),
    allowedLatenessUs: pick(random, [0n, 20n, 1_000n]),
  })
  return [
    source(EVENT_COLUMNS),
    source(EVENT_COLUMNS, "more"),
    newest,
    spec,
    view("first", "groups", spec.columns, keyed ? [0, 1, 2] : [0, 1]),
  ]
}

function randomCall(random: Random): AggregateCall {
  const fixed = EVENT_COLUMNS.filter(({ type }) => !isVariableWidth(type))
  const chosen = pick(random, fixed)
  const call = aggregate(pick(random, namesFor(chosen)), col(EVENT_COLUMNS, chosen.name))
  if (random.below(3) > 0) return call
  return { ...call, filter: compare("gt", col(EVENT_COLUMNS, "size"), lit(1, INT32)) }
}

function namesFor({ type }: Column) {
  if (type.kind === "boolean") return ["count", "bool_and", "bool_or"] as const
  if (type.kind === "date" || type.kind === "timestamp") return ["count", "min", "max"] as const
  return ["count", "sum", "avg", "min", "max"] as const
}
