/** Queries that are worth asking of this project, made from its events and views. ClickHouse's SQL. */
import type { EventStream, View } from "../api/types.ts"
import { defaultSort } from "../views/sort.ts"

export interface Example {
  readonly name: string
  readonly sql: string
}

/** A row of buttons, not a library. */
const EVENTS = 2
const VIEWS = 3

export function examplesOf(events: readonly EventStream[], views: readonly View[]): readonly Example[] {
  return [
    ...events.slice(0, EVENTS).flatMap(eventExamples),
    ...views.slice(0, VIEWS).map(viewExample),
    ...events.slice(0, 1).map(paceExample),
  ]
}

export function newestSql(event: string): string {
  return `SELECT *\nFROM events.${quoted(event)}\nORDER BY processed_at DESC\nLIMIT 20`
}

function eventExamples(event: EventStream): readonly Example[] {
  const newest = { name: `Newest ${event.name}`, sql: newestSql(event.name) }
  const by = groupField(event)
  if (by === null) return [newest]
  const sql = [
    `SELECT ${quoted(by)}, count() AS events, max(${quoted(event.time)}) AS newest`,
    `FROM events.${quoted(event.name)}`,
    `GROUP BY ${quoted(by)}`,
    "ORDER BY events DESC",
    "LIMIT 20",
  ]
  return [newest, { name: `${event.name} by ${by}`, sql: sql.join("\n") }]
}

/** What people group by: the key, else the first text that is not an id. */
function groupField(event: EventStream): string | null {
  if (event.key !== null && event.key !== event.id) return event.key
  const field = event.fields.find(
    ({ name, type }) => type === "string" && name !== event.id && !/(_id|email|_type)$/.test(name),
  )
  return field?.name ?? null
}

function viewExample(view: View): Example {
  const { column } = defaultSort(view)
  const order = column === "" ? [] : [`ORDER BY ${quoted(column)} DESC`]
  return {
    name: view.name,
    sql: ["SELECT *", `FROM views.${quoted(view.name)}`, ...order, "LIMIT 20"].join("\n"),
  }
}

function paceExample({ name }: EventStream): Example {
  const sql = [
    "SELECT toStartOfMinute(processed_at) AS minute, count() AS events",
    `FROM events.${quoted(name)}`,
    "GROUP BY minute",
    "ORDER BY minute DESC",
    "LIMIT 60",
  ]
  return { name: `${name} per minute`, sql: sql.join("\n") }
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(name) ? name : `\`${name.replaceAll("`", "\\`")}\``
}
