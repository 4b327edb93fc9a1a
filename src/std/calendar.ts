/**
 * Proleptic Gregorian calendar in UTC, exact for every year that fits (PostgreSQL's -4712 to 294276 and
 * beyond). Days count from 1970-01-01, microseconds from 1970-01-01T00:00Z; both floor towards the past. Year
 * 0 is 1 BC. Source: Howard Hinnant, "chrono-compatible low-level date algorithms" (days_from_civil,
 * civil_from_days): years begin in March, so that the leap day is the last one, and repeat every 400 years =
 * 146,097 days.
 */

export interface CivilDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
}

export interface CivilTime extends CivilDate {
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** 0 to 999,999. */
  readonly micros: number
}

export const MICROS_PER_SECOND = 1_000_000n
export const MICROS_PER_DAY = 86_400_000_000n
export const SECONDS_PER_DAY = 86_400

const DAYS_PER_ERA = 146_097
const YEARS_PER_ERA = 400
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_SHIFT = 719_468

/** Days since 1970-01-01; `month` 1 to 12, and any `day`, counted on from the month's first. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year
  const era = Math.floor(marchYear / YEARS_PER_ERA)
  const yearOfEra = marchYear - era * YEARS_PER_ERA
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_SHIFT
}

export function civilFromDays(days: number): CivilDate {
  const shifted = days + EPOCH_SHIFT
  const era = Math.floor(shifted / DAYS_PER_ERA)
  const dayOfEra = shifted - era * DAYS_PER_ERA
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * YEARS_PER_ERA + (month <= 2 ? 1 : 0), month, day }
}

/** Microseconds since 1970-01-01T00:00Z. Parts may exceed their usual range: second 60 is the next minute. */
export function microsFromCivil(time: CivilTime): bigint {
  const days = daysFromCivil(time.year, time.month, time.day)
  const seconds = (time.hour * 60 + time.minute) * 60 + time.second
  return BigInt(days) * MICROS_PER_DAY + BigInt(seconds) * MICROS_PER_SECOND + BigInt(time.micros)
}

export function civilFromMicros(micros: bigint): CivilTime {
  const days = floorDiv(micros, MICROS_PER_DAY)
  const ofDay = Number(micros - days * MICROS_PER_DAY)
  const secondOfDay = Math.floor(ofDay / 1_000_000)
  return {
    ...civilFromDays(Number(days)),
    hour: Math.floor(secondOfDay / 3600),
    minute: Math.floor(secondOfDay / 60) % 60,
    second: secondOfDay % 60,
    micros: ofDay % 1_000_000,
  }
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** `month` 1 to 12. */
export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0)
}

/** Days of the date, rounded towards the past: a microsecond before 1970 is day -1. */
export function daysFromMicros(micros: bigint): number {
  return Number(floorDiv(micros, MICROS_PER_DAY))
}

/** Quotient rounded towards minus infinity; `divisor` > 0. */
export function floorDiv(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient
}
