/**
 * How long projects take from the command to their first answer, and what they hold when idle, the store's
 * process included: an empty one, with its store and without, and one with views.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { type Bench, median } from "./figure.ts"
import { startServer } from "./server-process.ts"

const RUNS = 5
const IDLE_AFTER_MS = 2_000
const MB = 1024 * 1024

/** By name: makes the project in a scratch folder, and says where it is. */
const PROJECTS: readonly (readonly [string, (scratch: string) => string])[] = [
  ["empty, without a store", (scratch) => emptyProject(scratch, ", store: false")],
  ["empty", (scratch) => emptyProject(scratch, "")],
  ["examples/flights", () => join(import.meta.dirname, "..", "examples", "flights")],
]

interface Idle {
  readonly startMs: number
  /** Pages of files that several processes hold are counted once. */
  readonly residentMb: number
  /** What is not a file's page, so that the system cannot take it back. */
  readonly ownMb: number
}

export const bench: Bench = {
  name: "start-up",
  about: "From the command to the first answer over HTTP, and memory when idle.",
  run: async (report, { scale }) => {
    const runs = Math.max(1, Math.round(RUNS * scale))
    for (const [name, projectIn] of PROJECTS) {
      const idle: Idle[] = []
      for (let run = 0; run < runs; run++) {
        idle.push(await inScratch((scratch) => measure(projectIn(scratch), join(scratch, "data"))))
      }
      const figure = (metric: string, unit: string, of: (one: Idle) => number) =>
        report({ metric: `${name}: ${metric}`, unit, value: median(idle.map(of)), baseline: null })
      figure("command to first answer", "ms", ({ startMs }) => startMs)
      figure("idle memory, resident", "MB", ({ residentMb }) => residentMb)
      figure("idle memory, without pages of files", "MB", ({ ownMb }) => ownMb)
    }
  },
}

function emptyProject(directory: string, options: string): string {
  const config = `export default defineConfig({ name: "empty"${options} })`
  writeFileSync(join(directory, "millrace.config.ts"), `import { defineConfig } from "millrace"\n${config}\n`)
  return directory
}

async function inScratch(body: (directory: string) => Promise<Idle>): Promise<Idle> {
  const directory = mkdtempSync(join(tmpdir(), "millrace-start-up-"))
  try {
    return await body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(project: string, data: string): Promise<Idle> {
  const startedMs = performance.now()
  const server = await startServer(project, data)
  await (await fetch(`${server.url}/v1/views`)).arrayBuffer()
  const startMs = performance.now() - startedMs
  await pause(IDLE_AFTER_MS)
  const processes = [server.pid, ...childrenOf(server.pid)]
  const sum = (name: string) => processes.reduce((bytes, pid) => bytes + bytesOf(pid, name), 0) / MB
  const idle = { startMs, residentMb: sum("Pss"), ownMb: sum("Pss_Anon") }
  await server.stop()
  return idle
}

/** From /proc; none where there is no such folder, as everything here. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

/** A line of the sums over all mappings; NaN where the system has none. */
function bytesOf(pid: number, name: string): number {
  try {
    const sums = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(sums)?.[1]) * 1024
  } catch {
    return Number.NaN
  }
}
