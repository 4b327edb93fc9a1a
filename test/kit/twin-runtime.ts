/**
 * An in-memory twin of Runtime for tests of the doors: the same answers from plain JavaScript, nothing
 * durable. `hold` keeps events unprocessed, `fail` makes the next call fail, `failIngest` the next posts,
 * `makeReady` changes readiness.
 */
import type { Scalar } from "../../src/columns/types.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import type {
  EventStatus,
  EventTail,
  IngestAnswer,
  IngestRequest,
  MetricSample,
  OperatorWork,
  ReceiptAnswer,
  RejectedSample,
  Runtime,
  Subscription,
  TailRecord,
  ViewRowsAnswer,
  ViewRowsRequest,
  ViewStatus,
} from "../../src/runners/runtime.ts"
import { assert } from "../../src/std/assert.ts"
import { freeMemory } from "../../src/std/free-memory.ts"
import { assertBalance, booksOf } from "../../src/testing/balance.ts"
import { type ParsedRow, parseRows } from "./twin-ingest.ts"
import { failure, type TwinRow, TwinView, type TwinViewSpec } from "./twin-view.ts"

const MAX_REJECTED = 100

interface Topic {
  readonly contract: EventContract
  readonly ids: Set<unknown>
  readonly records: TailRecord[]
  readonly rows: TwinRow[]
  processed: number
  received: number
  duplicates: number
  rejected: number
}

export interface TwinOptions {
  readonly contracts: readonly EventContract[]
  readonly views: readonly TwinViewSpec[]
  readonly nowMs: () => number
  readonly logId?: string
}

export class TwinRuntime implements Runtime {
  readonly startedAtMs: number
  readonly logId: string
  readonly #nowMs: () => number
  readonly #topics: Map<string, Topic>
  readonly #views: Map<string, TwinView>
  readonly #samples: RejectedSample[] = []
  readonly #waiting = new Set<() => void>()
  #epoch = 0
  #held = false
  #closed = false
  #failure: unknown = null
  readonly #ingestFailures: unknown[] = []
  #ready: { ready: boolean; reason: string | null } = { ready: true, reason: null }
  openSubscriptions = 0

  constructor({ contracts, views, nowMs, logId = "0123456789abcdef0123456789abcdef" }: TwinOptions) {
    this.#nowMs = nowMs
    this.startedAtMs = nowMs()
    this.logId = logId
    this.#topics = new Map(contracts.map((contract) => [contract.name, emptyTopic(contract)]))
    this.#views = new Map(views.map((view) => [view.plan.name, new TwinView(view)]))
  }

  /** Events are taken but not processed until `release`. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#runEpoch()
  }

  fail(error: unknown): void {
    this.#failure = error
  }

  /** The next posts fail, one with each error. */
  failIngest(...errors: unknown[]): void {
    this.#ingestFailures.push(...errors)
  }

  makeReady(reason: string | null): void {
    this.#ready = { ready: reason === null, reason }
  }

  get epoch(): number {
    return this.#epoch
  }

  events(): readonly EventStatus[] {
    this.#failIfTold()
    return [...this.#topics.values()].map((topic) => ({
      contract: topic.contract,
      received: topic.received,
      accepted: topic.rows.length,
      duplicates: topic.duplicates,
      rejected: topic.rejected,
      deadLettered: 0,
      imbalance: topic.received - topic.rows.length - topic.duplicates - topic.rejected,
      appended: topic.records.length,
      eventsPerSecond: 0,
      watermarkUs: this.#watermarkUs(),
      watermarkHeldBy: topic.rows.length === 0 ? null : { partition: 0, sinceMs: this.startedAtMs },
      partitions: [{ durableEnd: topic.records.length, processed: topic.processed, idle: false }],
    }))
  }

  views(): readonly ViewStatus[] {
    this.#failIfTold()
    return [...this.#views.values()].map((view) => {
      const [topic] = view.spec.plan.events.map((name) => this.#topics.get(name))
      assert(topic !== undefined, "a twin's view reads a twin's event")
      const pending = topic.records.length - topic.processed
      return {
        plan: view.spec.plan,
        epoch: view.epoch,
        rowCount: view.rows.length,
        watermarkUs: this.#watermarkUs(),
        pendingEvents: pending,
        appendedEvents: topic.records.length,
        imbalance: 0,
        pendingSinceMs: pending === 0 ? null : topic.records[topic.processed]!.appendTimeMs,
        verdicts: { applied: topic.processed, filtered: 0, late: 0, failed: 0, duplicate: 0 },
      }
    })
  }

  /** It has no operators but the rows themselves, and does not measure. */
  work(view: string): readonly OperatorWork[] {
    this.#view(view)
    const none = { rowsIn: 0, rowsOut: 0, busyMs: 0 }
    const state = { rows: 0, bytes: 0 }
    return [{ what: "rows of the view", steps: [], total: none, recent: none, state }]
  }

  rejectedSamples(): readonly RejectedSample[] {
    this.#failIfTold()
    return this.#samples
  }

  async ingest({ event, body, framing, isBodyGiven }: IngestRequest): Promise<IngestAnswer> {
    const told = this.#ingestFailures.shift()
    if (told !== undefined) throw told
    const named = event === null ? null : this.#topics.get(event)
    if (named === undefined) throw failure("unknown-event", `there is no event "${event}"`)
    const parsed = parseRows(body, framing, (row) =>
      named === null ? (this.#topics.get(String(row["event_type"]))?.contract ?? null) : named.contract,
    )
    // As the runtime does: a door that looked at it again, or gave what is not its own, would not go
    // unnoticed.
    if (isBodyGiven === true) freeMemory(body.buffer as ArrayBuffer)
    const rejected = parsed.flatMap((row) => ("rejected" in row ? [row.rejected] : []))
    for (const row of parsed) if ("rejected" in row) this.#sample(row, event)
    let accepted = 0
    let duplicates = 0
    let last: string | null = null
    for (const item of parsed) {
      if ("rejected" in item) continue
      const topic = this.#topics.get(item.contract.name)!
      topic.received++
      if (this.#append(topic, item)) accepted++
      else duplicates++
      last = `twin:${topic.contract.name}:${topic.records.length}`
    }
    for (const wake of [...this.#waiting]) wake()
    if (!this.#held) this.#runEpoch()
    assertBalance(booksOf(this))
    const { length } = rejected
    const shown = rejected.slice(0, MAX_REJECTED)
    return {
      received: parsed.length,
      accepted,
      duplicates,
      rejected: shown,
      rejectedCount: length,
      deadLettered: [],
      deadLetteredCount: 0,
      receipt: last,
    }
  }

  rows(request: ViewRowsRequest): ViewRowsAnswer {
    return this.#view(request.view).select(request, this.#watermarkUs())
  }

  lookup(view: string, key: readonly Scalar[]): Scalar[] | null {
    const found = this.#view(view)
    const positions = found.spec.plan.key ?? []
    const row = found.rows.find((candidate) => positions.every((p, i) => candidate[p] === key[i]))
    return row === undefined ? null : [...row]
  }

  async awaitReceipt(view: string, receipt: string, timeoutMs: number): Promise<ReceiptAnswer> {
    this.#view(view)
    const [kind, event = "", end = ""] = receipt.split(":")
    const topic = this.#topics.get(event)
    if (kind !== "twin" || topic === undefined) throw failure("receipt-invalid", "the receipt is not ours")
    const deadline = performance.now() + timeoutMs
    while (topic.processed < Number(end)) {
      const left = deadline - performance.now()
      if (left <= 0)
        return { processed: false, verdicts: null, failures: null, forgotten: null, epoch: this.#epoch }
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, 2)))
    }
    return { processed: true, verdicts: { applied: 1 }, failures: {}, forgotten: 0, epoch: this.#epoch }
  }

  subscribe(view: string, afterEpoch: number | null): Subscription {
    const subscription = this.#view(view).subscribe(afterEpoch, () => this.#watermarkUs())
    this.openSubscriptions++
    let open = true
    return {
      next: () => subscription.next(),
      [Symbol.dispose]: () => {
        if (open) this.openSubscriptions--
        open = false
        subscription[Symbol.dispose]()
      },
    }
  }

  tail(event: string, fromOffsets: ReadonlyMap<number, number> | null): EventTail {
    const topic = this.#topics.get(event)
    if (topic === undefined) throw failure("unknown-event", `there is no event "${event}"`)
    let position = fromOffsets?.get(0) ?? topic.records.length
    let open = true
    return {
      next: async () => {
        while (open && !this.#closed && position >= topic.records.length) {
          await new Promise<void>((resolve) => {
            const done = () => {
              this.#waiting.delete(done)
              resolve()
            }
            this.#waiting.add(done)
          })
        }
        if (!open || this.#closed) return null
        const records = topic.records.slice(position)
        position = topic.records.length
        return records
      },
      [Symbol.dispose]: () => {
        open = false
        for (const wake of [...this.#waiting]) wake()
      },
    }
  }

  metrics(): readonly MetricSample[] {
    this.#failIfTold()
    return [...this.#topics.values()].map((topic) => ({
      name: "millrace_events_accepted_total",
      type: "counter",
      help: "Events taken.",
      labels: { event: topic.contract.name },
      value: topic.rows.length,
    }))
  }

  ready(): { readonly ready: boolean; readonly reason: string | null } {
    this.#failIfTold()
    return this.#ready
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const view of this.#views.values()) {
      view.closed = true
      view.wake()
    }
    for (const wake of [...this.#waiting]) wake()
  }

  #view(name: string): TwinView {
    const view = this.#views.get(name)
    if (view === undefined) throw failure("unknown-view", `there is no view "${name}"`)
    return view
  }

  #append(topic: Topic, { row, text }: Extract<ParsedRow, { row: TwinRow }>): boolean {
    const id = row[topic.contract.id]
    if (topic.ids.has(id)) {
      topic.duplicates++
      return false
    }
    topic.ids.add(id)
    topic.rows.push(row)
    const value = new TextEncoder().encode(text)
    topic.records.push({ partition: 0, offset: topic.records.length, appendTimeMs: this.#nowMs(), value })
    return true
  }

  #sample(item: Extract<ParsedRow, { rejected: unknown }>, event: string | null): void {
    this.#samples.unshift({ ...item.rejected, event, atMs: this.#nowMs(), text: item.text.slice(0, 1024) })
    const topic = event === null ? undefined : this.#topics.get(event)
    if (topic === undefined) return
    topic.received++
    topic.rejected++
  }

  #runEpoch(): void {
    this.#epoch++
    for (const topic of this.#topics.values()) topic.processed = topic.records.length
    for (const view of this.#views.values()) {
      const rows = view.spec.plan.events.flatMap((name) => this.#topics.get(name)?.rows ?? [])
      view.advance(this.#epoch, this.#watermarkUs(), rows)
    }
  }

  #watermarkUs(): bigint | null {
    return this.#epoch === 0 ? null : 1_000_000_000_000_000n + BigInt(this.#epoch)
  }

  #failIfTold(): void {
    if (this.#failure === null) return
    const error = this.#failure
    this.#failure = null
    throw error
  }
}

function emptyTopic(contract: EventContract): Topic {
  return {
    contract,
    ids: new Set(),
    records: [],
    rows: [],
    processed: 0,
    received: 0,
    duplicates: 0,
    rejected: 0,
  }
}
