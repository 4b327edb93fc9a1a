/** Interval arithmetic in PostgreSQL's three parts: months, days, microseconds. */
import type { Interval } from "../../columns/types.ts"
import { raise } from "./failure-register.ts"

export const ZERO_INTERVAL: Interval = { months: 0, days: 0, micros: 0n }
const DAYS_PER_MONTH = 30
const DAY_US = 86_400_000_000n

/** Checks that the parts fit PostgreSQL's: int32, int32, int64. */
export function interval(months: number, days: number, micros: bigint): Interval {
  const fits = months === (months | 0) && days === (days | 0) && micros === BigInt.asIntN(64, micros)
  return fits
    ? { months: months | 0, days: days | 0, micros }
    : raise("timestamp-out-of-range", ZERO_INTERVAL)
}

/** A month counts 30 days and a day 24 hours, for comparisons only. */
export function comparableMicros(value: Interval): bigint {
  return (BigInt(value.months) * BigInt(DAYS_PER_MONTH) + BigInt(value.days)) * DAY_US + value.micros
}

export function addIntervals(a: Interval, b: Interval): Interval {
  return interval(a.months + b.months, a.days + b.days, a.micros + b.micros)
}

export function subtractIntervals(a: Interval, b: Interval): Interval {
  return interval(a.months - b.months, a.days - b.days, a.micros - b.micros)
}

export function negateInterval(a: Interval): Interval {
  return interval(-a.months, -a.days, -a.micros)
}
