/**
 * What the client needs of the program that it runs in: time, timers, randomness, fetch. The defaults are the
 * globals that Node and browsers share; tests give their own.
 */
import type { Clock, Scheduler, Timer } from "../std/clock.ts"

export interface Surroundings extends Clock, Scheduler {
  /** Uniform in [0, 1). */
  random(): number
  /** Fills `target` with bytes that nobody can foresee. */
  fillRandom(target: Uint8Array<ArrayBuffer>): void
  /** As `fetch` does. */
  request(url: string, init: RequestInit): Promise<Response>
}

export const SURROUNDINGS: Surroundings = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs: number, task: () => void): Timer => {
    const handle = setTimeout(task, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  soon: (task: () => void) => void setTimeout(task, 0),
  random: () => Math.random(),
  fillRandom: (target) => void crypto.getRandomValues(target),
  request: (url, init) => fetch(url, init),
}
