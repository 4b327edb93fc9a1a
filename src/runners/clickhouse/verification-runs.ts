/**
 * Checks that somebody asked for, each with an id: a large history takes longer than a connection lives, so
 * whoever asks may come back for the answer. Asking for a view that is being checked joins that check.
 */
import type { Clock, Scheduler } from "../../std/clock.ts"
import { PlatformError } from "../../std/errors.ts"
import type { Verifier, VerifyResult } from "./verifier.ts"

export type RunState = "waiting" | "running" | "done" | "failed" | "stopped"

export interface VerificationRun {
  readonly id: string
  readonly view: string
  readonly state: RunState
  readonly askedMs: number
  readonly eventsRead: number
  /** How much of history was read: 0 to 1. */
  readonly share: number
  /** Null unless it is done. */
  readonly result: VerifyResult | null
  /** What was thrown; null unless it failed. */
  readonly error: unknown
}

export interface VerificationRunsParts {
  readonly verifier: Verifier
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Told what no caller can be told: a bug. */
  readonly report: (message: string) => void
}

interface Run {
  now: VerificationRun
  ended: Promise<void>
}

/** Runs that are over and can still be asked for; each has at most a few example rows. */
const KEPT_RUNS = 200

export class VerificationRuns {
  readonly #parts: VerificationRunsParts
  /** By id, the oldest first. */
  readonly #runs = new Map<string, Run>()
  readonly #stop = new AbortController()
  #asked = 0

  constructor(parts: VerificationRunsParts) {
    this.#parts = parts
  }

  /** Null: there is no such run, or it is long over. */
  run(id: string): VerificationRun | null {
    return this.#runs.get(id)?.now ?? null
  }

  /** Checks a view of the project; answers when the check is over, or `waitMs` are. */
  async ask(view: string, waitMs: number): Promise<VerificationRun> {
    const run =
      [...this.#runs.values()].find(({ now }) => now.view === view && !isOver(now)) ?? this.#start(view)
    await this.#patiently(run.ended, waitMs)
    return run.now
  }

  /** Waits for `ended`, but not longer than `waitMs`. */
  #patiently(ended: Promise<void>, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.scheduler.after(waitMs, resolve)
      void ended.then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  /** Resolves when no check runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all([...this.#runs.values()].map(({ ended }) => ended))
  }

  #start(view: string): Run {
    const askedMs = this.#parts.clock.nowMs()
    // Not to be mistaken for one of the process before.
    const id = `${askedMs.toString(36)}-${this.#asked++}`
    const now: VerificationRun = {
      ...{ id, view, askedMs, state: "waiting", eventsRead: 0, share: 0, result: null, error: null },
    }
    const run: Run = { now, ended: Promise.resolve() }
    run.ended = this.#follow(run)
    this.#runs.set(id, run)
    for (const [old, { now }] of this.#runs) {
      if (this.#runs.size <= KEPT_RUNS) break
      if (isOver(now)) this.#runs.delete(old)
    }
    return run
  }

  async #follow(run: Run): Promise<void> {
    const { signal } = this.#stop
    const become = (change: Partial<VerificationRun>) => {
      run.now = { ...run.now, ...change }
    }
    try {
      const result = await this.#parts.verifier.verify(run.now.view, {
        signal,
        pause: async () => signal.throwIfAborted(),
        progress: (progress) => become({ ...progress, state: "running" }),
      })
      become({ state: "done", share: 1, eventsRead: result.eventsRead, result })
    } catch (error) {
      become(signal.aborted ? { state: "stopped" } : { state: "failed", error })
      if (!signal.aborted && !(error instanceof PlatformError)) {
        this.#parts.report(`View ${run.now.view} could not be verified: ${String(error)}`)
      }
    }
  }
}

const isOver = ({ state }: VerificationRun) => state !== "waiting" && state !== "running"
