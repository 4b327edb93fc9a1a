/**
 * The rows of one event on their way out. One batch is under way at a time, so rows arrive in the order in
 * which they were sent; while it is, the next ones gather.
 */
import type { Timer } from "../std/clock.ts"
import type { ProducerError } from "./errors.ts"
import type { BatchOutcome, RowOutcome } from "./send-batch.ts"
import { sendBatch } from "./send-batch.ts"
import type { Surroundings } from "./surroundings.ts"

export interface QueuedRow {
  readonly text: string
  readonly sizeBytes: number
  /** True when sending it a second time stores it once. */
  readonly repeatable: boolean
  settle(receipt: string | null, error: ProducerError | null): void
}

export interface LaneOptions {
  readonly url: string
  readonly maxBatchRows: number
  readonly maxBatchBytes: number
  readonly lingerMs: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
}

/** The server names so many refused rows of one post; a batch of that size leaves none unnamed. */
const NAMED_REFUSALS = 100

export class EventLane {
  readonly #event: string
  readonly #options: LaneOptions
  readonly #given: Surroundings
  readonly #signal: AbortSignal
  #queue: QueuedRow[] = []
  #queuedBytes = 0
  #maxRows: number
  #timer: Timer | null = null
  #busy = false

  constructor(event: string, options: LaneOptions, given: Surroundings, signal: AbortSignal) {
    this.#event = event
    this.#options = options
    this.#given = given
    this.#signal = signal
    this.#maxRows = options.maxBatchRows
  }

  add(row: QueuedRow): void {
    this.#queue.push(row)
    this.#queuedBytes += row.sizeBytes
    if (this.#busy) return
    const { maxBatchBytes, lingerMs } = this.#options
    if (this.#queue.length >= this.#maxRows || this.#queuedBytes >= maxBatchBytes) this.flush()
    else this.#timer ??= this.#given.after(lingerMs, () => this.flush())
  }

  /** Sends what is there without waiting for more; rows that come meanwhile follow at once. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#busy || this.#queue.length === 0) return
    this.#busy = true
    void this.#drain()
  }

  /** Rows that no request has taken along yet are settled with `error`. */
  abandon(error: ProducerError): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#queuedBytes = 0
    for (const row of this.#queue.splice(0)) row.settle(null, error)
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#take()
      const outcome = await sendBatch(
        {
          url: this.#options.url,
          event: this.#event,
          body: batch.map((row) => row.text).join("\n"),
          count: batch.length,
          requestTimeoutMs: this.#options.requestTimeoutMs,
          deliveryTimeoutMs: this.#options.deliveryTimeoutMs,
          signal: this.#signal,
        },
        this.#given,
      )
      this.#settle(batch, outcome)
    }
    this.#busy = false
  }

  #take(): QueuedRow[] {
    let bytes = 0
    let count = 0
    for (const row of this.#queue) {
      if (count === this.#maxRows) break
      if (count > 0 && bytes + row.sizeBytes > this.#options.maxBatchBytes) break
      bytes += row.sizeBytes
      count++
    }
    this.#queuedBytes -= bytes
    return this.#queue.splice(0, count)
  }

  #settle(batch: readonly QueuedRow[], outcome: BatchOutcome): void {
    if (outcome.kind === "failed") {
      for (const row of batch) row.settle(null, outcome.error)
    } else if (outcome.kind === "too-large") {
      this.#maxRows = Math.ceil(batch.length / 2)
      this.#putBack(batch)
    } else {
      this.#settleRows(batch, outcome.rows)
    }
  }

  #settleRows(batch: readonly QueuedRow[], outcomes: readonly RowOutcome[]): void {
    const again: QueuedRow[] = []
    batch.forEach((row, i) => {
      const outcome = outcomes[i]!
      if (outcome.kind === "taken") row.settle(outcome.receipt, null)
      else if (outcome.kind === "unknown" && row.repeatable && batch.length > NAMED_REFUSALS) again.push(row)
      else row.settle(null, outcome.error)
    })
    if (again.length === 0) return
    this.#maxRows = Math.min(this.#maxRows, NAMED_REFUSALS)
    this.#putBack(again)
  }

  #putBack(rows: readonly QueuedRow[]): void {
    this.#queue = [...rows, ...this.#queue]
    for (const row of rows) this.#queuedBytes += row.sizeBytes
  }
}
