/**
 * An event contract as frozen data: what `event()` returns, what decoders are generated from, what the lock file
 * records. The zod schema is the users' way to write it; `fields` is what the platform works with.
 */
import type { Column, LogicalType } from "../columns/types.ts"

export type UnknownFields = "keep" | "refuse"

export interface ContractField extends Column {
  /** True when the producer may leave the key out (zod optional or default); null is then stored. */
  readonly optional: boolean
  readonly type: LogicalType
}

export interface EventContract<Row = unknown> {
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
  readonly unknownFields: UnknownFields
  readonly retention: { readonly ms?: number; readonly bytes?: number }
  readonly compression: "none" | "zstd"
  /** JSON Schema 2020-12 of what a producer sends. */
  readonly jsonSchema: Readonly<Record<string, unknown>>
  /** Fingerprint of the fields and their checks: 16 hex digits. */
  readonly fingerprint: string
  /** What one decoded row looks like; carried for type inference only. */
  readonly row?: Row
}

/** The columns that views see: the fields, then `processed_at` (append time). */
export const PROCESSED_AT = "processed_at"
