/** What became of the rows that were sent: counts, and the first rejected ones with their lines. */
import type { RowBatch } from "./row-batches.ts"
import type { Answer } from "./server.ts"
import type { Terminal } from "./terminal.ts"

/** Enough to see a pattern; the platform keeps more at /v1/rejected. */
const MAX_SHOWN = 10

interface Rejected {
  readonly line: number
  readonly field: string | null
  readonly code: string
  readonly message: string
}

interface Kept {
  readonly id: string
  readonly code: string
  readonly message: string
}

export class SentCounts {
  received = 0
  accepted = 0
  duplicates = 0
  rejected = 0
  deadLettered = 0
  /** Of the last batch in which a row was taken. */
  receipt: string | null = null
  readonly #event: string
  readonly #startedAtMs = performance.now()
  readonly #shown: Rejected[] = []
  #kept = 0

  constructor(event: string) {
    this.#event = event
  }

  add(batch: RowBatch, { body }: Answer, terminal: Terminal): void {
    this.received += numberOf(body["received"])
    this.accepted += numberOf(body["accepted"])
    this.duplicates += numberOf(body["duplicates"])
    const list = (Array.isArray(body["rejected"]) ? body["rejected"] : []) as (Rejected & { index: number })[]
    this.rejected += numberOf(body["rejected_count"] ?? list.length)
    this.deadLettered += numberOf(body["dead_lettered"])
    const kept = (Array.isArray(body["dead_letters"]) ? body["dead_letters"] : []) as (Kept & {
      index: number
    })[]
    for (const { index, id, code, message } of kept.slice(0, MAX_SHOWN - this.#kept)) {
      this.#kept++
      const line = terminal.paint("yellow", `line ${batch.lines[index] ?? 0}`, "error")
      terminal.note(`${line}: kept as dead letter ${id}: ${message} (${code})`)
    }
    if (typeof body["receipt"] === "string") this.receipt = body["receipt"]
    for (const { index, field, code, message } of list.slice(0, MAX_SHOWN - this.#shown.length)) {
      const rejected = { line: batch.lines[index] ?? 0, field, code, message }
      this.#shown.push(rejected)
      terminal.note(`${terminal.paint("yellow", `line ${rejected.line}`, "error")}: ${message} (${code})`)
    }
  }

  progressLine(): string {
    return `${this.received.toLocaleString("en-US")} rows sent, ${this.#perSecond()} rows/s`
  }

  summary(terminal: Terminal): string {
    const parts = [`${count(this.accepted)} accepted`, `${count(this.duplicates)} duplicates`]
    const rejected = `${count(this.rejected)} rejected`
    parts.push(this.rejected > 0 ? terminal.paint("yellow", rejected) : rejected)
    if (this.deadLettered > 0)
      parts.push(terminal.paint("yellow", `${count(this.deadLettered)} dead letters`))
    const counts = parts.join(", ")
    return `${this.#event}: ${count(this.received)} rows sent: ${counts}; ${this.#perSecond()} rows/s`
  }

  asJson({ stopped }: { readonly stopped: boolean }): Readonly<Record<string, unknown>> {
    return {
      event: this.#event,
      received: this.received,
      accepted: this.accepted,
      duplicates: this.duplicates,
      rejected: this.#shown,
      rejected_count: this.rejected,
      dead_lettered: this.deadLettered,
      receipt: this.receipt,
      stopped,
      seconds: this.#seconds(),
    }
  }

  #seconds(): number {
    return Math.round(performance.now() - this.#startedAtMs) / 1_000
  }

  #perSecond(): string {
    return count(Math.round(this.received / Math.max(this.#seconds(), 0.001)))
  }
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0
}

function count(value: number): string {
  return value.toLocaleString("en-US")
}
