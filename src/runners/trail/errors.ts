/** What can be wrong with a place in the log that somebody asks about. */
import { PlatformError } from "../../std/errors.ts"

export interface KnownRange {
  readonly event: string
  readonly partition: number
  readonly offset: number
  readonly partitions: number
  /** First offset, and the one behind the last; null where there is no such partition. */
  readonly range: { readonly begin: number; readonly end: number } | null
  /** The event whose record is there; null: no record is. */
  readonly other: string | null
}

export function unknownRecord({
  event,
  partition,
  offset,
  partitions,
  range,
  other,
}: KnownRange): PlatformError {
  const what = `there is no record of ${event} at partition ${partition}, offset ${offset}`
  const there =
    range === null
      ? `its partitions are 0 to ${partitions - 1}`
      : other !== null
        ? `that offset holds a record of ${other}`
        : range.end <= range.begin
          ? `partition ${partition} is empty`
          : `partition ${partition} has offsets ${range.begin} to ${range.end - 1}`
  return new PlatformError({
    code: "unknown-record",
    domain: "user",
    message: `${what}: ${there}`,
    details: { event, partition, offset, partitions, ...(range ?? {}) },
  })
}
