/**
 * What the platform's HTTP API answers, as far as the page reads it. Field names are the API's own; int64 and
 * decimal values come as strings, timestamps as ISO 8601 text.
 */

/** A JSON value of a row's column. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [key: string]: Cell }

export type Row = Readonly<Record<string, Cell>>

export interface Column {
  readonly name: string
  /** `int64`, `decimal(12,2)`, `timestamp` … */
  readonly type: string
  readonly nullable: boolean
}

export interface EventField extends Column {
  readonly optional: boolean
}

export interface Partition {
  readonly partition: number
  readonly durable_end: number
  readonly processed: number
  readonly idle: boolean
}

export interface EventStream {
  readonly name: string
  readonly description: string | null
  readonly fields: readonly EventField[]
  /** Names of the fields that are the id, the event time and the partition key. */
  readonly id: string
  readonly time: string
  readonly key: string | null
  readonly out_of_orderness_ms: number
  readonly received: number
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
  /** Kept as dead letters, by contracts whose producer cannot be answered. */
  readonly dead_lettered: number
  /** Rows in the log, over all partitions. */
  readonly appended: number
  readonly events_per_second: number
  readonly watermark: string | null
  readonly watermark_partition: number | null
  readonly partitions: readonly Partition[]
}

/** The part of JSON Schema that contracts use. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly enum?: readonly Cell[]
  readonly const?: Cell
  readonly allOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly examples?: readonly Cell[]
  readonly default?: Cell
}

export const VERDICTS = ["applied", "filtered", "late", "failed", "duplicate"] as const
export type Verdict = (typeof VERDICTS)[number]
export type VerdictCounts = Readonly<Partial<Record<Verdict | "pending", number>>>

export const CHECK_VERDICTS = ["equal", "different", "nothing-compared", "empty", "cannot"] as const

/** What a comparison with the second engine found. */
export interface Verification {
  readonly verdict: (typeof CHECK_VERDICTS)[number]
  /** Why it cannot be checked, or what is to be known about the answer. */
  readonly reason: string | null
  readonly at: string
  readonly epoch: number
  readonly duration_ms: number
  readonly rows_compared: number
  readonly events_read: number
  /** Rows that only history has, that only the view has, and that both have with other values. */
  readonly differences: { readonly missing: number; readonly extra: number; readonly different: number }
  /** Some of the rows that differ. */
  readonly examples: readonly Difference[]
}

/** One row on which the engines do not agree; null where an engine does not have it. */
export interface Difference {
  readonly kind: "missing" | "extra" | "different"
  readonly live: Row | null
  readonly history: Row | null
}

export interface View {
  readonly name: string
  readonly description: string | null
  readonly sql: string
  readonly columns: readonly Column[]
  /** Column names; null when rows are told apart by all their columns. */
  readonly key: readonly string[] | null
  readonly emit: "changes" | "final"
  readonly epoch: number
  readonly row_count: number
  readonly watermark: string | null
  /** Events in the log that it has not processed, and how long the oldest of them has waited. */
  readonly lag: { readonly events: number; readonly ms: number }
  readonly verdicts: VerdictCounts
  /** The last comparison with the second engine; null when there was none. */
  readonly verification: Verification | null
  /** What its SQL reads. */
  readonly events: readonly string[]
  readonly views: readonly string[]
}

export interface RowsPage {
  readonly rows: readonly Row[]
  readonly cursor: string | null
  readonly epoch: number
  readonly watermark: string | null
  readonly row_count: number
  /** Only when asked with `after`. */
  readonly receipt?: {
    readonly processed: boolean
    readonly verdicts: VerdictCounts | null
  }
}

export interface RejectedRow {
  readonly index: number
  readonly field: string | null
  readonly code: string
  readonly message: string
}

export interface RejectedSample extends RejectedRow {
  readonly event: string | null
  readonly at: string
  readonly text: string
}

export interface IngestAnswer {
  readonly received: number
  readonly accepted: number
  readonly duplicates: number
  readonly dead_lettered: number
  /** Capped; `rejected_count` counts all. */
  readonly rejected: readonly RejectedRow[]
  readonly rejected_count: number
  readonly receipt: string | null
}

export interface Snapshot {
  readonly epoch: number
  readonly watermark: string | null
  readonly rows: readonly Row[]
  readonly last: boolean
}

export interface Changes {
  readonly epoch: number
  readonly watermark: string | null
  readonly changes: readonly { readonly weight: number; readonly row: Row }[]
}

export interface Health {
  readonly ready: boolean
  readonly reason: string | null
  /** The project's name, when the platform says it. */
  readonly project: string | null
}
