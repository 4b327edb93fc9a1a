/** `millrace why`: the events behind a row of a view, where one event went, or what holds the watermark. */
import { type Command, FINE, type Given } from "./command.ts"
import { wrongUsage } from "./errors.ts"
import { SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"

export const why: Command = {
  name: "why",
  summary: "Show the events behind the row of VIEW that has COLUMN=VALUE, and those that are not in it.",
  positionals: ["[VIEW]", "COLUMN=VALUE..."],
  options: {
    ...SERVER_OPTIONS,
    limit: { value: "N", about: "Events of each kind (default 100)." },
    event: {
      value: "EVENT/PARTITION@OFFSET",
      about: "Show instead where this one event went, view by view.",
    },
    late: { value: null, about: "Show instead which event and partition hold the view's watermark." },
  },
  examples: [
    "millrace why signups_per_plan plan=free",
    "millrace why revenue_per_day day=2026-01-01T00:00:00Z country=FR --limit 10",
    "millrace why signups_per_plan plan.is_null=true",
    "millrace why --event user_signup/0@1207",
    "millrace why signups_per_minute --late",
  ],
  run,
}

interface ShownEvent {
  readonly event: string
  readonly partition: number
  readonly offset: number
  readonly value: string
  readonly verdict?: string
  readonly reason?: string
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [view, ...terms] = given.positionals
  const place = given.text("event")
  if (place !== null) return followEvent(place, given, terminal)
  if (view === undefined) throw wrongUsage("millrace why needs the name of a view")
  const server = Server.given(given, terminal)
  const late = given.flag("late")
  const base = `/v1/views/${encodeURIComponent(view)}`
  const path = late ? `${base}/lateness` : `${base}/why?${queryOf(given, terms)}`
  const body = await server.get(path)
  if (given.flag("json")) terminal.print(JSON.stringify(body))
  else if (late) printLateness(body, terminal)
  else printEvents(body, terminal)
  return FINE
}

interface ShownRuling {
  readonly view: string
  readonly verdict: string | null
  readonly reason: string | null
}

async function followEvent(place: string, given: Given, terminal: Terminal): Promise<number> {
  if (given.positionals.length > 0) {
    throw wrongUsage("millrace why takes either a view or --event; where an event went is told for all views")
  }
  const [, event, partition, offset] = /^([^/@]+)\/(\d+)@(\d+)$/.exec(place) ?? []
  if (event === undefined) {
    throw wrongUsage(`"${place}" is no EVENT/PARTITION@OFFSET, such as user_signup/0@1207`)
  }
  const path = `/v1/events/${encodeURIComponent(event)}/records/${partition}/${offset}`
  const body = await Server.given(given, terminal).get(path)
  if (given.flag("json")) {
    terminal.print(JSON.stringify(body))
    return FINE
  }
  terminal.print(`${place}  ${body["appended_at"]}  ${body["value"]}`)
  const views = body["views"] as ShownRuling[]
  if (views.length === 0) terminal.print(`No view reads ${event}.`)
  for (const { view, verdict, reason } of views) {
    terminal.print([view, verdict ?? "unknown", reason].filter((part) => part !== null).join("  "))
  }
  return FINE
}

function queryOf(given: Given, terms: readonly string[]): string {
  const query = new URLSearchParams()
  for (const term of terms) {
    const equals = term.indexOf("=")
    if (equals < 1) throw wrongUsage(`"${term}" is no COLUMN=VALUE`)
    query.append(`key.${term.slice(0, equals)}`, term.slice(equals + 1))
  }
  const limit = given.number("limit", { from: 1, to: 1_000, whole: true })
  if (limit !== null) query.append("limit", String(limit))
  return query.toString()
}

function printEvents(body: Readonly<Record<string, unknown>>, terminal: Terminal): void {
  terminal.print(body["row"] === null ? "The view has no such row." : JSON.stringify(body["row"]))
  for (const event of body["events"] as ShownEvent[]) terminal.print(lineOf(event))
  if (body["more_events"] === true) terminal.print("… and more")
  const leftOut = body["left_out"] as ShownEvent[]
  if (leftOut.length > 0) terminal.print(terminal.paint("bold", "Not in it:"))
  for (const event of leftOut) terminal.print(`${lineOf(event)}  ${event.verdict}: ${event.reason}`)
  if (body["more_left_out"] === true) terminal.print("… and more")
}

function lineOf({ event, partition, offset, value }: ShownEvent): string {
  return `${event}/${partition}@${offset}  ${value}`
}

interface ShownSource {
  readonly event: string
  readonly watermark: string | null
  readonly holding_partition: number | null
  readonly held_since: string | null
}

function printLateness(body: Readonly<Record<string, unknown>>, terminal: Terminal): void {
  terminal.print(`watermark ${body["watermark"] ?? "none yet"}`)
  for (const source of body["sources"] as ShownSource[]) {
    const { event, watermark, holding_partition: partition, held_since: since } = source
    const held =
      partition === null ? "all partitions are idle" : `held by partition ${partition} since ${since}`
    terminal.print(`${event}  ${watermark ?? "none yet"}  ${held}`)
  }
}
