/** Processes of the operating system, run by the Node that runs this one. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { ChildProcess, ProcessEnd, Processes, ProcessStart } from "../process.ts"

/** Kept of what a process wrote to standard error: its last words, enough for an engine's stack trace. */
const MAX_ERRORS_CHARS = 16_384

export class NodeProcesses implements Processes {
  start({ module, args, environment, line }: ProcessStart): ChildProcess {
    // Flags of this process are not handed on: those of a test runner or a debugger would not do there.
    const child = spawn(process.execPath, [...FLAGS, fileURLToPath(module), ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...environment, [PARENT]: String(process.pid) },
      windowsHide: true,
    })
    let errors = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-MAX_ERRORS_CHARS)
    })
    createInterface({ input: child.stdout }).on("line", line)
    // It may end before it has read what was written: that it ended is told by `done`.
    child.stdin.on("error", () => child.stdin.destroy())
    const done = new Promise<ProcessEnd>((resolve) => {
      child.on("error", (error) => resolve({ code: null, signal: null, errors: error.message }))
      child.on("close", (code, signal) => resolve({ code, signal, errors }))
    })
    return {
      pid: child.pid ?? 0,
      done,
      release: () => void child.stdin.end(),
      kill: () => void child.kill("SIGKILL"),
    }
  }
}

/**
 * The process that started this one, also when it is dead by the time that somebody asks: the system names
 * another one then.
 */
export function parentOf(environment: NodeJS.ProcessEnv): number {
  return Number(environment[PARENT] ?? process.ppid)
}

const PARENT = "MILLRACE_PARENT_PID"
const FLAGS = ["--disable-warning=ExperimentalWarning"]
