/**
 * The proleptic Gregorian calendar, days since 1970-01-01 <-> (year, month, day), after Howard Hinnant's
 * "chrono-compatible low-level date algorithms". Years are astronomical: 0 is 1 BC. Days are safe integers, so
 * that generated loops stay in doubles.
 */

export const DAY_US = 86_400_000_000n
export const HOUR_US = 3_600_000_000n
export const MINUTE_US = 60_000_000n
export const SECOND_US = 1_000_000n

/** PostgreSQL's first instant, 4713-11-24 BC 00:00 (proleptic Gregorian), and the last one 64 bits hold. */
export const MIN_TIMESTAMP = -210_866_803_200_000_000n
export const MAX_TIMESTAMP = 9_223_372_036_854_775_807n
/** PostgreSQL's dates: 4713-11-24 BC to 5874897-12-31. */
export const MIN_DATE = -2_440_588
export const MAX_DATE = 2_145_042_905

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return { year, month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 }
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : MONTH_DAYS[month - 1]!
}

export function isCivilDate(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
}

/** Whole days before or at the instant; negative times floor towards the past. */
export function dayOf(micros: bigint): number {
  return Number(floorDivide(micros, DAY_US))
}

/** Microseconds since the midnight before the instant: 0 to DAY_US - 1. */
export function timeOfDay(micros: bigint): bigint {
  const rest = micros % DAY_US
  return rest < 0n ? rest + DAY_US : rest
}

export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return quotient * divisor > dividend ? quotient - 1n : quotient
}

export function timestampInRange(micros: bigint): boolean {
  return micros >= MIN_TIMESTAMP && micros <= MAX_TIMESTAMP
}

export function dateInRange(days: number): boolean {
  return days >= MIN_DATE && days <= MAX_DATE
}
