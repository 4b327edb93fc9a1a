/**
 * Dates and instants as text. Written: `2024-02-29`, `2024-02-29T12:00:00Z`, with `.500` when there are whole
 * milliseconds and `.500001` when there are microseconds. Years outside 0000-9999 get a sign and at least six
 * digits, as JavaScript writes them. Read: RFC 3339, years 0001 to 9999, any offset, no leap seconds (they
 * have no instant of their own), fractions cut to microseconds.
 */
import type { CivilDate } from "./calendar.ts"
import { civilFromDays, civilFromMicros, daysFromCivil, daysInMonth, microsFromCivil } from "./calendar.ts"

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** First and last instant that can be written with four digits of year, 0001 to 9999, in UTC. */
export const MIN_TEXT_MICROS = microsFromCivil({
  ...{ year: 1, month: 1, day: 1 },
  ...{ hour: 0, minute: 0, second: 0, micros: 0 },
})
export const MAX_TEXT_MICROS = microsFromCivil({
  ...{ year: 9999, month: 12, day: 31 },
  ...{ hour: 23, minute: 59, second: 59, micros: 999_999 },
})

/** Days since 1970-01-01 of `YYYY-MM-DD`; null when it is not such a text or there is no such day. */
export function parseDate(text: string): number | null {
  const match = DATE.exec(text)
  if (match === null) return null
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return isDay(year, month, day) ? daysFromCivil(year, month, day) : null
}

/** Microseconds since 1970; null when it is not RFC 3339 or the instant is outside the years 0001 to 9999. */
export function parseTimestamp(text: string): bigint | null {
  const match = TIMESTAMP.exec(text)
  if (match === null) return null
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6])]
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (!isDay(year, month, day) || hour > 23 || minute > 59 || second > 59) return null
  if (offsetHour > 23 || offsetMinute > 59) return null
  const offset = (match[8] === "-" ? -1 : 1) * (offsetHour * 60 + offsetMinute)
  const micros = Number((match[7] ?? "").slice(0, 6).padEnd(6, "0"))
  const instant = microsFromCivil({ year, month, day, hour, minute: minute - offset, second, micros })
  return instant < MIN_TEXT_MICROS || instant > MAX_TEXT_MICROS ? null : instant
}

export function formatDate(days: number): string {
  return formatCivil(civilFromDays(days))
}

export function formatTimestamp(micros: bigint): string {
  const time = civilFromMicros(micros)
  const clock = `${pad(time.hour, 2)}:${pad(time.minute, 2)}:${pad(time.second, 2)}`
  return `${formatCivil(time)}T${clock}${formatFraction(time.micros)}Z`
}

function formatFraction(micros: number): string {
  if (micros === 0) return ""
  return micros % 1000 === 0 ? `.${pad(micros / 1000, 3)}` : `.${pad(micros, 6)}`
}

function formatCivil({ year, month, day }: CivilDate): string {
  const plain = year >= 0 && year <= 9999
  const yearText = plain ? pad(year, 4) : `${year < 0 ? "-" : "+"}${pad(Math.abs(year), 6)}`
  return `${yearText}-${pad(month, 2)}-${pad(day, 2)}`
}

function isDay(year: number, month: number, day: number): boolean {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0")
}
