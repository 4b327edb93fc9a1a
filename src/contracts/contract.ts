/**
 * An event contract as frozen data: what `event()` returns, what decoders are generated from, what the lock
 * file records. The zod schema is the users' way to write it; `fields` is what the platform works with.
 */
import type { z } from "zod"
import type { Column, LogicalType } from "../columns/types.ts"
import type { FieldRule } from "./field-rule.ts"

export type UnknownFields = "keep" | "refuse"
/** What becomes of a row that does not fit: the producer is told, or it is kept as a dead letter. */
export type OnInvalid = "reject" | "dead-letter"

export interface ContractField extends Column {
  /** True when the producer may leave the key out; its default is then stored, or null when it has none. */
  readonly optional: boolean
  readonly type: LogicalType
  /** What a producer may send for it. Absent in contracts that event() did not make: no checks then. */
  readonly rule?: FieldRule
}

export interface EventContract<Row = unknown, Input = Row> {
  readonly kind: "event"
  /** snake_case, 1 to 63 characters; unique across events, streams, tables and views. */
  readonly name: string
  readonly description: string | null
  readonly fields: readonly ContractField[]
  /** Field names. */
  readonly id: string
  readonly time: string
  /** Partition key. Null spreads rows over partitions by id. */
  readonly key: string | null
  /** Defaults to the event's name. */
  readonly topic: string
  readonly partitions: number
  /** How far behind the newest row of its partition a row may come and still count. */
  readonly outOfOrdernessMs: number
  /** A partition at the log's end that brings nothing for this long no longer holds the watermark. */
  readonly idleMs: number
  readonly idleAdvance: boolean
  /** Rows whose id was seen less than this long ago are duplicates; null: ids are not remembered. */
  readonly dedupWindowMs: number | null
  /** Memory for these ids; absent: DEFAULT_DEDUP_BYTES. */
  readonly dedupMemoryBytes?: number
  readonly unknownFields: UnknownFields
  /** @default "reject" */
  readonly onInvalid?: OnInvalid
  readonly retention: { readonly ms?: number; readonly bytes?: number }
  readonly compression: "none" | "zstd"
  /** How long the store keeps a row after it came; null or left out: for ever. */
  readonly store?: { readonly retentionMs: number | null }
  /** JSON Schema 2020-12 of what a producer sends. */
  readonly jsonSchema: Readonly<Record<string, unknown>>
  /** Fingerprint of the fields and their checks: 16 hex digits. */
  readonly fingerprint: string
  /** The schema of the whole row when it has checks over several fields; they are then run on every row. */
  readonly rowSchema?: z.ZodType | null
  readonly owner?: string | null
  /** What one decoded row looks like; carried for type inference only. */
  readonly row?: Row
  /** What a producer sends: keys with defaults may be missing, int64 may be text. For type inference only. */
  readonly input?: Input
}

/** What a decoder is made from. */
export type RowContract = Pick<EventContract, "name" | "fields" | "unknownFields" | "rowSchema">

/** The columns that views see: the fields, then `processed_at` (append time). */
export const PROCESSED_AT = "processed_at"

/** The key in which a row names its event when rows of several are sent together. Every contract lets it
 *  pass, whether it names it or not. */
export const EVENT_TYPE = "event_type"
