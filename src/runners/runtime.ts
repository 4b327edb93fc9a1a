/**
 * A running project as the doors see it: HTTP, the page, the CLI and tests all talk to this face, whatever
 * homes the layers have.
 */
import type { Batch, ChangeBatch } from "../columns/batch.ts"
import type { Scalar } from "../columns/types.ts"
import type { EventContract } from "../contracts/contract.ts"
import type { Framing, RejectedRow } from "../contracts/decoder.ts"
import type { Comparison, OperatorWork as EngineWork, Verdict } from "../engine/dataflow.ts"
import type { Failure } from "../expr/expression.ts"
import type { ViewPlan } from "../plan/plan.ts"

export interface IngestRequest {
  /** Null: each row names its event in `event_type`. */
  readonly event: string | null
  readonly body: Uint8Array
  readonly framing: Framing
  /** The body fills a buffer of its own, which the runtime frees when it has read it. @default false */
  readonly isBodyGiven?: boolean
  /** Where the rows come from, for dead letters. @default "http" */
  readonly source?: string
  /** Kept with each record: a source's name, ":" and the position there. @default none */
  readonly sourcePosition?: string
  /** "reject": rows that do not fit are refused whatever the contract says. @default as the contract says */
  readonly onInvalid?: "reject"
}

/** A row that does not fit and was kept. */
export interface KeptRow extends RejectedRow {
  /** Of its dead letter. */
  readonly id: string
}

export interface IngestAnswer {
  readonly received: number
  readonly accepted: number
  readonly duplicates: number
  /** Capped; `rejectedCount` counts all. */
  readonly rejected: readonly RejectedRow[]
  readonly rejectedCount: number
  /** Kept as dead letters; capped, `deadLetteredCount` counts all. */
  readonly deadLettered: readonly KeptRow[]
  readonly deadLetteredCount: number
  /** Null when nothing was accepted and nothing was a duplicate. */
  readonly receipt: string | null
}

export interface ViewStatus {
  readonly plan: ViewPlan
  readonly epoch: number
  readonly rowCount: number
  /** Null before the first row. Microseconds. */
  readonly watermarkUs: bigint | null
  /** Events in the log that the view has not processed. */
  readonly pendingEvents: number
  /** Append time of the oldest of them; null when there is none. */
  readonly pendingSinceMs: number | null
  /** Rows of its events that the view's history has met. */
  readonly appendedEvents: number
  /** appendedEvents - pendingEvents - the sum of the verdicts: always 0. */
  readonly imbalance: number
  /** Rows by verdict since the first epoch; with pendingEvents they add up to what was appended. */
  readonly verdicts: Readonly<Record<Verdict, number>>
}

/** What a part of a view has done since the platform started, and what it keeps. */
export interface OperatorWork extends Omit<EngineWork, "id"> {
  readonly what: string
  /** Steps that run in the same loop, sources first. */
  readonly steps: readonly string[]
}

export interface EventStatus {
  readonly contract: EventContract
  readonly received: number
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
  readonly deadLettered: number
  /** received - accepted - duplicates - rejected - deadLettered: always 0. */
  readonly imbalance: number
  /** Records in the log. */
  readonly appended: number
  readonly eventsPerSecond: number
  readonly watermarkUs: bigint | null
  /**
   * The partition that holds the watermark back, and since when, at most since the start; null: none does.
   */
  readonly watermarkHeldBy: { readonly partition: number; readonly sinceMs: number } | null
  readonly partitions: readonly {
    readonly durableEnd: number
    readonly processed: number
    readonly idle: boolean
  }[]
}

/** A refused row, kept for people to look at (the newest few hundred). */
export interface RejectedSample extends RejectedRow {
  readonly event: string | null
  readonly atMs: number
  /** The row's text, cut to 1 KB. */
  readonly text: string
}

export interface ViewRowsRequest {
  readonly view: string
  readonly where: readonly {
    readonly column: number
    readonly comparison: Comparison
    readonly value: Scalar
  }[]
  readonly sort: readonly { readonly column: number; readonly descending: boolean }[]
  readonly limit: number
  /** From an earlier page: the same epoch, where, sort; continues behind its last row. */
  readonly cursor: string | null
}

export interface ViewRowsAnswer {
  readonly rows: Batch
  readonly rowCount: number
  readonly epoch: number
  readonly watermarkUs: bigint | null
  /** Null on the last page. */
  readonly cursor: string | null
}

export interface ReceiptAnswer {
  readonly processed: boolean
  /** Rows of the receipt by what the view did with them; null when not processed within the time. */
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>> | null
  /** Why rows failed, and how many for each reason; null when not processed within the time. */
  readonly failures: Readonly<Partial<Record<Failure, number>>> | null
  /** Rows that were neither late, failed nor duplicates, so long ago that more is not known of them. */
  readonly forgotten: number | null
  readonly epoch: number
}

/** What a live reader gets: a whole view, then what changes. */
export type ViewUpdate =
  | {
      readonly kind: "snapshot"
      readonly epoch: number
      readonly watermarkUs: bigint | null
      readonly rows: Batch
      readonly last: boolean
    }
  | {
      readonly kind: "changes"
      readonly epoch: number
      readonly watermarkUs: bigint | null
      readonly changes: ChangeBatch
    }

/**
 * Pull side of one subscription. A reader that falls behind the retained changes gets a snapshot again.
 * Disposing
 *  it resolves a pending `next` with null. Give all subscribers the same update object: its text is made
 *  once. */
export interface Subscription extends Disposable {
  /** The next update; waits until there is one. Null when the platform stops. */
  next(): Promise<ViewUpdate | null>
}

export interface Runtime extends AsyncDisposable {
  readonly startedAtMs: number
  /**
   * Names this history: another one after the data directory was emptied, so that positions are not mixed up.
   */
  readonly logId: string
  events(): readonly EventStatus[]
  views(): readonly ViewStatus[]
  /** The view's operators in the order of the data, its own rows last. @throws unknown-view (user). */
  work(view: string): readonly OperatorWork[]
  rejectedSamples(): readonly RejectedSample[]
  /**
   * Resolves when the good rows are durable.
   * @throws unknown-event, body-not-json (user); overloaded (retry, details.retryAfterMs) when the log's
   * queue or the engine's backlog is full; log-failed (external) when the disk refuses.
   */
  ingest(request: IngestRequest): Promise<IngestAnswer>
  /** @throws unknown-view, cursor-expired, cursor-invalid (user). */
  rows(request: ViewRowsRequest): ViewRowsAnswer
  lookup(view: string, key: readonly Scalar[]): Scalar[] | null
  /**
   * Waits until `view` has processed the receipt's rows, at most `timeoutMs`. @throws receipt-invalid (user)
   */
  awaitReceipt(view: string, receipt: string, timeoutMs: number): Promise<ReceiptAnswer>
  /**
   * `afterEpoch`: continue behind that epoch when its changes are still known, else begin with a snapshot.
   */
  subscribe(view: string, afterEpoch: number | null): Subscription
  /** The newest events of a topic as they were sent, for `tail` and the page. */
  tail(event: string, fromOffsets: ReadonlyMap<number, number> | null): EventTail
  metrics(): readonly MetricSample[]
  /** Ready to take events: recovered and caught up with the journal. */
  ready(): { readonly ready: boolean; readonly reason: string | null }
}

/** Disposing it resolves a pending `next` with null. */
export interface EventTail extends Disposable {
  next(): Promise<readonly TailRecord[] | null>
}

export interface TailRecord {
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
  readonly value: Uint8Array
}

export interface MetricSample {
  /** Prometheus name with unit, e.g. millrace_events_accepted_total. */
  readonly name: string
  readonly type: "counter" | "gauge"
  readonly help: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
