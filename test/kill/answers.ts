/** What a platform answers when everything has settled, in the words of recompute.ts. */
import { setTimeout as wait } from "node:timers/promises"
import { assertBalance, booksOfAnswers } from "../../src/testing/balance.ts"
import { verifyView } from "../kit/verify-view.ts"
import type { PartitionSums, Views } from "./recompute.ts"
import { EVENTS, type EventName } from "./rows.ts"

const SETTLE_MS = 240_000
const POLL_MS = 100
const QUERY_MS = 300_000
/** Which field of each event is summed. */
const SUMMED = { tick: "v", reading: "n" } as const

type Item = Readonly<Record<string, unknown>>

export interface Verification {
  readonly view: string
  readonly verdict: string
  readonly reason: string | null
  readonly rows_compared: number
  readonly events_read: number
  readonly duration_ms: number
  readonly examples: unknown
}

export interface Answers {
  readonly views: Views
  /** The same by the store's tables. */
  readonly stored: Views
  readonly verdicts: ReadonlyMap<string, Readonly<Record<string, number>>>
  readonly tables: ReadonlyMap<EventName, readonly PartitionSums[]>
  readonly verifications: readonly Verification[]
  /** "partition/offset" of each late reading. */
  readonly late: ReadonlySet<string>
  readonly failed: number
  /** How often each row number is a dead letter. */
  readonly letters: ReadonlyMap<number, number>
}

/** The books balance at any moment, also right after a start; the platform's own gauges say so, too. */
export async function expectBalance(url: string): Promise<void> {
  const { events } = await get<{ events: Item[] }>(url, "/v1/events")
  const { views } = await get<{ views: Item[] }>(url, "/v1/views")
  assertBalance(booksOfAnswers(events, views))
  const metrics = await (await fetch(`${url}/metrics`)).text()
  for (const [gauge, count] of [
    ["millrace_events_imbalance", events.length],
    ["millrace_view_imbalance", views.length],
  ] as const) {
    const samples = metrics.split("\n").filter((line) => line.startsWith(`${gauge}{`))
    const off = samples.filter((line) => !line.endsWith(" 0"))
    if (samples.length !== count || off.length > 0)
      throw new Error(`${count} gauges ${gauge} at 0 belong into /metrics, not ${samples.join(", ")}`)
  }
}

/** Views have every event, tables every row, and the lake all of the log. */
export async function settled(url: string): Promise<void> {
  const until = performance.now() + SETTLE_MS
  for (;;) {
    await expectBalance(url)
    const waiting = await unsettled(url)
    if (waiting === null) return
    if (performance.now() > until) throw new Error(`the platform does not settle: ${waiting}`)
    await wait(POLL_MS)
  }
}

async function unsettled(url: string): Promise<string | null> {
  type Lag = { readonly lag: { readonly events: number } }
  const { views } = await get<{ views: Lag[] }>(url, "/v1/views")
  if (views.some(({ lag }) => lag.events > 0)) return "views lag"
  type Table = { readonly state: string; readonly lag: { readonly rows: number | null; readonly ms: number } }
  const store = await get<{ state: string; tables: Table[] }>(url, "/v1/store")
  if (store.state !== "ready" || store.tables.length !== EVENTS.length + views.length)
    return JSON.stringify(store)
  const behind = store.tables.filter(({ state, lag }) => state !== "following" || lag.ms > 0 || lag.rows)
  if (behind.length > 0) return JSON.stringify(behind)
  const { events } = await get<{ events: { name: string; appended: number }[] }>(url, "/v1/events")
  const lake = await get<{ tables: { event: string; rows: number }[]; last_error: unknown }>(url, "/v1/lake")
  for (const { name, appended } of events) {
    const rows = lake.tables.find(({ event }) => event === name)?.rows ?? 0
    if (rows < appended)
      return `the lake has ${rows} of ${appended} ${name}: ${JSON.stringify(lake.last_error)}`
  }
  return null
}

export async function readAnswers(url: string): Promise<Answers> {
  const { views } = await get<{ views: Item[] }>(url, "/v1/views")
  const names = views.map(({ name }) => String(name))
  const live = new Map<string, ReadonlySet<string>>()
  const stored = new Map<string, ReadonlySet<string>>()
  const verdicts = new Map<string, Readonly<Record<string, number>>>()
  const verifications: Verification[] = []
  for (const [index, name] of names.entries()) {
    live.set(name, textsOf(name, await pages(url, `/v1/views/${name}/rows`, 10_000)))
    stored.set(name, textsOf(name, (await query(url, `SELECT * FROM views.${name}`)).map(asInViews)))
    const { pending: _, ...ruled } = views[index]!["verdicts"] as Record<string, number>
    verdicts.set(name, ruled)
    verifications.push(await verifyView<Verification>(url, name))
  }
  const late = await pages(url, "/v1/views/per_window/late", 1_000)
  const failed = await pages(url, "/v1/views/ratios/failed", 1_000)
  return {
    views: live,
    stored,
    verdicts,
    tables: await tableSums(url),
    verifications,
    late: new Set(late.map(({ partition, offset }) => `${partition}/${offset}`)),
    failed: failed.length,
    letters: await letters(url),
  }
}

/** ClickHouse writes the microseconds of an instant that has none, too. */
function asInViews(row: Item): Item {
  const entries = Object.entries(row).map(([name, value]) => {
    return [name, typeof value === "string" ? value.replace(/\.000000Z$/, "Z") : value]
  })
  return Object.fromEntries(entries)
}

/** Rows of a table are distinct in this project, so that a set loses nothing; a row twice is an error. */
function textsOf(view: string, rows: readonly Item[]): Set<string> {
  const texts = new Set(rows.map((row) => JSON.stringify(row)))
  if (texts.size !== rows.length) throw new Error(`${view} has ${rows.length - texts.size} rows twice`)
  return texts
}

async function tableSums(url: string): Promise<Map<EventName, PartitionSums[]>> {
  const tables = new Map<EventName, PartitionSums[]>()
  for (const event of EVENTS) {
    const rows = await query(
      url,
      `SELECT _partition AS partition, count() AS rows, uniqExact((_partition, _offset)) AS places,
        sum(${SUMMED[event]}) AS total
      FROM events.${event} GROUP BY _partition ORDER BY _partition`,
    )
    const sums = rows.map(({ partition, rows: count, places, total }) => {
      if (count !== places) throw new Error(`events.${event} has ${count} rows at ${places} places`)
      return { partition: Number(partition), rows: Number(count), total: Number(total) }
    })
    tables.set(event, sums)
  }
  return tables
}

async function letters(url: string): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  for (const { text } of await pages(url, "/v1/dead-letters", 1_000, "dead_letters")) {
    const id = /"id":"r(\d+)"/.exec(String(text))?.[1]
    if (id === undefined) throw new Error(`a dead letter that nobody sent: ${text}`)
    found.set(Number(id), (found.get(Number(id)) ?? 0) + 1)
  }
  return found
}

async function query(url: string, sql: string): Promise<Item[]> {
  const { data } = await post<{ data: Item[] }>(url, "/v1/query", { sql, timeout_ms: QUERY_MS })
  return data
}

async function pages(url: string, path: string, limit: number, field = "rows"): Promise<Item[]> {
  const rows: Item[] = []
  let cursor: string | null = null
  do {
    const search = new URLSearchParams({ limit: String(limit), ...(cursor === null ? {} : { cursor }) })
    const page: Item = await get<Item>(url, `${path}?${search}`)
    rows.push(...(page[field] as Item[]))
    cursor = page["cursor"] as string | null
  } while (cursor !== null)
  return rows
}

async function get<T>(url: string, path: string): Promise<T> {
  return answerOf<T>(path, await fetch(url + path))
}

async function post<T>(url: string, path: string, body: unknown): Promise<T> {
  const request = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }
  return answerOf<T>(path, await fetch(url + path, request))
}

async function answerOf<T>(path: string, response: Response): Promise<T> {
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${path} answers ${response.status}: ${text}`)
  return JSON.parse(text) as T
}
