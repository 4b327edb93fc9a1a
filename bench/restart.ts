/**
 * How soon a platform is itself again after kill -9 under full load: from the command to its first answer,
 * and until its views have every event that was in the log. The same folder of data is killed and started
 * again and again, so that each run has more history than the one before.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { type Bench, median } from "./figure.ts"
import { type ServerProcess, startServer } from "./server-process.ts"

const PROJECT = join(import.meta.dirname, "store", "project")
const GENERATOR = join(import.meta.dirname, "http-ingest", "generator.ts")
const CONNECTIONS = 4
const ROWS_PER_POST = 1_000
const UNIQUE_IDS = 1
const KILLS = 5
const LOAD_MS = 10_000
const POLL_MS = 10

interface Restart {
  readonly answerMs: number
  readonly caughtUpMs: number
  readonly events: number
}

export const bench: Bench = {
  name: "restart",
  about: "Bids with remembered ids, a view per auction and the store, killed under full load, and started.",
  run: async (report, { scale }) => {
    const scratch = mkdtempSync(join(tmpdir(), "millrace-restart-"))
    const restarts: Restart[] = []
    let server = await startServer(PROJECT, scratch)
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        await killUnderLoad(server, LOAD_MS * scale, kill)
        const startedMs = performance.now()
        server = await startServer(PROJECT, scratch)
        await lagOf(server)
        const answerMs = performance.now() - startedMs
        while ((await lagOf(server)) > 0) await pause(POLL_MS)
        const caughtUpMs = performance.now() - startedMs
        restarts.push({ answerMs, caughtUpMs, events: await eventsOf(server) })
      }
    } finally {
      await server.stop()
      rmSync(scratch, { recursive: true, force: true })
    }
    const figure = (metric: string, unit: string, of: (one: Restart) => number) =>
      report({ metric, unit, value: median(restarts.map(of)), baseline: null })
    figure("events in the log", "events", ({ events }) => events)
    figure("command to first answer", "ms", ({ answerMs }) => answerMs)
    figure("command to caught up", "ms", ({ caughtUpMs }) => caughtUpMs)
  },
}

/** The generator's connections end with the server, and it with them. */
async function killUnderLoad(server: ServerProcess, loadMs: number, round: number): Promise<void> {
  const numbers = [CONNECTIONS, ROWS_PER_POST, UNIQUE_IDS, loadMs, loadMs, 1, round * 1e9].map(String)
  const generator = spawn(process.execPath, [GENERATOR, server.url, "/v1/events/bid", ...numbers], {
    stdio: "ignore",
  })
  const ended = once(generator, "exit")
  await pause(loadMs)
  await server.kill()
  generator.kill("SIGKILL")
  await ended
}

/** Events that are in the log and not yet in the views. */
async function lagOf({ url }: ServerProcess): Promise<number> {
  const { views } = (await (await fetch(`${url}/v1/views`)).json()) as {
    views: { lag: { events: number } }[]
  }
  return Math.max(...views.map(({ lag }) => lag.events))
}

async function eventsOf({ url }: ServerProcess): Promise<number> {
  const { events } = (await (await fetch(`${url}/v1/events`)).json()) as { events: { appended: number }[] }
  return events.reduce((sum, { appended }) => sum + appended, 0)
}
