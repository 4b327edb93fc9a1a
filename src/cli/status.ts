/** `millrace status`: what flows through a running platform. */
import { type Command, FINE, type Given, PROBLEM } from "./command.ts"
import { answerUnreadable } from "./errors.ts"
import { SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"
import { type Cell, textTable } from "./text-table.ts"

export const status: Command = {
  name: "status",
  summary: "Show events, views, lag and watermarks of a running platform.",
  positionals: [],
  options: SERVER_OPTIONS,
  notes: ["Exit code 1 when the platform answers but does not take events."],
  examples: ["millrace status", "millrace status --json", "millrace status --port 4700"],
  run,
}

/** What the tables show: the field, and the column's title. */
const EVENT_COLUMNS: readonly (readonly [path: string, title: string])[] = [
  ["name", "event"],
  ["received", "received"],
  ["accepted", "accepted"],
  ["duplicates", "duplicates"],
  ["rejected", "rejected"],
  ["events_per_second", "per second"],
  ["watermark", "watermark"],
]
const VIEW_COLUMNS: readonly (readonly [path: string, title: string])[] = [
  ["name", "view"],
  ["row_count", "rows"],
  ["lag.events", "pending"],
  ["lag.ms", "lag ms"],
  ["epoch", "epoch"],
  ["verdicts.applied", "applied"],
  ["verdicts.filtered", "filtered"],
  ["verdicts.late", "late"],
  ["verdicts.failed", "failed"],
  ["verdicts.duplicate", "duplicate"],
  ["watermark", "watermark"],
]

const STORE_COLUMNS: readonly (readonly [path: string, title: string])[] = [
  ["table", "table"],
  ["state", "state"],
  ["written_rows", "written"],
  ["lag.rows", "lag rows"],
  ["lag.ms", "lag ms"],
  ["reason", "reason"],
]

async function run(given: Given, terminal: Terminal): Promise<number> {
  const server = Server.given(given, terminal)
  const [health, readiness, events, views, store] = await Promise.all([
    server.get("/healthz"),
    server.read("/readyz"),
    server.get("/v1/events"),
    server.get("/v1/views"),
    server.get("/v1/store"),
  ])
  const ready = readiness.status < 400
  const project = textOf(readiness.body["project"])
  const reason = ready ? null : textOf(readiness.body["detail"])
  const list = { events: listOf(server, events, "events"), views: listOf(server, views, "views") }
  if (given.flag("json")) {
    terminal.print(JSON.stringify({ url: server.url, project, ready, reason, ...health, ...list, store }))
    return ready ? FINE : PROBLEM
  }
  const state = ready ? terminal.paint("green", "ready") : terminal.paint("red", `not ready: ${reason ?? ""}`)
  const name = terminal.paint("bold", project ?? "Millrace")
  terminal.print(
    `${name} at ${server.url}: ${state}, up ${upTime(health["uptime_ms"])}, version ${health["version"]}`,
  )
  printTable(EVENT_COLUMNS, list.events, "no events", terminal)
  printTable(VIEW_COLUMNS, list.views, "no views", terminal)
  const why = store["reason"] === null ? "" : `: ${textOf(store["reason"])}`
  terminal.print(`\nstore ${textOf(store["state"])}${why}`)
  const tables = listOf(server, store, "tables")
  if (tables.length > 0) printTable(STORE_COLUMNS, tables, "", terminal)
  return ready ? FINE : PROBLEM
}

type Item = Readonly<Record<string, unknown>>

function listOf(server: Server, body: Item, name: string): readonly Item[] {
  const list = body[name]
  if (Array.isArray(list)) return list as Item[]
  throw answerUnreadable(server.url, `its answer has no list of ${name}`)
}

function printTable(
  columns: readonly (readonly [path: string, title: string])[],
  items: readonly Item[],
  empty: string,
  terminal: Terminal,
): void {
  terminal.print("")
  if (items.length === 0) {
    terminal.print(empty)
    return
  }
  const rows = items.map((item) => columns.map(([path]) => cellOf(item, path)))
  const [header, ...lines] = textTable(
    columns.map(([, title]) => title),
    rows,
  )
  terminal.print(terminal.paint("dim", header!))
  for (const line of lines) terminal.print(line)
}

function cellOf(item: Item, path: string): Cell {
  let value: unknown = item
  for (const key of path.split(".")) value = (value as Item | null | undefined)?.[key]
  return typeof value === "number" || typeof value === "string" ? value : null
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null
}

function upTime(ms: unknown): string {
  const seconds = Math.floor(Number(ms) / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
