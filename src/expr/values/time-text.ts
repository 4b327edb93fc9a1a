/**
 * Timestamps and dates as text. Output is PostgreSQL's (DateStyle ISO, TimeZone UTC). Input takes the ISO
 * 8601 forms that PostgreSQL takes: years of three digits or more, basic or extended, with or without time,
 * zone and BC. A time without a zone is UTC. Other spellings (month names, infinity, today) fail.
 */
import { civilFromDays, daysFromCivil, daysFromMicros, MICROS_PER_DAY } from "../../std/calendar.ts"
import { raise } from "./failure-register.ts"
import { roundHalfEven } from "./rounding.ts"
import { dateInRange, isCivilDate, timestampInRange } from "./time-range.ts"

const DATE = String.raw`(?:(\d{3,7})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2}))`
const TIME = String.raw`(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?`
const ZONE = String.raw`(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2}(?::\d{2})?)?)`
const SHAPE = new RegExp(
  String.raw`^\s*${DATE}(?:(?:\s*T|\s+)${TIME})?(?:\s*${ZONE})?(?:\s*(BC|AD))?\s*$`,
  "i",
)
const EPOCH = /^\s*epoch\s*$/i

interface Parsed {
  readonly days: number
  /** Microseconds since midnight UTC of `days`; may be outside one day. */
  readonly micros: bigint
}

/** null: not a timestamp. "range": shaped like one, but there is no such day or time. */
function parse(text: string): Parsed | "range" | null {
  const m = SHAPE.exec(text)
  if (m === null) return EPOCH.test(text) ? { days: 0, micros: 0n } : null
  const field = (...positions: number[]) => Number(positions.map((p) => m[p]).find((part) => part) ?? 0)
  const bc = m[12]?.toUpperCase() === "BC"
  const written = field(1, 4)
  if (written === 0) return "range"
  const year = bc ? 1 - written : written
  const [month, day] = [field(2, 5), field(3, 6)]
  const [hour, minute, second] = [field(7), field(8), field(9)]
  const fraction = m[10] ? BigInt(roundHalfEven(Number(`0.${m[10]}`) * 1e6)) : 0n
  if (!isCivilDate(year, month, day)) return "range"
  const clock = BigInt(hour * 3600 + minute * 60 + second) * 1_000_000n + fraction
  if (minute > 59 || second > 60 || clock > MICROS_PER_DAY) return "range"
  const offset = zoneSeconds(m[11])
  if (offset === null) return "range"
  return { days: daysFromCivil(year, month, day), micros: clock - BigInt(offset) * 1_000_000n }
}

/** PostgreSQL's limit on zone displacements: less than 16 hours. */
const MAX_ZONE_HOURS = 15

function zoneSeconds(zone: string | undefined): number | null {
  const match = /^([+-])(\d{1,2}):?(\d{2})?(?::(\d{2}))?$/.exec(zone ?? "")
  if (match === null) return 0
  const [hours, minutes, seconds] = [Number(match[2]), Number(match[3] ?? 0), Number(match[4] ?? 0)]
  if (hours > MAX_ZONE_HOURS || minutes > 59 || seconds > 59) return null
  const total = hours * 3600 + minutes * 60 + seconds
  return match[1] === "-" ? -total : total
}

export function parseTimestamp(text: string): bigint {
  const parsed = parse(text)
  if (parsed === null) return raise("invalid-cast", 0n)
  if (parsed === "range") return raise("timestamp-out-of-range", 0n)
  const micros = BigInt(parsed.days) * MICROS_PER_DAY + parsed.micros
  return timestampInRange(micros) ? micros : raise("timestamp-out-of-range", 0n)
}

/** A time and a zone after the date are read and left out, as PostgreSQL does. */
export function parseDate(text: string): number {
  const parsed = parse(text)
  if (parsed === null) return raise("invalid-cast", 0)
  if (parsed === "range") return raise("timestamp-out-of-range", 0)
  return dateInRange(parsed.days) ? parsed.days : raise("timestamp-out-of-range", 0)
}

export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days)
  const written = year > 0 ? year : 1 - year
  const text = `${String(written).padStart(4, "0")}-${two(month)}-${two(day)}`
  return year > 0 ? text : `${text} BC`
}

/** A time that some clock shows has no zone. */
export const formatLocalTimestamp = (micros: bigint): string => formatTimestamp(micros).replace("+00", "")

/** `2024-02-29 12:00:00.5+00`, BC years at the end, as PostgreSQL prints timestamptz in UTC. */
export function formatTimestamp(micros: bigint): string {
  const days = daysFromMicros(micros)
  if (days !== lastDay.days) lastDay = writtenDay(days)
  return `${lastDay.date} ${clockOf(Number(micros - lastDay.startUs))}+00${lastDay.era}`
}

/** Neighbouring rows are mostly of one day. */
let lastDay = writtenDay(0)

function writtenDay(days: number) {
  const { year, month, day } = civilFromDays(days)
  const written = String(year > 0 ? year : 1 - year).padStart(4, "0")
  const date = `${written}-${two(month)}-${two(day)}`
  return { days, startUs: BigInt(days) * MICROS_PER_DAY, date, era: year > 0 ? "" : " BC" }
}

/** `hh:mm:ss[.ffffff]` of a non-negative number of microseconds; hours may pass 24. */
export function formatClock(micros: bigint): string {
  // Exact: even intervals stay below 2^63 us, whose seconds are far below 2^53.
  return written(Number(micros / 1_000_000n), Number(micros % 1_000_000n))
}

/** The same of microseconds that a double holds exactly. */
function clockOf(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000)
  return written(seconds, micros - seconds * 1_000_000)
}

function written(seconds: number, micros: number): string {
  const minutes = Math.floor(seconds / 60)
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`
  return micros === 0 ? clock : `${clock}.${fractionOf(micros)}`
}

/** Six digits without the zeros at their end. */
function fractionOf(micros: number): string {
  const isMillis = micros % 1_000 === 0
  const digits = isMillis ? String(micros / 1_000).padStart(3, "0") : String(micros).padStart(6, "0")
  return digits.replace(/0+$/, "")
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
