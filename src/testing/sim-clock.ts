/** Simulated time: it stands still until it is told to pass, and runs what falls due in order. */
import type { Clock, Scheduler, Timer } from "../std/clock.ts"

interface Task {
  readonly dueMs: number
  /** Ties go to what was asked for first. */
  readonly order: number
  readonly run: () => void
}

/** Tasks that run without time passing: beyond this something schedules itself for ever. */
const MOST_TASKS_AT_ONCE = 1_000_000

export class SimClock implements Clock, Scheduler {
  #nowMs: number
  #order = 0
  readonly #tasks = new Set<Task>()

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const task = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#tasks.add(task)
    return { cancel: () => void this.#tasks.delete(task) }
  }

  soon(run: () => void): void {
    this.after(0, run)
  }

  /** Time goes by while nobody looks: a slow disk, a pause of the process. Runs nothing. */
  skip(ms: number): void {
    this.#nowMs += ms
  }

  /** Sets the wall clock, backwards too. */
  jumpTo(nowMs: number): void {
    this.#nowMs = nowMs
  }

  /** Runs everything that is due now, and what that makes due now. */
  runDue(): void {
    for (let count = 0; ; count++) {
      if (count > MOST_TASKS_AT_ONCE)
        throw new RangeError("simulated tasks go on for ever without time passing")
      const task = this.#next(this.#nowMs)
      if (task === null) return
      this.#tasks.delete(task)
      task.run()
    }
  }

  /** Lets `ms` pass, running what falls due at its time. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms
    this.runDue()
    for (let task = this.#next(endMs); task !== null; task = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, task.dueMs)
      this.runDue()
    }
    this.#nowMs = endMs
  }

  #next(untilMs: number): Task | null {
    let next: Task | null = null
    for (const task of this.#tasks) {
      if (task.dueMs > untilMs) continue
      if (
        next === null ||
        task.dueMs < next.dueMs ||
        (task.dueMs === next.dueMs && task.order < next.order)
      ) {
        next = task
      }
    }
    return next
  }
}
