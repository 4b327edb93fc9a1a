/**
 * From an event posted to its change received by a live reader, while 50,000 events a second come in:
 * durable, exactly once, over real sockets. Server and load are processes of their own.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { Bench } from "./figure.ts"
import { startServer } from "./server-process.ts"

const EVENTS_PER_SECOND = 50_000
const WARM_UP_MS = 4_000
const PROBES = 400
const PROBE_EVERY_MS = 20

const PROJECT = fileURLToPath(new URL("./freshness/project", import.meta.url))
const LOAD = fileURLToPath(new URL("./freshness/load.ts", import.meta.url))

export const bench: Bench = {
  name: "freshness",
  about: "An event posted to the view's change received over SSE, at 50,000 events/s, synced, exactly once.",
  run: async (report, { scale }) => {
    for (const rate of [0, EVENTS_PER_SECOND]) {
      const latencies = await measure(rate, Math.ceil(PROBES * scale))
      const load = rate === 0 ? "no other load" : `${rate.toLocaleString("en-US")} events/s`
      const row = (name: string, share: number) =>
        report({ metric: `${name}, ${load}`, value: quantile(latencies, share), unit: "ms", baseline: null })
      row("p50", 0.5)
      row("p99", 0.99)
    }
  },
}

async function measure(rate: number, probes: number): Promise<number[]> {
  const data = mkdtempSync(join(tmpdir(), "millrace-freshness-"))
  const server = await startServer(PROJECT, data)
  let load: ChildProcess | null = null
  try {
    const arrivals = await listen(server.url)
    if (rate > 0) load = spawn(process.execPath, [LOAD, server.url, String(rate)], { stdio: "inherit" })
    await pause(WARM_UP_MS)
    return await probe(server.url, arrivals, probes)
  } finally {
    load?.kill()
    await server.stop()
    rmSync(data, { recursive: true, force: true })
  }
}

/** When each probe's page was first seen in a change, by page. */
async function listen(url: string): Promise<Map<string, (atMs: number) => void>> {
  const waiting = new Map<string, (atMs: number) => void>()
  const response = await fetch(`${url}/v1/views/per_page/changes`)
  const read = async () => {
    let rest = ""
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const atMs = performance.now()
      rest += chunk
      for (const [page, seen] of waiting) {
        if (!rest.includes(page)) continue
        waiting.delete(page)
        seen(atMs)
      }
      rest = rest.slice(-64)
    }
  }
  // The stream breaks when the server stops; probes that were not seen have timed out by then.
  read().catch(() => {})
  return waiting
}

async function probe(
  url: string,
  arrivals: Map<string, (atMs: number) => void>,
  probes: number,
): Promise<number[]> {
  const latencies: Promise<number>[] = []
  for (let n = 0; n < probes; n++) {
    const page = `/probe/${String(n).padStart(8, "0")}/`
    const sentMs = performance.now()
    latencies.push(new Promise((resolve) => arrivals.set(page, (atMs) => resolve(atMs - sentMs))))
    const row = { id: page, at: new Date().toISOString(), page, ms: 1 }
    const request = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(row),
    }
    const answered = fetch(`${url}/v1/events/click`, request).then((response) => response.arrayBuffer())
    await Promise.all([answered, pause(PROBE_EVERY_MS)])
  }
  return Promise.all(latencies)
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0
}
