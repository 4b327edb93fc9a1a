/**
 * The life of one table's feed: prepare it, feed it, and after any failure begin again from what the table
 * itself says it has. A feed fails alone.
 */
import { type Clock, type Scheduler, sleep } from "../../../std/clock.ts"
import { isPlatformError } from "../../../std/errors.ts"
import type { StoreTableStatus } from "../../store-service.ts"
import { FIRST_RETRY_MS, LONGEST_RETRY_MS, STOP_LIMIT_MS } from "./feed-limits.ts"

export interface FeedLoopParts {
  readonly table: string
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Resolves when the store answers; rejects when it never will. */
  readonly storeReady: () => Promise<void>
  /** Told in words why a table waits, once for each reason. */
  readonly report: (message: string) => void
}

export abstract class FeedLoop {
  protected readonly loop: FeedLoopParts
  protected state: StoreTableStatus["state"] = "waiting"
  protected writtenRows = 0
  /** What was there at this time is in the table. */
  protected coveredMs: number
  #reason: string | null = "the store is starting"
  #stopping = false
  #wake: (() => void) | null = null
  #running: Promise<void> = Promise.resolve()
  #tellStopped: () => void = () => {}
  readonly #stopped = new Promise<void>((resolve) => {
    this.#tellStopped = resolve
  })

  constructor(loop: FeedLoopParts) {
    this.loop = loop
    this.coveredMs = loop.clock.nowMs()
  }

  /** Feeds until `stop`, or until it throws: then it is called again. */
  protected abstract feed(): Promise<void>
  /** Rows that the table has not yet; null: not known. */
  protected abstract missing(): { readonly rows: number | null; readonly isBehind: boolean }

  start(): void {
    this.#running = this.#live()
  }

  /** Lets it write what it has; a store that does not answer is not waited for. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#tellStopped()
    this.wake()
    await Promise.race([this.#running, sleep(this.loop.scheduler, STOP_LIMIT_MS)])
  }

  protected get stopping(): boolean {
    return this.#stopping
  }

  status(): StoreTableStatus {
    const { rows, isBehind } = this.missing()
    return {
      table: this.loop.table,
      state: this.state,
      reason: this.state === "waiting" ? this.#reason : null,
      lagRows: rows,
      lagMs: isBehind ? Math.max(0, this.loop.clock.nowMs() - this.coveredMs) : 0,
      writtenRows: this.writtenRows,
    }
  }

  /** Ends a `pause`. */
  wake(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  protected async pause(ms: number): Promise<void> {
    if (this.#stopping) return
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel()
        if (this.#wake === end) this.#wake = null
        resolve()
      }
      const timer = this.loop.scheduler.after(ms, end)
      this.#wake = end
    })
  }

  protected following(): void {
    this.state = "following"
    this.#reason = null
  }

  async #live(): Promise<void> {
    for (let pauseMs = FIRST_RETRY_MS; !this.#stopping; ) {
      try {
        await Promise.race([this.loop.storeReady(), this.#stopped])
        if (this.#stopping) return
        this.state = "loading"
        await this.feed()
        pauseMs = FIRST_RETRY_MS
      } catch (error) {
        if (this.#stopping) return
        if (this.#reason === null) pauseMs = FIRST_RETRY_MS
        this.#wait(error)
        await this.pause(pauseMs)
        pauseMs = Math.min(LONGEST_RETRY_MS, 2 * pauseMs)
      }
    }
  }

  #wait(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    // That the store is away is told once, by whoever starts it, and not by each of its tables.
    const isAway = isPlatformError(error, "store-unavailable")
    if (this.#reason !== reason && !isAway) {
      this.loop.report(`The table ${this.loop.table} waits: ${reason}`)
    }
    this.state = "waiting"
    this.#reason = reason
  }
}
