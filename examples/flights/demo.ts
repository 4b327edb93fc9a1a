/**
 * The demo: starts the platform with this project, feeds it flights at their own times (sped up), and tells
 * what happens until it is stopped. It reads what it tells over HTTP, as anybody would.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { instantOf } from "./departures.ts"
import { type FeedProgress, feedFlights } from "./feed.ts"
import { ALL_FLIGHTS } from "./flights-file.ts"

export interface DemoOptions {
  /** Null: until `signal`. */
  readonly seconds: number | null
  readonly port: number
  /** Folder to keep the data in, and to go on from; null: a new one, removed at the end. */
  readonly data: string | null
  readonly hoursPerSecond: number
  readonly print: (line: string) => void
  /** Ctrl-C. */
  readonly signal: AbortSignal
}

export interface DemoEvent {
  readonly accepted: number
  readonly rejected: number
  readonly duplicates: number
  readonly appended: number
  readonly events_per_second: number
}

export interface DemoView {
  readonly name: string
  readonly row_count: number
  readonly lag: { readonly events: number }
  readonly verdicts: { readonly late: number; readonly failed: number }
}

/** How often a line is printed. */
const LINE_EVERY_MS = 2_000
const POSITION_FILE = "flights-fed.json"

/** Resolves with the exit code. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { print } = options
  const { startPlatform } = await import("../../src/platform/start-platform.ts")
  await using cleanup = new AsyncDisposableStack()
  const data = options.data ?? (await temporaryFolder(cleanup))
  print("Starting the platform …")
  const platform = cleanup.use(
    await startPlatform({
      projectDirectory: import.meta.dirname,
      dataDirectory: data,
      port: options.port,
      portFallback: true,
      report: print,
    }),
  )
  print("")
  print(`  Open  ${platform.url}/`)
  print("")
  print(
    `Feeding real flights of 2001, ${options.hoursPerSecond} hours in a second, in the order they left.` +
      (options.seconds === null ? " Ctrl-C stops." : ""),
  )
  const stop = stopSignal(options)
  const startedAtMs = performance.now()
  const fed = await feedAndTell({ ...options, data, url: platform.url, stop })
  const seconds = (performance.now() - startedAtMs) / 1_000
  await printSummary(platform.url, fed, seconds, print)
  return 0
}

async function temporaryFolder(cleanup: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-demo-"))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function stopSignal({ seconds, signal }: DemoOptions): AbortSignal {
  return seconds === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)])
}

interface Feeding extends DemoOptions {
  readonly data: string
  readonly url: string
  readonly stop: AbortSignal
}

async function feedAndTell({ data, url, stop, hoursPerSecond, print }: Feeding): Promise<FeedProgress> {
  const skip = await readPosition(data)
  if (skip > 0) print(`${count(skip)} flights are here from before; going on behind them.`)
  const nothing = { position: skip, accepted: 0, duplicates: 0, rejected: 0, departureMinute: 0 }
  let latest: FeedProgress = nothing
  const ended = new AbortController()
  const until = AbortSignal.any([stop, ended.signal])
  const telling = tellNowAndThen(() => latest, { url, data, print, until })
  try {
    latest = await feedFlights({
      url,
      skip,
      pace: { kind: "time", hoursPerSecond },
      signal: stop,
      onProgress: (progress) => {
        latest = progress
      },
    })
    await writePosition(data, latest)
    if (latest.position >= ALL_FLIGHTS && !stop.aborted) {
      print(`All ${count(ALL_FLIGHTS)} flights are in. The page stays until Ctrl-C.`)
      await sleep(2 ** 31 - 1, undefined, { signal: stop }).catch(() => {})
    }
    return latest
  } finally {
    ended.abort()
    await telling
  }
}

/**
 * After a crash the last position is an older one; flights that are sent again are duplicates, by their ids.
 */
async function readPosition(data: string): Promise<number> {
  const text = await readFile(join(data, POSITION_FILE), "utf8").catch(() => null)
  return text === null ? 0 : (JSON.parse(text) as { flights: number }).flights
}

function writePosition(data: string, { position }: FeedProgress): Promise<void> {
  return writeFile(join(data, POSITION_FILE), JSON.stringify({ flights: position }))
}

interface Telling {
  readonly data: string
  readonly url: string
  readonly print: (line: string) => void
  readonly until: AbortSignal
}

async function tellNowAndThen(latest: () => FeedProgress, telling: Telling): Promise<void> {
  const { url, data, print, until } = telling
  while (!until.aborted) {
    await sleep(LINE_EVERY_MS, undefined, { signal: until }).catch(() => {})
    const { departureMinute } = latest()
    if (until.aborted || departureMinute === 0) continue
    await writePosition(data, latest())
    const { event, views } = await readStatus(url)
    const late = Math.max(0, ...views.map((view) => view.verdicts.late))
    const rows = views.reduce((sum, view) => sum + view.row_count, 0)
    print(
      `${instantOf(departureMinute).slice(0, 16).replace("T", " ")}  ` +
        `${count(event.appended)} flights in, ${count(Math.round(event.events_per_second))}/s, ` +
        `${count(late)} late, ${count(rows)} view rows${await worstRoute(url)}`,
    )
  }
}

async function worstRoute(url: string): Promise<string> {
  const query = "sort=-average_delay&limit=1"
  const { rows } = await readJson<{ rows: readonly Record<string, string>[] }>(
    `${url}/v1/views/worst_routes/rows?${query}`,
  )
  const [row] = rows
  if (row === undefined) return ""
  return `; worst route ${row["origin"]}-${row["destination"]}, ${row["average_delay"]} min`
}

async function printSummary(
  url: string,
  fed: FeedProgress,
  seconds: number,
  print: DemoOptions["print"],
): Promise<void> {
  const { event, views } = await readSettled(url)
  const late = Math.max(0, ...views.map((view) => view.verdicts.late))
  const failed = Math.max(0, ...views.map((view) => view.verdicts.failed))
  print("")
  print("Summary")
  print(`  events in          ${count(event.appended)} (${count(fed.accepted)} of them in this run)`)
  print(`  duplicates         ${count(event.duplicates)}`)
  print(`  rejected           ${count(event.rejected)}`)
  print(`  late               ${count(late)}`)
  if (failed > 0) print(`  failed             ${count(failed)}`)
  print(`  events per second  ${count(Math.round(fed.accepted / Math.max(seconds, 0.001)))}`)
  print("  view rows")
  for (const view of views) print(`    ${view.name.padEnd(24)} ${count(view.row_count)}`)
}

/**
 * What is in the log is worked through within a moment; a summary that does not wait for it would be wrong.
 */
async function readSettled(url: string): ReturnType<typeof readStatus> {
  const tries = 100
  for (let attempt = 1; ; attempt++) {
    const status = await readStatus(url)
    if (attempt >= tries || status.views.every((view) => view.lag.events === 0)) return status
    await sleep(100)
  }
}

async function readStatus(url: string): Promise<{ event: DemoEvent; views: readonly DemoView[] }> {
  const event = await readJson<DemoEvent>(`${url}/v1/events/flight`)
  const { views } = await readJson<{ views: readonly DemoView[] }>(`${url}/v1/views`)
  return { event, views }
}

async function readJson<T>(address: string): Promise<T> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

function count(value: number): string {
  return value.toLocaleString("en-US")
}
