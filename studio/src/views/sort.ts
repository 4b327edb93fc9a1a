/** The order of a table: one column, up or down, ties broken by the row's key so that rows do not jump. */
import type { Column, Row, View } from "../api/types.ts"
import { planChart, timeColumn } from "../charts/chart-plan.ts"
import { compareCells } from "../format/cells.ts"

export interface Sort {
  readonly column: string
  readonly descending: boolean
}

/** Newest first where rows have a time, else largest first. */
export function defaultSort(view: View): Sort {
  const time = timeColumn(view)
  const column = time ?? planChart(view)?.measures[0] ?? view.columns[0]
  return { column: column?.name ?? "", descending: true }
}

/** A click on the sorted column turns the order round; another column starts with its largest value. */
export function nextSort(sort: Sort, column: string): Sort {
  return column === sort.column ? { column, descending: !sort.descending } : { column, descending: true }
}

/** NULL comes last ascending and first descending, as the platform sorts. */
export function sortRows(
  rows: ReadonlyMap<string, Row>,
  columns: readonly Column[],
  sort: Sort,
): (readonly [string, Row])[] {
  const column = columns.find((candidate) => candidate.name === sort.column)
  const entries = [...rows]
  if (column === undefined) return entries
  const sign = sort.descending ? -1 : 1
  return entries.sort(
    ([aKey, a], [bKey, b]) =>
      sign * compareCells(a[column.name], b[column.name], column) || (aKey < bKey ? -1 : 1),
  )
}
