/**
 * Units and fields of times: date_trunc, date_part and extract, after src/backend/utils/adt/timestamp.c.
 * A field's value is given in millionths, so that seconds stay exact.
 */
import type { Interval } from "../../columns/types.ts"
import {
  civilFromDays,
  daysFromCivil,
  daysFromMicros,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  SECONDS_PER_DAY,
} from "../../std/calendar.ts"
import { raise } from "./failure-register.ts"
import { interval, ZERO_INTERVAL } from "./interval.ts"
import { HOUR_US, MINUTE_US, timeOfDay, timestampInRange } from "./time-range.ts"

const UNIT_WORDS: Readonly<Record<string, string>> = {
  microseconds: "us usec usecs usecond useconds microsecond microseconds microsecon",
  milliseconds: "ms msec msecs msecond mseconds millisecond milliseconds millisecon",
  second: "s sec secs second seconds",
  minute: "m min mins minute minutes",
  hour: "h hr hrs hour hours",
  day: "d day days",
  week: "w week weeks",
  month: "mon mons month months",
  quarter: "qtr quarter",
  year: "y yr yrs year years",
  decade: "dec decs decade decades",
  century: "c cent century centuries",
  millennium: "mil mils millennia millennium",
}
const FIELD_WORDS: Readonly<Record<string, string>> = {
  ...UNIT_WORDS,
  dow: "dow",
  isodow: "isodow",
  doy: "doy",
  isoyear: "isoyear",
  epoch: "epoch",
  julian: "julian",
  timezone: "timezone",
  timezone_hour: "timezone_h timezone_hour",
  timezone_minute: "timezone_m timezone_minute",
}

const byWord = (words: Readonly<Record<string, string>>) =>
  new Map(Object.entries(words).flatMap(([unit, names]) => names.split(" ").map((name) => [name, unit])))
const UNITS = byWord(UNIT_WORDS)
const FIELDS = byWord(FIELD_WORDS)

/** The unit's own name for any spelling PostgreSQL takes; undefined for others. */
export const truncationUnit = (word: string): string | undefined => UNITS.get(word.toLowerCase())
export const timeField = (word: string): string | undefined => FIELDS.get(word.toLowerCase())

/** Units that are so many microseconds, in every year. */
export const FIXED_UNITS: ReadonlyMap<string, bigint> = new Map([
  ["microseconds", 1n],
  ["milliseconds", 1000n],
  ["second", MICROS_PER_SECOND],
  ["minute", MINUTE_US],
  ["hour", HOUR_US],
  ["day", MICROS_PER_DAY],
])

export function truncateTimestamp(word: string, micros: bigint): bigint {
  const unit = truncationUnit(word)
  if (unit === undefined) return raise("invalid-argument", 0n)
  return truncateTo(unit, micros)
}

/** `unit` is one of UNIT_WORDS' names. */
export function truncateTo(unit: string, micros: bigint): bigint {
  const fixed = FIXED_UNITS.get(unit)
  if (fixed !== undefined) {
    const rest = micros % fixed
    return micros - (rest < 0n ? rest + fixed : rest)
  }
  const days = daysFromMicros(micros)
  const start =
    BigInt(unit === "week" ? days - (isoDayOfWeek(days) - 1) : periodStart(unit, days)) * MICROS_PER_DAY
  return timestampInRange(start) ? start : raise("timestamp-out-of-range", 0n)
}

function periodStart(unit: string, days: number): number {
  const { year, month } = civilFromDays(days)
  switch (unit) {
    case "month":
      return daysFromCivil(year, month, 1)
    case "quarter":
      return daysFromCivil(year, month - ((month - 1) % 3), 1)
    case "year":
      return daysFromCivil(year, 1, 1)
    case "decade":
      return daysFromCivil(Math.floor(year / 10) * 10, 1, 1)
    case "century":
      return daysFromCivil(Math.floor((year - 1) / 100) * 100 + 1, 1, 1)
    default:
      return daysFromCivil(Math.floor((year - 1) / 1000) * 1000 + 1, 1, 1)
  }
}

/** Monday is 1, Sunday 7. */
function isoDayOfWeek(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1
}

/** The week that holds the year's first Thursday is week 1; a week belongs to its Thursday's year. */
function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days - isoDayOfWeek(days) + 4
  const { year } = civilFromDays(thursday)
  return { year, week: Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1 }
}

const MICRO = 1_000_000n
const whole = (value: number) => BigInt(value) * MICRO
/** There is no year 0: 1 BC is -1. */
const writtenYear = (year: number) => (year > 0 ? year : year - 1)
const awayFromZero = (year: number, span: number) =>
  year > 0 ? Math.floor((year + span - 1) / span) : -Math.floor((span - 1 - (year - 1)) / span)

/** `field` is one of FIELD_WORDS' names, but not julian. */
export function timestampField(field: string, micros: bigint): bigint {
  const time = timeOfDay(micros)
  switch (field) {
    case "epoch":
      return micros
    case "microseconds":
      return (time % MINUTE_US) * MICRO
    case "milliseconds":
      return (time % MINUTE_US) * 1000n
    case "second":
      return time % MINUTE_US
    case "minute":
      return ((time / MINUTE_US) % 60n) * MICRO
    case "hour":
      return (time / HOUR_US) * MICRO
    case "timezone":
    case "timezone_hour":
    case "timezone_minute":
      return 0n
    default:
      return whole(dateField(field, daysFromMicros(micros)))
  }
}

function dateField(field: string, days: number): number {
  const { year, month, day } = civilFromDays(days)
  switch (field) {
    case "day":
      return day
    case "month":
      return month
    case "quarter":
      return Math.floor((month - 1) / 3) + 1
    case "year":
      return writtenYear(year)
    case "decade":
      return Math.floor(year / 10)
    case "century":
      return awayFromZero(year, 100)
    case "millennium":
      return awayFromZero(year, 1000)
    case "week":
      return isoWeek(days).week
    case "isoyear":
      return writtenYear(isoWeek(days).year)
    case "dow":
      return isoDayOfWeek(days) % 7
    case "isodow":
      return isoDayOfWeek(days)
    default:
      return days - daysFromCivil(year, 1, 1) + 1
  }
}

const OF_DATE = new Set(
  "day month quarter year decade century millennium week isoyear dow isodow doy epoch".split(" "),
)

/** extract() from a date has no fields of time. */
export function dayField(field: string, days: number): bigint {
  if (!OF_DATE.has(field)) return raise("invalid-argument", 0n)
  return field === "epoch" ? BigInt(days) * MICROS_PER_DAY : whole(dateField(field, days))
}

export function intervalField(field: string, { months, days, micros }: Interval): bigint {
  switch (field) {
    case "microseconds":
      return (micros % MINUTE_US) * MICRO
    case "milliseconds":
      return (micros % MINUTE_US) * 1000n
    case "second":
      return micros % MINUTE_US
    case "minute":
      return ((micros / MINUTE_US) % 60n) * MICRO
    case "hour":
      return (micros / HOUR_US) * MICRO
    case "day":
      return whole(days)
    case "week":
      return whole(Math.trunc(days / 7))
    case "month":
      return whole(months % 12)
    case "quarter":
      return whole(months >= 0 ? Math.floor((months % 12) / 3) + 1 : -(Math.floor((-months % 12) / 3) + 1))
    case "year":
      return whole(Math.trunc(months / 12))
    case "decade":
      return whole(Math.trunc(months / 120))
    case "century":
      return whole(Math.trunc(months / 1200))
    case "millennium":
      return whole(Math.trunc(months / 12_000))
    case "epoch":
      return intervalEpoch(months, days, micros)
    default:
      return raise("invalid-argument", 0n)
  }
}

/** A field as date_part computes it in floating point: seconds and their fraction are added up. */
export function timestampPart(field: string, micros: bigint): number {
  return secondsPart(field, timeOfDay(micros)) ?? Number(timestampField(field, micros)) / 1e6
}

export function intervalPart(field: string, value: Interval): number {
  if (field !== "epoch") return secondsPart(field, value.micros) ?? Number(intervalField(field, value)) / 1e6
  const { months, days, micros } = value
  const years = Math.trunc(months / 12) * (365.25 * SECONDS_PER_DAY)
  return Number(micros) / 1e6 + years + (months % 12) * (30 * SECONDS_PER_DAY) + days * SECONDS_PER_DAY
}

/** `micros`: of the day or of the interval. */
function secondsPart(field: string, micros: bigint): number | null {
  if (field !== "second" && field !== "milliseconds") return null
  const ofMinute = Number(micros % MINUTE_US)
  const second = Math.trunc(ofMinute / 1e6)
  const fraction = ofMinute - second * 1e6
  return field === "second" ? second + fraction / 1e6 : second * 1000 + fraction / 1000
}

/** A year counts 365.25 days, a month 30. */
function intervalEpoch(months: number, days: number, micros: bigint): bigint {
  const quarterDays = 1461 * Math.trunc(months / 12) + 120 * (months % 12) + 4 * days
  return (BigInt(quarterDays) * MICROS_PER_DAY) / 4n + micros
}

const MONTHS_OF: ReadonlyMap<string, number> = new Map([
  ["millennium", 12_000],
  ["century", 1200],
  ["decade", 120],
  ["year", 12],
  ["quarter", 3],
  ["month", 1],
])

export function truncateInterval(word: string, value: Interval): Interval {
  const unit = truncationUnit(word)
  if (unit === undefined || unit === "week") return raise("invalid-argument", ZERO_INTERVAL)
  const months = MONTHS_OF.get(unit)
  if (months !== undefined) return interval(value.months - (value.months % months), 0, 0n)
  const fixed = FIXED_UNITS.get(unit)!
  if (unit === "day") return interval(value.months, value.days, 0n)
  return interval(value.months, value.days, value.micros - (value.micros % fixed))
}

/** Days since 4714-11-24 BC, with the fraction of the day in 10^-20. */
export function julian(micros: bigint, places: bigint): bigint {
  const whole = BigInt(daysFromMicros(micros) + 2_440_588) * places
  return whole + (timeOfDay(micros) * places * 2n + MICROS_PER_DAY) / (MICROS_PER_DAY * 2n)
}
