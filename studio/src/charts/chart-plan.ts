/**
 * Which chart a view deserves, decided from its columns alone: a line over time where a row has a time, bars
 * where it has a name, none where it has no number. Pure; the drawing is elsewhere.
 */
import type { Column, View } from "../api/types.ts"
import { isNumeric, isTime } from "../format/cells.ts"

export interface ChartPlan {
  readonly kind: "lines" | "bars"
  /** The column along the axis: for bars null, their label is `categories`. */
  readonly time: Column | null
  /** Columns that tell lines or bars apart. */
  readonly categories: readonly Column[]
  /** Columns that can be drawn; the first is drawn at first. */
  readonly measures: readonly Column[]
  /** Decides which lines are shown when there are too many: a count, where there is one. */
  readonly weight: Column
}

/**
 * Rows that a chart asks for: enough for a day of hours at a hundred airports, drawn in a few milliseconds.
 */
export const LINE_ROWS = 2_000
export const BAR_ROWS = 14
export const LINES = 5

/** Null when nothing can be drawn. */
export function planChart(view: Pick<View, "columns" | "key">): ChartPlan | null {
  const isKey = (column: Column): boolean => view.key?.includes(column.name) ?? false
  const measures = view.columns.filter((column) => isNumeric(column) && !isKey(column))
  const [first] = measures
  if (first === undefined) return null
  const weight = measures.find((column) => column.type === "int64") ?? first
  const time = timeColumn(view)
  const categories = view.columns.filter(
    (column) => !isTime(column) && !measures.includes(column) && column.type !== "json",
  )
  if (time !== null) return { kind: "lines", time, categories, measures, weight }
  if (categories.length === 0) return null
  return { kind: "bars", time: null, categories, measures, weight }
}

/** The start of a window before its end, a key before any other time. */
export function timeColumn(view: Pick<View, "columns" | "key">): Column | null {
  const times = view.columns.filter(isTime)
  const keys = times.filter((column) => view.key?.includes(column.name) ?? false)
  const among = keys.length > 0 ? keys : times
  return among.find((column) => column.name === "window_start") ?? among[0] ?? null
}

/** The rows to ask for, sorted and cut by the platform. */
export function chartQuery(plan: ChartPlan, measure: Column): { sort: string; limit: number } {
  return plan.time === null
    ? { sort: `-${measure.name}`, limit: BAR_ROWS }
    : { sort: `-${plan.time.name}`, limit: LINE_ROWS }
}
