/**
 * Rows per second into the store with everything on, and what its presence costs whoever posts: two
 * platforms, one with the store and one without, that get the same load in turns, so that both meet the same
 * machine. At full load, and at a rate that leaves the machine room.
 */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Bench, type Figure, median } from "./figure.ts"
import type { Window } from "./http-ingest/generator.ts"

const CONNECTIONS = 4
const ROWS_PER_POST = 1_000
const UNIQUE_IDS = 1
const WARM_UP_MS = 500
const WINDOW_MS = 2_000
const ROUNDS = 5
const SETTLE_MS = 300
/** Posts of a thousand events: a fraction of what one core takes. */
const STEADY_POSTS_PER_SECOND = 50

interface Status {
  readonly tables: readonly { readonly table: string; readonly lagMs: number; readonly writtenRows: number }[]
  readonly mainCpuSeconds: number
  readonly storeCpuSeconds: number
}

interface Turn {
  readonly window: Window
  /** Of a million events, of the platform's main thread. */
  readonly mainCpuSeconds: number
  readonly storeCpuSeconds: number
  /** Written to the event's table, from the first post until nothing is missing. */
  readonly storedPerSecond: number
}

export const bench: Bench = {
  name: "store",
  about: "Posts of 1,000 bids, ids remembered, a view per auction: with the store, against without it.",
  run: async (report, { scale }) => {
    await using on = await Server.start("on")
    await using off = await Server.start("off")
    for (const [load, rate] of [
      ["full load", 0],
      [`${STEADY_POSTS_PER_SECOND} posts/s`, STEADY_POSTS_PER_SECOND],
    ] as const) {
      const [present, without]: [Turn[], Turn[]] = [[], []]
      for (let round = 0; round < ROUNDS; round++) {
        // The first of a pair changes, so that what drifts hits both.
        const pair = [() => on.turn(scale, rate, present), () => off.turn(scale, rate, without)]
        for (const turn of round % 2 === 0 ? pair : pair.reverse()) await turn()
      }
      for (const figure of figures(present, without)) {
        report({ ...figure, metric: `${load}: ${figure.metric}` })
      }
    }
  },
}

function* figures(present: readonly Turn[], without: readonly Turn[]): Generator<Figure> {
  const both = (metric: string, unit: string, of: (turn: Turn) => number): Figure => {
    return { metric, unit, value: median(present.map(of)), baseline: median(without.map(of)) }
  }
  yield both("events acknowledged", "events/s", ({ window }) => window.rows / window.seconds)
  yield both("time to the answer, p50", "ms", ({ window }) => window.p50)
  yield both("time to the answer, p99", "ms", ({ window }) => window.p99)
  yield both("main thread for a million events", "s", ({ mainCpuSeconds }) => mainCpuSeconds)
  const alone = { baseline: null }
  const storeCpu = median(present.map(({ storeCpuSeconds }) => storeCpuSeconds))
  yield { ...alone, metric: "store's process for a million events", unit: "s", value: storeCpu }
  const stored = median(present.map(({ storedPerSecond }) => storedPerSecond))
  yield { ...alone, metric: "rows written to the store", unit: "events/s", value: stored }
}

class Server implements AsyncDisposable {
  readonly #directory: string
  readonly #process: ChildProcess
  readonly #url: string
  readonly #hasStore: boolean
  #nextId = 0

  private constructor(parts: { directory: string; process: ChildProcess; url: string; hasStore: boolean }) {
    this.#directory = parts.directory
    this.#process = parts.process
    this.#url = parts.url
    this.#hasStore = parts.hasStore
  }

  static async start(store: "on" | "off"): Promise<Server> {
    const directory = mkdtempSync(join(tmpdir(), "millrace-bench-"))
    const env = { ...process.env, MILLRACE_BENCH_STORE: store }
    const child = fork(new URL("./store/server.ts", import.meta.url), [directory], { env })
    const { url } = await message<{ url: string }>(child)
    return new Server({ directory, process: child, url, hasStore: store === "on" })
  }

  /** One window of load, until everything that it brought is stored. */
  async turn(scale: number, postsPerSecond: number, turns: Turn[]): Promise<void> {
    const before = await this.#status()
    const startedMs = performance.now()
    const window = await generate(this.#url, { scale, firstId: this.#nextId, postsPerSecond })
    // What was answered last is in the views by then.
    await pause(SETTLE_MS)
    const answered = await this.#status()
    const after = this.#hasStore ? await this.#untilStored() : answered
    const seconds = (performance.now() - startedMs - SETTLE_MS) / 1_000
    const events = window.nextId - this.#nextId
    this.#nextId = window.nextId
    const perMillion = (seconds: number) => (seconds / events) * 1e6
    turns.push({
      window,
      mainCpuSeconds: perMillion(answered.mainCpuSeconds - before.mainCpuSeconds),
      storeCpuSeconds: perMillion(after.storeCpuSeconds - before.storeCpuSeconds),
      storedPerSecond: (writtenRows(after) - writtenRows(before)) / seconds,
    })
  }

  /** Once nothing is missing in the event's table. */
  async #untilStored(): Promise<Status> {
    for (;;) {
      const status = await this.#status()
      const bids = status.tables.find(({ table }) => table === "events.bid")
      if (bids !== undefined && bids.lagMs === 0) return status
      await pause(50)
    }
  }

  async #status(): Promise<Status> {
    const answer = message<Status>(this.#process)
    this.#process.send("status")
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, "exit")
    if (this.#process.connected) this.#process.send("close")
    await exited
    rmSync(this.#directory, { recursive: true })
  }
}

function writtenRows({ tables }: Status): number {
  return tables.find(({ table }) => table === "events.bid")?.writtenRows ?? 0
}

interface Load {
  readonly scale: number
  readonly firstId: number
  /** 0: as many as are answered. */
  readonly postsPerSecond: number
}

async function generate(url: string, { scale, firstId, postsPerSecond }: Load): Promise<Window> {
  const script = new URL("./http-ingest/generator.ts", import.meta.url).pathname
  const times = [WARM_UP_MS * scale, WINDOW_MS * scale, 1, firstId, postsPerSecond]
  const numbers = [CONNECTIONS, ROWS_PER_POST, UNIQUE_IDS, ...times].map(String)
  const generator = spawn(process.execPath, [script, url, "/v1/events/bid", ...numbers], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exited = once(generator, "exit")
  let text = ""
  for await (const chunk of generator.stdout) text += String(chunk)
  const [code] = (await exited) as [number | null]
  if (code !== 0) throw new Error(`the generator ended with ${code}`)
  return JSON.parse(text) as Window
}

async function message<T>(server: ChildProcess): Promise<T> {
  const [value] = (await once(server, "message")) as [T]
  return value
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
