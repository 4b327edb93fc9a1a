/** How the lake's tables are partitioned: by the day of append time (docs/decisions/0017). */
import { PROCESSED_AT_ID } from "./iceberg-schema.ts"

const DAY_MS = 86_400_000

export const PARTITION_FIELD_ID = 1000
export const PARTITION_SPEC = {
  "spec-id": 0,
  fields: [
    {
      "source-id": PROCESSED_AT_ID,
      "field-id": PARTITION_FIELD_ID,
      name: "processed_at_day",
      transform: "day",
    },
  ],
} as const

/** Days since 1970-01-01. */
export function dayOf(appendTimeMs: number): number {
  return Math.floor(appendTimeMs / DAY_MS)
}

/** 2026-11-27 */
export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}
