/** How long an empty project takes from the command to its first answer, and what it holds when idle. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import type { Bench } from "./figure.ts"
import { startServer } from "./server-process.ts"

const RUNS = 5
const IDLE_AFTER_MS = 2_000

export const bench: Bench = {
  name: "start-up",
  about: "An empty project: from the command to the first answer over HTTP, and memory when idle.",
  run: async (report, { scale }) => {
    const runs = Math.max(1, Math.round(RUNS * scale))
    const starts: number[] = []
    const resident: number[] = []
    for (let run = 0; run < runs; run++) {
      const { startMs, residentMb } = await measure()
      starts.push(startMs)
      resident.push(residentMb)
    }
    report({ metric: "command to first answer", value: median(starts), unit: "ms", baseline: null })
    report({ metric: "idle memory", value: median(resident), unit: "MB", baseline: null })
  },
}

async function measure(): Promise<{ startMs: number; residentMb: number }> {
  const project = mkdtempSync(join(tmpdir(), "millrace-empty-"))
  writeFileSync(
    join(project, "millrace.config.ts"),
    'import { defineConfig } from "millrace"\nexport default defineConfig({ name: "empty" })\n',
  )
  try {
    const startedMs = performance.now()
    const server = await startServer(project, join(project, "data"))
    await (await fetch(`${server.url}/v1/views`)).arrayBuffer()
    const startMs = performance.now() - startedMs
    await pause(IDLE_AFTER_MS)
    const residentMb = residentBytes(server.pid) / 1024 / 1024
    await server.stop()
    return { startMs, residentMb }
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

/** Resident memory from /proc; NaN where there is none. */
function residentBytes(pid: number): number {
  try {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
    return Number(match?.[1]) * 1024
  } catch {
    return Number.NaN
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
