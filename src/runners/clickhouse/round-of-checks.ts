/**
 * Verifies one view after the other, all the time and a little: one thread of ClickHouse, less memory, and
 * behind each check a pause in proportion to what it took, so that checks have at most SHARE of the time.
 */
import type { Clock, Scheduler, Timer } from "../../std/clock.ts"
import { isPlatformError } from "../../std/errors.ts"
import type { Verifier } from "./verifier.ts"

const SHARE = 0.05
/** Small views are not checked more often. */
const LEAST_PAUSE_MS = 10_000
/** A check of hours does not silence the round for days. */
const MOST_PAUSE_MS = 6 * 3_600_000
const LIMITS = { threads: 1, memoryBytes: 512 * 1024 * 1024, statementSeconds: 600 }

export interface RoundParts {
  readonly verifier: Verifier
  readonly views: readonly string[]
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly report: (message: string) => void
}

export class RoundOfChecks {
  readonly #parts: RoundParts
  #next = 0
  #timer: Timer | null = null
  #running: Promise<void> = Promise.resolve()
  readonly #stop = new AbortController()

  constructor(parts: RoundParts) {
    this.#parts = parts
  }

  start(): void {
    this.#wait(LEAST_PAUSE_MS)
  }

  /** Resolves when no check runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#timer?.cancel()
    await this.#running
  }

  #wait(pauseMs: number): void {
    if (this.#stop.signal.aborted || this.#parts.views.length === 0) return
    this.#timer = this.#parts.scheduler.after(pauseMs, () => {
      this.#running = this.#checkNext()
    })
  }

  async #checkNext(): Promise<void> {
    const { verifier, views, clock, report } = this.#parts
    const view = views[this.#next++ % views.length]!
    const startedMs = clock.nowMs()
    const { signal } = this.#stop
    const pause = async () => signal.throwIfAborted()
    try {
      await verifier.verify(view, { ...LIMITS, pause, signal })
    } catch (error) {
      // A store that is away says so itself, and the view's turn comes again.
      const isTold = signal.aborted || isPlatformError(error, "store-unavailable")
      const reason = error instanceof Error ? error.message : String(error)
      if (!isTold) report(`View ${view} could not be verified: ${reason}`)
    }
    const tookMs = clock.nowMs() - startedMs
    this.#wait(Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, tookMs * (1 / SHARE - 1))))
  }
}
