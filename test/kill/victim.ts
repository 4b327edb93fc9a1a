/** The platform in a process of its own, and the store's host process below it: started, found, killed. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { setTimeout as wait } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const START_TIMEOUT_MS = 60_000
const HOST_TIMEOUT_MS = 30_000
const POLL_MS = 20

const PROJECT = fileURLToPath(new URL("./project", import.meta.url))
const CLI = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url))

export interface Victim {
  readonly process: ChildProcess
  readonly url: string
  /** From the command to the line that says where it listens. */
  readonly startMs: number
  /** Set when it is killed: answers that do not come any more are nobody's fault. */
  isKilled: boolean
}

export async function startVictim(data: string): Promise<Victim> {
  const args = [CLI, "start", PROJECT, "--data", data, "--port", "0", "--json"]
  const startedMs = performance.now()
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the server did not start in time")), START_TIMEOUT_MS)
    let output = ""
    child.stdout!.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      const match = /http:\/\/127\.0\.0\.1:\d+/.exec(output)
      if (match === null) return
      clearTimeout(timer)
      resolve(match[0])
    })
    child.on("exit", (code) => reject(new Error(`the server stopped with ${code}: ${output}`)))
  })
  return { process: child, url, startMs: Math.round(performance.now() - startedMs), isKilled: false }
}

export async function killVictim(victim: Victim): Promise<void> {
  victim.isKilled = true
  victim.process.kill("SIGKILL")
  await exited(victim.process)
}

/** As Ctrl-C does; what it finds wrong while it stops is its exit code. */
export async function stopVictim(victim: Victim): Promise<void> {
  victim.isKilled = true
  victim.process.kill("SIGTERM")
  await exited(victim.process)
  const { exitCode, signalCode } = victim.process
  if (exitCode !== 0) throw new Error(`the server stopped with ${exitCode ?? signalCode} instead of 0`)
}

/** The host is the platform's only child; right after a crash there is none. */
export async function hostOf(victim: Victim): Promise<number> {
  const until = performance.now() + HOST_TIMEOUT_MS
  while (performance.now() < until) {
    const pid = childOf(victim.process.pid!)
    if (pid !== null) return pid
    await wait(POLL_MS)
  }
  throw new Error("the platform has no store process, and starts none")
}

/** A process that ended by itself in the same moment is as dead. */
export function killProcess(pid: number): void {
  if (isAlive(pid)) process.kill(pid, "SIGKILL")
}

/** Resolves when the process is gone, which it has to be by itself. */
export async function goneByItself(pid: number): Promise<void> {
  const until = performance.now() + HOST_TIMEOUT_MS
  while (isAlive(pid)) {
    if (performance.now() > until) throw new Error(`the store's process ${pid} outlives its platform`)
    await wait(POLL_MS)
  }
}

function childOf(pid: number): number | null {
  try {
    const found = execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
      .trim()
      .split("\n")
    return Number(found[0])
  } catch (error) {
    // pgrep ends with 1 when it finds nothing.
    if ((error as { status?: number }).status === 1) return null
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once("exit", () => resolve()))
}
