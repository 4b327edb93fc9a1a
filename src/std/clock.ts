/** Time as an argument. Real adapters are in std/node, the simulated ones in testing. */

export interface Clock {
  /** Wall-clock time in whole milliseconds since 1970-01-01T00:00Z. May jump. */
  nowMs(): number
  /** Monotonic time in milliseconds with a fraction, for durations only. */
  monotonicMs(): number
}

/** A pending call; cancelling one that has run does nothing. */
export interface Timer {
  cancel(): void
}

export interface Scheduler {
  /** Runs `task` once, not earlier than `delayMs` from now. */
  after(delayMs: number, task: () => void): Timer
  /** Runs `task` after the work that is already queued, before any later timer. */
  soon(task: () => void): void
}

/** Resolves after `delayMs` of the scheduler's time. */
export function sleep(scheduler: Scheduler, delayMs: number): Promise<void> {
  return new Promise((resolve) => void scheduler.after(delayMs, resolve))
}
