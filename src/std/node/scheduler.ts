/** Timers of the event loop. A delay longer than setTimeout can hold is waited for in pieces. */
import type { Scheduler, Timer } from "../clock.ts"

/** setTimeout takes a signed 32-bit count of milliseconds (24.8 days) and fires at once beyond it. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

export class NodeScheduler implements Scheduler {
  after(delayMs: number, task: () => void): Timer {
    let remainingMs = Math.max(0, delayMs)
    let handle: NodeJS.Timeout
    const wait = () => {
      const stepMs = Math.min(remainingMs, LONGEST_DELAY_MS)
      remainingMs -= stepMs
      handle = setTimeout(remainingMs > 0 ? wait : task, stepMs)
    }
    wait()
    return { cancel: () => clearTimeout(handle) }
  }

  soon(task: () => void): void {
    setImmediate(task)
  }
}
