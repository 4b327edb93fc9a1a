/**
 * Events per second through the HTTP door: NDJSON posts over sockets, validated, synced, acknowledged.
 * Generator, platform and baseline are processes of their own; they share the machine, so each one's CPU is
 * told.
 */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Bench, type Figure, median } from "./figure.ts"
import type { Window } from "./http-ingest/generator.ts"

const WARM_UP_MS = 3_000
const WINDOW_MS = 2_000
const WINDOWS = 5

interface Load {
  readonly path: string
  readonly connections: number
  readonly rowsPerPost: number
  readonly unique: boolean
}

interface Measured {
  readonly eventsPerSecond: number
  readonly serverCpuMicros: number
  readonly generatorCpuMicros: number
  readonly p50: number
  readonly p99: number
}

const BATCHES: Load = { path: "/v1/events/bid", connections: 8, rowsPerPost: 1_000, unique: false }
const UNIQUE: Load = { ...BATCHES, path: "/v1/events/bid_once", unique: true }
const SINGLES: Load = { ...BATCHES, connections: 64, rowsPerPost: 1 }

export const bench: Bench = {
  name: "http-ingest",
  about:
    "NDJSON over sockets, validated, synced, answered; against node:http, JSON.parse and one sync a post.",
  run: async (report, { scale }) => {
    await compare(report, "posts of 1,000", BATCHES, scale)
    await compare(report, "posts of 1,000, ids remembered", UNIQUE, scale)
    await compare(report, "posts of 1", SINGLES, scale)
  },
}

async function compare(
  report: (figure: Figure) => void,
  name: string,
  load: Load,
  scale: number,
): Promise<void> {
  const naive = await measure("naive", load, scale)
  const ours = await measure("platform", load, scale)
  const row = (what: keyof Measured, metric: string, unit: string) =>
    report({ metric: `${metric}, ${name}`, value: ours[what], unit, baseline: naive[what] })
  row("eventsPerSecond", "events acknowledged", "events/s")
  row("serverCpuMicros", "CPU of the server", "us/event")
  row("generatorCpuMicros", "CPU of the generator", "us/event")
  row("p50", "time to the answer, p50", "ms")
  row("p99", "time to the answer, p99", "ms")
}

async function measure(kind: "naive" | "platform", load: Load, scale: number): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), "millrace-bench-"))
  const server = fork(new URL("./http-ingest/server.ts", import.meta.url), [kind, directory])
  try {
    const { url } = await message<{ url: string }>(server)
    const windows: Window[] = []
    const cpu: number[] = []
    for await (const window of generate(url, load, scale, async () => cpu.push(await cpuSeconds(server)))) {
      windows.push(window)
    }
    return summary(windows, cpu)
  } finally {
    if (server.connected) server.send("close")
    await once(server, "exit")
    rmSync(directory, { recursive: true })
  }
}

/** Windows as the generator tells them; `between` runs at the start of the first and at the end of each. */
async function* generate(
  url: string,
  { path, connections, rowsPerPost, unique }: Load,
  scale: number,
  between: () => Promise<unknown>,
): AsyncGenerator<Window> {
  const warmUpMs = WARM_UP_MS * scale
  const script = new URL("./http-ingest/generator.ts", import.meta.url).pathname
  const numbers = [connections, rowsPerPost, Number(unique), warmUpMs, WINDOW_MS * scale, WINDOWS]
  const generator = spawn(process.execPath, [script, url, path, ...numbers.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exited = once(generator, "exit")
  setTimeout(() => void between(), warmUpMs)
  let text = ""
  for await (const chunk of generator.stdout) {
    text += String(chunk)
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const line = text.slice(0, end)
      text = text.slice(end + 1)
      await between()
      yield JSON.parse(line) as Window
    }
  }
  const [code] = (await exited) as [number | null]
  if (code !== 0) throw new Error(`the generator ended with ${code}`)
}

function summary(windows: readonly Window[], cpu: readonly number[]): Measured {
  const rows = windows.reduce((sum, window) => sum + window.rows, 0)
  const generator = windows.reduce((sum, window) => sum + window.generatorCpuSeconds, 0)
  const server = (cpu.at(-1) ?? 0) - (cpu[0] ?? 0)
  return {
    eventsPerSecond: median(windows.map((window) => window.rows / window.seconds)),
    serverCpuMicros: (server / rows) * 1e6,
    generatorCpuMicros: (generator / rows) * 1e6,
    p50: median(windows.map((window) => window.p50)),
    p99: median(windows.map((window) => window.p99)),
  }
}

async function cpuSeconds(server: ChildProcess): Promise<number> {
  const answer = message<{ cpuSeconds: number }>(server)
  server.send("cpu")
  return (await answer).cpuSeconds
}

async function message<T>(server: ChildProcess): Promise<T> {
  const answer = once(server, "message")
  const failed = once(server, "exit").then(() => {
    throw new Error("the server ended before it answered")
  })
  const [value] = (await Promise.race([answer, failed])) as [T]
  return value
}
