/** Sums and differences of timestamps, dates and intervals, after src/backend/utils/adt/timestamp.c. */
import type { Interval } from "../../columns/types.ts"
import {
  civilFromDays,
  daysFromCivil,
  daysFromMicros,
  daysInMonth,
  MICROS_PER_DAY,
} from "../../std/calendar.ts"
import { raise } from "./failure-register.ts"
import { interval, negateInterval, ZERO_INTERVAL } from "./interval.ts"
import { roundHalfEven } from "./rounding.ts"
import { dateInRange, isCivilDate, timeOfDay, timestampInRange } from "./time-range.ts"

const OUT_OF_RANGE = "timestamp-out-of-range"

function timestamp(micros: bigint): bigint {
  return timestampInRange(micros) ? micros : raise(OUT_OF_RANGE, 0n)
}

/** Months first (the day is cut to the month's last), then days, then the time. */
export function addToTimestamp(micros: bigint, span: Interval): bigint {
  let sum = micros
  if (span.months !== 0) {
    const { year, month, day } = civilFromDays(daysFromMicros(sum))
    const index = year * 12 + month - 1 + span.months
    const [newYear, newMonth] = [Math.floor(index / 12), (((index % 12) + 12) % 12) + 1]
    const newDay = Math.min(day, daysInMonth(newYear, newMonth))
    sum = timestamp(BigInt(daysFromCivil(newYear, newMonth, newDay)) * MICROS_PER_DAY + timeOfDay(sum))
  }
  sum = timestamp(sum + BigInt(span.days) * MICROS_PER_DAY)
  return timestamp(sum + span.micros)
}

export function subtractFromTimestamp(micros: bigint, span: Interval): bigint {
  return addToTimestamp(micros, negateInterval(span))
}

export function timestampOfDate(days: number): bigint {
  return timestamp(BigInt(days) * MICROS_PER_DAY)
}

export function addToDate(days: number, span: Interval): bigint {
  return addToTimestamp(timestampOfDate(days), span)
}

export function subtractFromDate(days: number, span: Interval): bigint {
  return subtractFromTimestamp(timestampOfDate(days), span)
}

export function shiftDate(days: number, count: number): number {
  return dateInRange(days + count) ? days + count : raise(OUT_OF_RANGE, 0)
}

/** Days and time, never months. */
export function betweenTimestamps(a: bigint, b: bigint): Interval {
  const micros = a - b
  if (micros !== BigInt.asIntN(64, micros)) return raise(OUT_OF_RANGE, ZERO_INTERVAL)
  return interval(0, Number(micros / MICROS_PER_DAY), micros % MICROS_PER_DAY)
}

/** The difference by the calendar: years, months, days, time. */
export function age(a: bigint, b: bigint): Interval {
  if (a < b) return negateInterval(ageForward(b, a))
  return ageForward(a, b)
}

/** `later` minus `earlier`; a day short is borrowed from the month of `earlier`. */
function ageForward(later: bigint, earlier: bigint): Interval {
  const x = civilFromDays(daysFromMicros(later))
  const y = civilFromDays(daysFromMicros(earlier))
  let micros = timeOfDay(later) - timeOfDay(earlier)
  let days = x.day - y.day
  let months = (x.year - y.year) * 12 + x.month - y.month
  if (micros < 0n) {
    micros += MICROS_PER_DAY
    days--
  }
  while (days < 0) {
    days += daysInMonth(y.year, y.month)
    months--
  }
  return interval(months, days, micros)
}

/** The start of the bin of `stride` that holds the time, bins being counted from `origin`. */
export function binTimestamp(stride: Interval, micros: bigint, origin: bigint): bigint {
  if (stride.months !== 0) return raise("invalid-argument", 0n)
  const width = BigInt(stride.days) * MICROS_PER_DAY + stride.micros
  if (width <= 0n || width !== BigInt.asIntN(64, width)) return raise(OUT_OF_RANGE, 0n)
  const offset = micros - origin
  if (offset !== BigInt.asIntN(64, offset)) return raise(OUT_OF_RANGE, 0n)
  const rest = offset % width
  return timestamp(micros - rest - (rest < 0n ? width : 0n))
}

/** Negative years are BC; there is no year 0. */
export function makeDate(year: number, month: number, day: number): number {
  const astronomical = year < 0 ? year + 1 : year
  if (year === 0 || !isCivilDate(astronomical, month, day)) return raise(OUT_OF_RANGE, 0)
  const days = daysFromCivil(astronomical, month, day)
  return dateInRange(days) ? days : raise(OUT_OF_RANGE, 0)
}

export function makeTimestamp(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): bigint {
  const astronomical = year < 0 ? year + 1 : year
  if (year === 0 || !isCivilDate(astronomical, month, day)) return raise(OUT_OF_RANGE, 0n)
  if (!(hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60)) {
    return raise(OUT_OF_RANGE, 0n)
  }
  const clock = BigInt((hour * 60 + minute) * 60) * 1_000_000n + BigInt(roundHalfEven(second * 1e6))
  if (clock > MICROS_PER_DAY) return raise(OUT_OF_RANGE, 0n)
  return timestamp(BigInt(daysFromCivil(astronomical, month, day)) * MICROS_PER_DAY + clock)
}

/** Seconds between 1970 and 2000: PostgreSQL counts from 2000, and rounds there. */
const EPOCH_2000 = 946_684_800

export function timestampOfSeconds(seconds: number): bigint {
  const micros = roundHalfEven((seconds - EPOCH_2000) * 1e6)
  if (!Number.isFinite(micros)) return raise(OUT_OF_RANGE, 0n)
  return timestamp(BigInt(micros) + BigInt(EPOCH_2000) * 1_000_000n)
}

const DAYS_PER_MONTH = 30
const SECONDS_PER_DAY = 86_400
const toMicros = (seconds: number) => roundHalfEven(seconds * 1e6) / 1e6

/** interval_mul: fractions of months go to days, fractions of days to the time. */
function scale(span: Interval, apply: (part: number) => number): Interval {
  const [months, days] = [apply(span.months), apply(span.days)]
  const time = apply(Number(span.micros))
  if (Number.isNaN(months) || Number.isNaN(days) || Number.isNaN(time))
    return raise(OUT_OF_RANGE, ZERO_INTERVAL)
  const [wholeMonths, wholeDays] = [Math.trunc(months), Math.trunc(days)]
  const restDays = toMicros((months - wholeMonths) * DAYS_PER_MONTH)
  let restSeconds = toMicros((days - wholeDays + restDays - Math.trunc(restDays)) * SECONDS_PER_DAY)
  let carried = 0
  if (Math.abs(restSeconds) >= SECONDS_PER_DAY) {
    carried = Math.trunc(restSeconds / SECONDS_PER_DAY)
    restSeconds -= carried * SECONDS_PER_DAY
  }
  const micros = roundHalfEven(time + restSeconds * 1e6)
  const total = wholeDays + carried + Math.trunc(restDays)
  if (![wholeMonths, total, micros].every(Number.isFinite)) return raise(OUT_OF_RANGE, ZERO_INTERVAL)
  return interval(wholeMonths, total, BigInt(micros))
}

export function multiplyInterval(span: Interval, factor: number): Interval {
  return scale(span, (part) => part * factor)
}

export function divideInterval(span: Interval, divisor: number): Interval {
  if (divisor === 0) return raise("division-by-zero", ZERO_INTERVAL)
  return scale(span, (part) => part / divisor)
}

export function justifyHours({ months, days, micros }: Interval): Interval {
  const whole = micros / MICROS_PER_DAY
  return align(months, days + Number(whole), micros - whole * MICROS_PER_DAY)
}

function align(months: number, days: number, micros: bigint): Interval {
  if (days > 0 && micros < 0n) return interval(months, days - 1, micros + MICROS_PER_DAY)
  if (days < 0 && micros > 0n) return interval(months, days + 1, micros - MICROS_PER_DAY)
  return interval(months, days, micros)
}

export function justifyDays({ months, days, micros }: Interval): Interval {
  const whole = Math.trunc(days / DAYS_PER_MONTH)
  const [sum, rest] = [months + whole, days - whole * DAYS_PER_MONTH]
  if (sum > 0 && rest < 0) return interval(sum - 1, rest + DAYS_PER_MONTH, micros)
  if (sum < 0 && rest > 0) return interval(sum + 1, rest - DAYS_PER_MONTH, micros)
  return interval(sum, rest, micros)
}

export function justifyInterval(span: Interval): Interval {
  const wholeDays = span.micros / MICROS_PER_DAY
  const micros = span.micros - wholeDays * MICROS_PER_DAY
  const days = span.days + Number(wholeDays)
  const wholeMonths = Math.trunc(days / DAYS_PER_MONTH)
  const months = span.months + wholeMonths
  const rest = days - wholeMonths * DAYS_PER_MONTH
  const below = rest < 0 || (rest === 0 && micros < 0n)
  const above = rest > 0 || (rest === 0 && micros > 0n)
  if (months > 0 && below) return align(months - 1, rest + DAYS_PER_MONTH, micros)
  if (months < 0 && above) return align(months + 1, rest - DAYS_PER_MONTH, micros)
  return align(months, rest, micros)
}
