/**
 * Runs another program in our place: its output is ours, the signals that we get go to it, and we end as it
 * ends. A launcher cannot be replaced by its child on every Node and system, so it has to be as good as
 * invisible.
 */
import { spawn } from "node:child_process"
import { constants } from "node:os"

const FORWARDED = process.platform === "win32" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"]

/**
 * Resolves with the child's exit code; 128 + n when signal n ended it.
 * `follow: true` opens a channel over which follow-launcher.mjs in the child notices that we are gone.
 */
export function runChild(command, args, { follow = false, ...options } = {}) {
  const stdio = follow ? ["inherit", "inherit", "inherit", "ipc"] : "inherit"
  const child = spawn(command, args, { stdio, ...options })
  const handlers = FORWARDED.map((signal) => [signal, () => child.kill(signal)])
  for (const [signal, handler] of handlers) process.on(signal, handler)
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  }).finally(() => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  })
}

/**
 * Ends this process the way its child ended: by the same signal where there was one, so that a shell sees it.
 */
export function endLike(code) {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0]
  if (FORWARDED.includes(signal) && process.platform !== "win32") process.kill(process.pid, signal)
  process.exitCode = code
}
