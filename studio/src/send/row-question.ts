/**
 * Which row of a view did this event go into? Columns that have the name of one of the event's fields must be
 * equal to it, and of what remains the newest window that had begun by the event's time is it.
 */

import type { RowsQuery } from "../api/client.ts"
import type { Column, EventStream, View } from "../api/types.ts"
import { timeColumn } from "../charts/chart-plan.ts"
import { isTime } from "../format/cells.ts"

export function rowQuestion(view: View, event: EventStream, json: string): Pick<RowsQuery, "where" | "sort"> {
  const sent = JSON.parse(json) as Readonly<Record<string, unknown>>
  const where: (readonly [string, string])[] = []
  for (const name of view.key ?? []) {
    const column = view.columns.find((candidate) => candidate.name === name)
    if (column === undefined || isTime(column)) continue
    if (!event.fields.some((field) => field.name === name)) continue
    const text = sent[name] === undefined || sent[name] === null ? null : String(sent[name])
    where.push(text === null ? [`${name}.is_null`, "true"] : [name, text])
  }
  const time = timeColumn(view)
  const instant = sent[event.time]
  if (time === null || typeof instant !== "string") return { where }
  where.push([`${time.name}.lte`, instantText(time, instant)])
  return { where, sort: `-${time.name}` }
}

function instantText(column: Column, instant: string): string {
  return column.type === "date" ? instant.slice(0, 10) : instant
}
