/** `millrace tail`: what comes in for an event, or how a view changes, as it happens. */

import { isPlatformError } from "../std/errors.ts"
import { type Command, FINE, type Given } from "./command.ts"
import { serverRefused, wrongUsage } from "./errors.ts"
import { readEventStream, type StreamEvent } from "./event-stream.ts"
import { nearest } from "./nearest.ts"
import { pause } from "./pause.ts"
import { SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"

/** Between two attempts to connect again; a restart of the platform takes about a second. */
const RECONNECT_MS = 1_000

export const tail: Command = {
  name: "tail",
  summary: "Follow an event's new rows, or a view: its rows first, then every change.",
  positionals: ["EVENT|VIEW"],
  options: {
    ...SERVER_OPTIONS,
    limit: { value: "N", about: "End after N lines." },
  },
  notes: [
    "An event's rows are printed as they were sent. Of a view, + is a row that came and - one that went;",
    "rows without a sign were there at the beginning. A lost connection is taken up where it broke.",
    "With --json every line is an object: {partition, offset, appended_at, value} for an event,",
    '{kind: "snapshot"|"change", epoch, weight, row} for a view.',
  ],
  examples: [
    "millrace tail user_signup",
    "millrace tail signups_per_day --json",
    "millrace tail user_signup --limit 10",
  ],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [name] = given.positionals
  if (name === undefined) throw wrongUsage("millrace tail needs the name of an event or a view")
  const limit =
    given.number("limit", { from: 1, to: Number.MAX_SAFE_INTEGER, whole: true }) ?? Number.POSITIVE_INFINITY
  const server = Server.given(given, terminal)
  const path = await findStream(server, name)
  const lines = given.flag("json") ? jsonLines : textLines
  let printed = 0
  for await (const event of followed(server, path, terminal)) {
    for (const line of lines(event, terminal)) {
      terminal.print(line)
      if (++printed >= limit) return FINE
    }
  }
  return FINE
}

async function findStream(server: Server, name: string): Promise<string> {
  const [events, views] = await Promise.all([names(server, "events"), names(server, "views")])
  if (events.includes(name)) return `/v1/events/${name}/tail`
  if (views.includes(name)) return `/v1/views/${name}/changes`
  const known = [...events, ...views]
  const near = nearest(name, known)
  const hint = near === null ? `there are ${known.join(", ") || "none"}` : `did you mean ${near}?`
  throw serverRefused(404, { code: null, detail: `there is no event or view ${name}; ${hint}` })
}

async function names(server: Server, kind: "events" | "views"): Promise<string[]> {
  const list = (await server.get(`/v1/${kind}`))[kind]
  return Array.isArray(list) ? list.map(({ name }: { name: string }) => name) : []
}

/** The stream's events, across connections that break, until the command is stopped. */
async function* followed(server: Server, path: string, terminal: Terminal): AsyncGenerator<StreamEvent> {
  let lastEventId: string | null = null
  let connected = false
  while (!terminal.stopped.aborted) {
    try {
      const bytes = await server.stream(path, lastEventId, terminal.stopped)
      connected = true
      for await (const event of readEventStream(bytes)) {
        lastEventId = event.lastEventId ?? lastEventId
        yield event
      }
    } catch (error) {
      if (terminal.stopped.aborted) return
      if (!connected || isPlatformError(error, "server-refused")) throw error
    }
    if (terminal.stopped.aborted) return
    terminal.progress("the connection is lost; trying again …")
    await pause(RECONNECT_MS, terminal.stopped)
  }
}

interface Update {
  readonly epoch?: number
  readonly rows?: readonly unknown[]
  readonly changes?: readonly { readonly weight: number; readonly row: unknown }[]
  readonly records?: readonly { readonly value: unknown }[]
}

function jsonLines({ name, data }: StreamEvent): string[] {
  const update = JSON.parse(data) as Update
  const { epoch } = update
  if (name === "records") return (update.records ?? []).map((record) => JSON.stringify(record))
  if (name === "snapshot") {
    return (update.rows ?? []).map((row) => JSON.stringify({ kind: "snapshot", epoch, weight: 1, row }))
  }
  return (update.changes ?? []).map(({ weight, row }) =>
    JSON.stringify({ kind: "change", epoch, weight, row }),
  )
}

function textLines({ name, data }: StreamEvent, terminal: Terminal): string[] {
  const update = JSON.parse(data) as Update
  if (name === "records") return (update.records ?? []).map(({ value }) => JSON.stringify(value))
  if (name === "snapshot") return (update.rows ?? []).map((row) => `  ${JSON.stringify(row)}`)
  return (update.changes ?? []).map(({ weight, row }) => {
    const times = Math.abs(weight) === 1 ? "" : ` (${Math.abs(weight)} times)`
    const sign = weight > 0 ? terminal.paint("green", "+") : terminal.paint("red", "-")
    return `${sign} ${JSON.stringify(row)}${times}`
  })
}
