/** Rows to what a chart draws. Numbers become doubles here and nowhere else. */
import type { Column, Row } from "../api/types.ts"
import { formatCell, toMs, toNumber } from "../format/cells.ts"
import { type ChartPlan, LINES } from "./chart-plan.ts"

export interface Lines {
  /** Seconds since 1970, ascending: what uPlot takes. */
  readonly times: readonly number[]
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[]
  /** Distinct names in the rows; more than `lines` when only the largest are drawn. */
  readonly found: number
}

export interface Bar {
  readonly name: string
  readonly value: number
  readonly text: string
}

/** The drawn lines are those with the largest sum of the plan's weight over these rows. */
export function linesOf(rows: Iterable<Row>, plan: ChartPlan, measure: Column): Lines {
  const weights = new Map<string, number>()
  const points = new Map<string, Map<number, number | null>>()
  const times = new Set<number>()
  for (const row of rows) {
    const ms = plan.time === null ? null : toMs(row[plan.time.name])
    if (ms === null) continue
    const name = nameOf(row, plan)
    weights.set(name, (weights.get(name) ?? 0) + Math.abs(toNumber(row[plan.weight.name]) ?? 0))
    const line = points.get(name) ?? new Map<number, number | null>()
    points.set(name, line.set(ms / 1000, toNumber(row[measure.name])))
    times.add(ms / 1000)
  }
  const sorted = [...times].sort((a, b) => a - b)
  const largest = [...weights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, LINES)
  // In the order of their names, so that a line keeps its colour when two of them change places.
  const names = largest.map(([name]) => name).sort()
  const lines = names.map((name) => ({
    name: name === "" ? measure.name : name,
    values: sorted.map((time) => points.get(name)?.get(time) ?? null),
  }))
  return { times: sorted, lines, found: weights.size }
}

const HALF_DAY_S = 43_200

/** From the first time to the last, in seconds; a single one stands in the middle of a day. */
export function timeRange(times: ArrayLike<number>): [number, number] {
  const first = times[0]
  const last = times[times.length - 1]
  if (first === undefined || last === undefined) return [0, 1]
  return first === last ? [first - HALF_DAY_S, last + HALF_DAY_S] : [first, last]
}

export function barsOf(rows: Iterable<Row>, plan: ChartPlan, measure: Column): readonly Bar[] {
  const bars: Bar[] = []
  for (const row of rows) {
    const value = toNumber(row[measure.name])
    if (value === null) continue
    bars.push({ name: nameOf(row, plan), value, text: formatCell(row[measure.name], measure) })
  }
  return bars
}

/** "ATL", or "ATL → LGA" for two names; NULL is written out, since it is a group of its own. */
export function nameOf(row: Row, plan: ChartPlan): string {
  return plan.categories
    .map((column) => (row[column.name] === null ? "(none)" : formatCell(row[column.name], column)))
    .join(" \u2192 ")
}
