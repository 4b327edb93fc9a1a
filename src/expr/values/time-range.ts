/**
 * PostgreSQL's timestamps and dates: where they begin and end. Its last timestamps (from 294247 on) do not
 * fit 64 bits of microseconds since 1970 and count as out of range; infinity does not exist here.
 */
import { daysInMonth, floorDiv, MICROS_PER_DAY } from "../../std/calendar.ts"

export const HOUR_US = 3_600_000_000n
export const MINUTE_US = 60_000_000n

/** 4714-11-24 BC 00:00. */
export const MIN_TIMESTAMP = -210_866_803_200_000_000n
export const MAX_TIMESTAMP = 9_223_372_036_854_775_807n
/** 4714-11-24 BC to 5874897-12-31. */
export const MIN_DATE = -2_440_588
export const MAX_DATE = 2_145_042_905

export function timestampInRange(micros: bigint): boolean {
  return micros >= MIN_TIMESTAMP && micros <= MAX_TIMESTAMP
}

export function dateInRange(days: number): boolean {
  return days >= MIN_DATE && days <= MAX_DATE
}

/** Microseconds since the midnight before the instant: 0 to a day less one. */
export function timeOfDay(micros: bigint): bigint {
  return micros - floorDiv(micros, MICROS_PER_DAY) * MICROS_PER_DAY
}

export function isCivilDate(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
}
