/**
 * Rows per second into the store with everything on, and what its presence costs whoever posts: the same load
 * with the store and without it, in one run.
 */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Bench } from "./figure.ts"
import type { Window } from "./http-ingest/generator.ts"

const CONNECTIONS = 4
const ROWS_PER_POST = 1_000
const UNIQUE_IDS = 1
const WARM_UP_MS = 2_000
const WINDOW_MS = 2_000
const WINDOWS = 3

interface Status {
  readonly tables: readonly { readonly table: string; readonly lagMs: number; readonly writtenRows: number }[]
}

interface Measured {
  readonly eventsPerSecond: number
  readonly p50: number
  readonly p99: number
  /** Written to the event's table, from the first post until nothing is missing. */
  readonly storedPerSecond: number
}

export const bench: Bench = {
  name: "store",
  about: "Posts of 1,000 bids, ids remembered, a view per auction: with the store, against without it.",
  run: async (report, { scale }) => {
    const without = await measure("off", scale)
    const present = await measure("on", scale)
    const rate = { unit: "events/s" }
    report({ ...rate, metric: "rows written to the store", value: present.storedPerSecond, baseline: null })
    report({
      ...rate,
      metric: "events acknowledged",
      value: present.eventsPerSecond,
      baseline: without.eventsPerSecond,
    })
    report({ metric: "time to the answer, p50", value: present.p50, unit: "ms", baseline: without.p50 })
    report({ metric: "time to the answer, p99", value: present.p99, unit: "ms", baseline: without.p99 })
  },
}

async function measure(store: "on" | "off", scale: number): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), "millrace-bench-"))
  const env = { ...process.env, MILLRACE_BENCH_STORE: store }
  const server = fork(new URL("./store/server.ts", import.meta.url), [directory], { env })
  try {
    const { url } = await message<{ url: string }>(server)
    const startedMs = performance.now()
    const windows = await generate(url, scale)
    const stored = store === "on" ? await untilStored(server) : 0
    return {
      eventsPerSecond: median(windows.map(({ rows, seconds }) => rows / seconds)),
      p50: median(windows.map(({ p50 }) => p50)),
      p99: median(windows.map(({ p99 }) => p99)),
      storedPerSecond: (stored / (performance.now() - startedMs)) * 1_000,
    }
  } finally {
    if (server.connected) server.send("close")
    await once(server, "exit")
    rmSync(directory, { recursive: true })
  }
}

async function generate(url: string, scale: number): Promise<Window[]> {
  const script = new URL("./http-ingest/generator.ts", import.meta.url).pathname
  const times = [WARM_UP_MS * scale, WINDOW_MS * scale, WINDOWS]
  const numbers = [CONNECTIONS, ROWS_PER_POST, UNIQUE_IDS, ...times].map(String)
  const generator = spawn(process.execPath, [script, url, "/v1/events/bid", ...numbers], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exited = once(generator, "exit")
  let text = ""
  for await (const chunk of generator.stdout) text += String(chunk)
  const [code] = (await exited) as [number | null]
  if (code !== 0) throw new Error(`the generator ended with ${code}`)
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Window)
}

/** Rows in the event's table once nothing is missing in it. */
async function untilStored(server: ChildProcess): Promise<number> {
  for (;;) {
    const answer = message<Status>(server)
    server.send("status")
    const { tables } = await answer
    const bids = tables.find(({ table }) => table === "events.bid")
    if (bids !== undefined && bids.lagMs === 0) return bids.writtenRows
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function message<T>(server: ChildProcess): Promise<T> {
  const [value] = (await once(server, "message")) as [T]
  return value
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}
