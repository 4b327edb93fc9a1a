/**
 * Instants and what a zone's clock shows, after src/backend/utils/adt/timestamp.c. A local time that the
 * clock skips is read with the offset from before the jump, one that it shows twice with the offset from
 * after it.
 */
import { MICROS_PER_DAY } from "../../std/calendar.ts"
import type { TimeZone } from "../../std/time-zone.ts"
import { timeZone } from "../../std/time-zone.ts"
import { raise } from "./failure-register.ts"
import { FIXED_UNITS, truncateTo, truncationUnit } from "./time-fields.ts"
import { timestampInRange } from "./time-range.ts"

const INVALID = "invalid-argument"

/** `timestamptz AT TIME ZONE zone`. */
export function localTime(name: string, micros: bigint): bigint {
  const zone = timeZone(name)
  return zone === null ? raise(INVALID, 0n) : inRange(zone.toLocal(micros))
}

/** `timestamp AT TIME ZONE zone`. */
export function instantOf(name: string, local: bigint): bigint {
  const zone = timeZone(name)
  return zone === null ? raise(INVALID, 0n) : inRange(local - offsetOfLocal(zone, local))
}

/** Units below a day keep the offset that the instant has; days and longer begin when their clock says so. */
export function truncateInZone(word: string, micros: bigint, name: string): bigint {
  const [zone, unit] = [timeZone(name), truncationUnit(word)]
  if (zone === null || unit === undefined) return raise(INVALID, 0n)
  const offset = zone.offsetUs(micros)
  const start = truncateTo(unit, micros + offset)
  const within = unit !== "day" && FIXED_UNITS.has(unit)
  return inRange(start - (within ? offset : offsetOfLocal(zone, start)))
}

const inRange = (micros: bigint): bigint =>
  timestampInRange(micros) ? micros : raise("timestamp-out-of-range", 0n)

/** PostgreSQL looks for the one change from a day before the local time, were it UTC. */
function offsetOfLocal(zone: TimeZone, local: bigint): bigint {
  const before = zone.segment(local - MICROS_PER_DAY)
  let after = before
  // Neighbours may have the same offset; no clock is two days from UTC.
  while (after.offsetUs === before.offsetUs && after.endUs < local + 2n * MICROS_PER_DAY) {
    after = zone.segment(after.endUs)
  }
  if (after.offsetUs === before.offsetUs) return before.offsetUs
  const boundary = after.startUs
  const [earlier, later] = [local - before.offsetUs, local - after.offsetUs]
  if (earlier < boundary && later < boundary) return before.offsetUs
  if (earlier > boundary && later >= boundary) return after.offsetUs
  return earlier > later ? before.offsetUs : after.offsetUs
}
