/**
 * Many events through everything: log, views, hot store and lake, in a platform of its own whose memory is
 * watched. In the end store, lake and views have each of them once, and memory has not grown with their
 * number.
 *
 *   node test/soak/soak.ts --events 10000000
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { runArguments } from "../kit/run-arguments.ts"

const PROJECT = fileURLToPath(new URL("../../examples/flights", import.meta.url))
const CLI = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url))
const EVENTS_PER_POST = 2_000
const POSTS_AT_A_TIME = 4
const SETTLE_TIMEOUT_MS = 600_000
/** What the second half may need beyond the first: caches fill, memory does not grow with history. */
const ALLOWED_GROWTH = 1.25
const AIRPORTS = ["ATL", "ORD", "DFW", "LAX", "PHX", "DEN", "DTW", "MSP", "LAS", "IAH", "SFO", "STL"]
const SCHEDULED_FROM_MS = Date.UTC(2001, 0, 1)
/** Eleven flights a minute, as in the real file. */
const FLIGHTS_PER_MINUTE = 11

export interface SoakReport {
  readonly events: number
  readonly seconds: number
  readonly eventsPerSecond: number
  /** Resident memory of the platform and of its store's process, in MB. */
  readonly peakMb: { readonly firstHalf: number; readonly secondHalf: number }
  readonly store: string
  readonly lake: string
}

export async function soak(events: number, print: (line: string) => void): Promise<SoakReport> {
  const data = mkdtempSync(join(tmpdir(), "millrace-soak-"))
  const server = await startServer(data)
  const peakMb = { firstHalf: 0, secondHalf: 0 }
  let sent = 0
  const watch = setInterval(() => {
    const half = sent * 2 <= events ? "firstHalf" : "secondHalf"
    peakMb[half] = Math.max(peakMb[half], residentMb(server.process.pid!))
  }, 500)
  try {
    const startedMs = performance.now()
    await Promise.all(
      Array.from({ length: POSTS_AT_A_TIME }, async () => {
        while (sent < events) {
          const first = sent
          sent += Math.min(EVENTS_PER_POST, events - sent)
          await post(server.url, first, sent)
          if (first % 500_000 < EVENTS_PER_POST)
            print(`${first.toLocaleString("en")} events: ${memoryText(server.process.pid!)}`)
        }
      }),
    )
    const seconds = (performance.now() - startedMs) / 1_000
    // What the questions below need is theirs, not history's.
    clearInterval(watch)
    const { store, lake } = await settled(server.url, events)
    if (peakMb.secondHalf > peakMb.firstHalf * ALLOWED_GROWTH) {
      throw new Error(
        `memory grows: ${peakMb.firstHalf} MB in the first half, ${peakMb.secondHalf} MB in the second`,
      )
    }
    return { events, seconds, eventsPerSecond: Math.round(events / seconds), peakMb, store, lake }
  } finally {
    clearInterval(watch)
    server.process.kill("SIGTERM")
    await new Promise((resolve) => server.process.once("exit", resolve))
    rmSync(data, { recursive: true, force: true })
  }
}

interface Server {
  readonly process: ChildProcess
  readonly url: string
}

async function startServer(data: string): Promise<Server> {
  const child = spawn(process.execPath, [CLI, "start", PROJECT, "--data", data, "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let output = ""
    child.stdout!.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      const match = /http:\/\/127\.0\.0\.1:\d+/.exec(output)
      if (match !== null) resolve(match[0])
    })
    child.once("exit", (code) => reject(new Error(`the platform stopped with ${code}: ${output}`)))
  })
  return { process: child, url }
}

async function post(url: string, first: number, until: number): Promise<void> {
  const lines: string[] = []
  for (let id = first; id < until; id++) {
    const at = new Date(SCHEDULED_FROM_MS + Math.floor(id / FLIGHTS_PER_MINUTE) * 60_000).toISOString()
    const origin = AIRPORTS[(id * 7919) % AIRPORTS.length]
    const destination = AIRPORTS[(id * 104_729 + 5) % AIRPORTS.length]
    lines.push(
      `{"flight_id":${id},"scheduled_at":"${at}","delay_minutes":${((id * 31) % 240) - 20},` +
        `"distance_miles":${100 + ((id * 37) % 2_500)},"origin":"${origin}","destination":"${destination}"}`,
    )
  }
  const body = lines.join("\n")
  for (;;) {
    const response = await fetch(`${url}/v1/events/flight`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body,
    })
    const answer = (await response.json()) as { accepted?: number; duplicates?: number; detail?: string }
    if (response.status === 429) await sleep(250)
    else if (response.status === 200 && answer.accepted! + answer.duplicates! === until - first) return
    else throw new Error(`HTTP ${response.status}: ${answer.detail ?? JSON.stringify(answer).slice(0, 300)}`)
  }
}

/** Waits until views, store and lake have all events, and compares their counts and sums. */
async function settled(url: string, events: number): Promise<{ store: string; lake: string }> {
  const deadlineMs = performance.now() + SETTLE_TIMEOUT_MS
  const expected = expectedSums(events)
  for (;;) {
    const store = await ask(url, "events.flight")
    const lake = await ask(url, "lake.flight")
    const views = (await (await fetch(`${url}/v1/views`)).json()) as {
      views: { verdicts: Record<string, number> }[]
    }
    const isRuled = views.views.every(
      ({ verdicts }) => verdicts["applied"] === events && verdicts["pending"] === 0,
    )
    if (isRuled && store === expected && lake === expected) return { store, lake }
    if (performance.now() > deadlineMs) {
      throw new Error(
        `not all is there: store ${store}, lake ${lake}, expected ${expected}, views ruled: ${isRuled}`,
      )
    }
    await sleep(500)
  }
}

async function ask(url: string, table: string): Promise<string> {
  const sql = `SELECT count() AS n, uniqExact(flight_id) AS ids, sum(delay_minutes) AS delay,
    sum(distance_miles) AS miles FROM ${table}`
  const response = await fetch(`${url}/v1/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sql, timeout_ms: 120_000 }),
  })
  const answer = (await response.json()) as { data?: readonly Record<string, unknown>[]; detail?: string }
  return answer.data === undefined
    ? `HTTP ${response.status} ${answer.detail}`
    : Object.values(answer.data[0]!).join()
}

function expectedSums(events: number): string {
  let [delay, miles] = [0, 0]
  for (let id = 0; id < events; id++) {
    delay += ((id * 31) % 240) - 20
    miles += 100 + ((id * 37) % 2_500)
  }
  return [events, events, delay, miles].join()
}

/** Of the process and its children. */
function residentMb(pid: number): number {
  return processesOf(pid).reduce((total, { mb }) => total + mb, 0)
}

/** "730 MB (platform 430, store 300)" */
function memoryText(pid: number): string {
  const processes = processesOf(pid)
  const each = processes.map(({ isParent, mb }) => `${isParent ? "platform" : "store"} ${mb}`)
  return `${residentMb(pid)} MB (${each.join(", ")})`
}

/** From /proc. */
function processesOf(pid: number): { readonly isParent: boolean; readonly mb: number }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8")
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      const isParent = Number(name) === pid
      if (!isParent && Number(fields[1]) !== pid) return []
      return [{ isParent, mb: Math.round((Number(fields[21]) * 4_096) / 1e6) }]
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // It ended between two looks.
      if (code === "ENOENT" || code === "ESRCH") return []
      throw error
    }
  })
}

if (import.meta.main) {
  const { events } = runArguments("node test/soak/soak.ts", { events: 1_000_000 })
  console.log(JSON.stringify(await soak(events, (line) => console.log(line)), null, 2))
}
