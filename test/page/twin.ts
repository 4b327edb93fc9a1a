/**
 * A twin of the platform for the page alone: it speaks the shapes of the HTTP API over a real socket and
 * serves the built page under the platform's Content-Security-Policy. Its data is canned (twin-project.ts).
 */
import { readFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { extname, join, normalize } from "node:path"
import { setInterval } from "node:timers"
import { answerLateness, answerTrail, answerVerify, answerWhy, equalCheck } from "./twin-checks.ts"
import { type Exchange, json, readText } from "./twin-exchange.ts"
import { answerLetters, answerReplays, answerVerdicts } from "./twin-letters.ts"
import { FLIGHT_FIELDS, FLIGHT_SCHEMA, SIGNUP_FIELDS, SIGNUP_SCHEMA, VIEWS } from "./twin-project.ts"
import { iso, selectRows, type TwinChange, TwinState } from "./twin-state.ts"
import { answerCancel, answerLake, answerQuery, answerStore } from "./twin-storage.ts"

const TICK_MS = 500
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'"
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
}

/** Rows that partition n of flights has waiting: so many times n. */
const PENDING_STEP = 40
const PENDING_FLIGHTS = PENDING_STEP * 6
const DOOR_DUPLICATES = 12
const NO_VERDICTS = { applied: 0, filtered: 0, late: 0, failed: 0, duplicate: 0, pending: 0 }
const NONE = {
  received: 1,
  accepted: 0,
  duplicates: 0,
  rejected: [],
  rejected_count: 0,
  rejected_truncated: false,
  dead_lettered: 0,
  dead_letters: [],
  receipt: null,
}

export interface Twin extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly state: TwinState
}

export interface TwinOptions {
  /** Folder of the built page. */
  readonly page: string
  /** 0: any free one. */
  readonly port: number
  /** False: a project that declares nothing. */
  readonly declared?: boolean
}

export async function startTwin({ page, port, declared = true }: TwinOptions): Promise<Twin> {
  const state = new TwinState(() => Date.now())
  state.checks.set("worst_routes", equalCheck(state, "worst_routes"))
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1")
    answer({ request, response, state, page, declared, url }).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(String(error))
    })
  })
  const timer = setInterval(() => state.tick(), TICK_MS)
  await listen(server, port)
  const address = server.address()
  const bound = typeof address === "object" && address !== null ? address.port : port
  return {
    url: `http://127.0.0.1:${bound}/`,
    port: bound,
    state,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", resolve)
  })
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, state, declared, url } = exchange
  const parts = url.pathname.split("/").filter((part) => part !== "")
  if (url.pathname === "/readyz") return json(response, { ready: true, project: "twin" })
  if (parts[0] !== "v1") return servePage(exchange, url.pathname)
  const [, what, name, part] = parts
  if (what === "query") return answerQuery(exchange)
  if (what === "queries") return answerCancel(exchange, name ?? "")
  if (what === "store") return answerStore(exchange)
  if (what === "lake") return answerLake(exchange)
  if (what === "dead-letters") return answerLetters(exchange, name, part)
  if (what === "replays") return answerReplays(exchange, name)
  if (part === "records") return answerTrail(exchange, [name ?? "", ...parts.slice(4)])
  if (part === "tail") return streamTail(exchange, name ?? "")
  if (what === "events" && request.method === "POST") return takeEvent(exchange, name ?? "")
  if (what === "events" && name !== undefined) return json(response, eventStatus(state, name, true))
  if (what === "events") {
    const names = declared ? ["user_signup", "flight"] : []
    return json(response, { events: names.map((event) => eventStatus(state, event, false)) })
  }
  if (what === "rejected") return json(response, { rejected: state.rejected })
  if (what === "views" && name === undefined) {
    return json(response, { views: declared ? VIEWS.map((view) => viewStatus(state, view.name)) : [] })
  }
  const view = VIEWS.find((candidate) => candidate.name === name)
  if (view === undefined) return json(response, { title: "Not found", detail: `no view ${name}` }, 404)
  if (part === "changes") return streamChanges(exchange, view.name)
  if (part === "late" || part === "failed") return answerVerdicts(exchange, part)
  if (part === "why") return answerWhy(exchange, view)
  if (part === "lateness") return answerLateness(exchange, view)
  if (part === "verify") return answerVerify(exchange, view)
  const rows = selectRows(state, view, url.searchParams)
  const receipt = url.searchParams.has("after")
    ? { processed: true, verdicts: { applied: 1 }, failures: {}, forgotten: 0 }
    : undefined
  return json(response, { rows, cursor: null, ...place(state, view.name), receipt })
}

function eventStatus(state: TwinState, name: string, full: boolean): Record<string, unknown> {
  const flight = name === "flight"
  const accepted = flight ? state.flights : state.signups
  const rejected = flight ? state.flightsRejected : state.signupsRejected
  const dead_lettered = flight ? 0 : state.letters.length
  const partitions = flight ? 4 : 1
  const each = Math.floor(accepted / partitions)
  const watermark = flight ? state.watermarks.flight : state.watermarks.user_signup
  return {
    name,
    description: flight ? "A flight has left the gate." : "Somebody signed up.",
    fields: flight ? FLIGHT_FIELDS : SIGNUP_FIELDS,
    id: flight ? "flight_id" : "event_id",
    time: flight ? "scheduled_at" : "timestamp",
    key: flight ? "origin" : null,
    out_of_orderness_ms: flight ? 28 * 3_600_000 : 10_000,
    received: accepted + DOOR_DUPLICATES + rejected + dead_lettered,
    accepted,
    duplicates: DOOR_DUPLICATES,
    rejected,
    dead_lettered,
    appended: accepted,
    events_per_second: flight ? state.flightRate : state.signupRate,
    watermark,
    watermark_partition: flight ? state.epoch % 3 : 0,
    partitions: Array.from({ length: partitions }, (_, index) => ({
      partition: index,
      durable_end: each,
      processed: each - (flight ? PENDING_STEP * index : 0),
      idle: false,
    })),
    ...(full ? eventDetails(flight, partitions) : {}),
  }
}

function eventDetails(flight: boolean, partitions: number): Record<string, unknown> {
  return {
    settings: {
      topic: flight ? "flight" : "user_signup",
      partitions,
      idle_ms: 30_000,
      idle_advance: false,
      dedup_window_ms: null,
      unknown_fields: "keep",
      on_invalid: flight ? "reject" : "dead-letter",
      retention_ms: null,
      retention_bytes: null,
      compression: "none",
    },
    fingerprint: "0123456789abcdef",
    json_schema: flight ? FLIGHT_SCHEMA : SIGNUP_SCHEMA,
  }
}

function place(state: TwinState, view: string): Record<string, unknown> {
  const watermark = view.startsWith("signups") ? state.watermarks.user_signup : state.watermarks.flight
  return { epoch: state.epoch, watermark, row_count: state.rows.get(view)?.size ?? 0 }
}

function viewStatus(state: TwinState, name: string): Record<string, unknown> {
  const view = VIEWS.find((candidate) => candidate.name === name)
  const flights = view?.events.includes("flight") ?? false
  return {
    ...view,
    views: [],
    emit: "changes",
    ...place(state, name),
    appended: flights ? state.flights : state.signups,
    lag: { events: flights ? PENDING_FLIGHTS : 0, ms: flights ? 12 : 0 },
    verdicts: flights ? flightVerdicts(state, name) : { ...NO_VERDICTS, applied: state.signups },
    verification: state.checks.get(name) ?? null,
    allowed_lateness_ms: 0,
    fingerprint: "0123456789abcdef",
  }
}

function flightVerdicts(state: TwinState, name: string): Record<string, number> {
  const hours = name === "delays_by_airport_hour"
  const [late, failed] = hours ? [state.late.length, state.failed.length] : [0, 0]
  const lost = hours ? state.lost : 0
  const applied = state.flights - PENDING_FLIGHTS - late - failed - lost
  return { ...NO_VERDICTS, applied, late, failed, pending: PENDING_FLIGHTS }
}

/** Newest events as they come, one of each batch. */
function streamTail({ response, state }: Exchange, event: string): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
  let offset = 50_000
  const timer = setInterval(() => {
    const value = {
      flight_id: offset,
      origin: "ATL",
      scheduled_at: state.watermarks.flight,
      delay_minutes: 3,
    }
    const record = { partition: 0, offset: offset++, appended_at: iso(Date.now()), value }
    response.write(`event: records\ndata: ${JSON.stringify({ event, records: [record] })}\n\n`)
  }, TICK_MS)
  response.on("close", () => clearInterval(timer))
}

async function takeEvent({ request, response, state }: Exchange, event: string): Promise<void> {
  const text = await readText(request)
  let row: Record<string, unknown>
  try {
    row = JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    const detail = `the body is not JSON: ${String(error)}`
    return json(response, { title: "Not JSON", detail, code: "body-not-json", status: 400 }, 400)
  }
  const schema = event === "flight" ? FLIGHT_SCHEMA : SIGNUP_SCHEMA
  const time = event === "flight" ? "scheduled_at" : "timestamp"
  const missing = schema.required.find((name) => row[name] === undefined)
  const wrongTime = Number.isNaN(Date.parse(String(row[time])))
  if (missing === undefined && !wrongTime) {
    const day = Math.floor(Date.parse(String(row[time])) / 86_400_000) * 86_400_000
    if (event === "user_signup") state.signup(typeof row["plan"] === "string" ? row["plan"] : null, day, 1)
    state.epoch++
    return json(response, { ...NONE, accepted: 1, receipt: "dHdpbi0x" })
  }
  const reason = {
    index: 0,
    field: missing ?? time,
    code: missing === undefined ? "wrong-type" : "missing-field",
    message:
      missing === undefined
        ? `${time} is "${String(row[time])}", which is not a timestamp; write it like "2001-01-03T14:00:00Z"`
        : `${missing} is missing; the contract of ${event} requires it`,
  }
  state.refuse({ event, ...reason, text })
  const problem = {
    type: "urn:millrace:error:all-rows-rejected",
    title: "All rows rejected",
    status: 422,
    detail: `none of the 1 rows could be taken; row 0: ${reason.message}`,
    code: "all-rows-rejected",
  }
  return json(response, { ...problem, ...NONE, rejected: [reason], rejected_count: 1 }, 422)
}

function streamChanges({ response, state }: Exchange, view: string): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
  const send = (event: string, data: object): void => {
    response.write(`id: ${state.epoch}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  const { epoch, watermark } = place(state, view)
  send("snapshot", { epoch, watermark, rows: [...(state.rows.get(view)?.values() ?? [])], last: true })
  const watch = (changed: string, changes: readonly TwinChange[]): void => {
    if (changed === view) send("changes", { epoch: state.epoch, watermark: iso(Date.now()), changes })
  }
  state.watchers.add(watch)
  response.on("close", () => state.watchers.delete(watch))
}

async function servePage({ response, page }: Exchange, path: string): Promise<void> {
  const file = join(page, normalize(path === "/" ? "/index.html" : path))
  const type = CONTENT_TYPES[extname(file)]
  if (!file.startsWith(page) || type === undefined) return json(response, { title: "Not found" }, 404)
  try {
    const bytes = await readFile(file)
    response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(bytes)
  } catch {
    // The file is not part of the built page.
    json(response, { title: "Not found" }, 404)
  }
}
