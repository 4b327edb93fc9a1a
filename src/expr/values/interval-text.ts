/**
 * Intervals as text: PostgreSQL's DecodeInterval and EncodeInterval (src/backend/utils/adt/datetime.c) with
 * IntervalStyle postgres. Input: quantities with units, clock times, years-months, `ago`, and ISO 8601's P form.
 */
import type { Interval } from "../../columns/types.ts"
import { raise } from "./failure-register.ts"
import { interval, ZERO_INTERVAL } from "./interval.ts"
import { formatClock } from "./time-text.ts"

type Unit = "us" | "ms" | "s" | "min" | "h" | "d" | "w" | "mon" | "y" | "decade" | "century" | "millennium"

const UNIT_NAMES: readonly (readonly [Unit, string])[] = [
  ["us", "us usec usecs usecond useconds microsecond microseconds microsecon"],
  ["ms", "ms msec msecs mseconds millisecond milliseconds millisecon"],
  ["s", "s sec secs second seconds"],
  ["min", "m min mins minute minutes"],
  ["h", "h hr hrs hour hours"],
  ["d", "d day days"],
  ["w", "w week weeks"],
  ["mon", "mon mons month months"],
  ["y", "y yr yrs year years"],
  ["decade", "dec decs decade decades"],
  ["century", "c cent century centuries"],
  ["millennium", "mil mils millennia millennium"],
]
const UNITS = new Map(
  UNIT_NAMES.flatMap(([unit, names]) => names.split(" ").map((name) => [name, unit] as const)),
)

const MICROS: Readonly<Partial<Record<Unit, number>>> = { us: 1, ms: 1e3, s: 1e6, min: 6e7, h: 3.6e9 }
const DAYS: Readonly<Partial<Record<Unit, number>>> = { d: 1, w: 7 }
const MONTHS: Readonly<Partial<Record<Unit, number>>> = {
  mon: 1,
  y: 12,
  decade: 120,
  century: 1200,
  millennium: 12_000,
}

const TOKEN =
  /\s*(?:([+-]?\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?(?![\d:])|([+-]?\d+)-(\d+)(?![\d-])|([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z]+)?)/iy

interface Sum {
  months: number
  days: number
  micros: bigint
  readonly seen: Set<string>
}

/** Text in a form PostgreSQL reads as an interval; raises invalid-cast or timestamp-out-of-range. */
export function parseInterval(text: string): Interval {
  const invalid = () => raise("invalid-cast", ZERO_INTERVAL)
  let body = text.trim()
  if (/^P/i.test(body)) return parseIso(body)
  body = body.replace(/^@\s*/, "")
  const ago = /\s*\bago$/i.exec(body)
  if (ago !== null) body = body.slice(0, ago.index)
  if (body === "") return invalid()
  const sum: Sum = { months: 0, days: 0, micros: 0n, seen: new Set() }
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < body.length) {
    const match = TOKEN.exec(body)
    if (match === null || !addToken(sum, match, TOKEN.lastIndex >= body.length)) return invalid()
  }
  const sign = ago === null ? 1 : -1
  return interval(sign * sum.months, sign * sum.days, BigInt(sign) * sum.micros)
}

function addToken(sum: Sum, match: RegExpExecArray, last: boolean): boolean {
  const [, hours, minutes, seconds, years, months, quantity, name] = match
  if (hours !== undefined) {
    if (Number(minutes) > 59 || Number(seconds ?? 0) >= 61) return false
    const sign = hours.startsWith("-") ? -1n : 1n
    const whole = BigInt(Math.abs(Number(hours))) * 3_600_000_000n + BigInt(minutes!) * 60_000_000n
    sum.micros += sign * (whole + BigInt(Math.round(Number(seconds ?? 0) * 1e6)))
    return once(sum, "h", "min", "s")
  }
  if (years !== undefined) {
    const sign = years.startsWith("-") ? -1 : 1
    if (Number(months) > 11) return false
    sum.months += Number(years) * 12 + sign * Number(months)
    return once(sum, "y", "mon")
  }
  const unit = name === undefined ? (last ? "s" : undefined) : UNITS.get(name.toLowerCase())
  if (unit === undefined) return false
  return addQuantity(sum, quantity!, unit) && once(sum, unit)
}

function once(sum: Sum, ...units: string[]): boolean {
  const fresh = units.every((unit) => !sum.seen.has(unit))
  for (const unit of units) sum.seen.add(unit)
  return fresh
}

/** Fractions go to the next smaller part: half a month is 15 days, half a day 12 hours. */
function addQuantity(sum: Sum, text: string, unit: Unit): boolean {
  const value = Number(text)
  if (!Number.isFinite(value)) return false
  const whole = Math.trunc(value)
  const fraction = Number.isSafeInteger(value) ? 0 : value - whole
  const micros = MICROS[unit]
  if (micros !== undefined) {
    const exact = /^[+-]?\d+/.exec(text)?.[0] ?? "0"
    sum.micros += (text.includes("e") ? BigInt(whole) : BigInt(exact)) * BigInt(micros)
    sum.micros += BigInt(roundEven(fraction * micros))
    return true
  }
  const days = DAYS[unit]
  if (days !== undefined) {
    sum.days += whole * days
    addDays(sum, fraction * days)
    return true
  }
  const months = MONTHS[unit]!
  sum.months += whole * months
  if (unit === "mon") addDays(sum, fraction * 30)
  else sum.months += roundEven(fraction * months)
  return true
}

function addDays(sum: Sum, days: number): void {
  const whole = Math.trunc(days)
  sum.days += whole
  sum.micros += BigInt(roundEven((days - whole) * 86_400e6))
}

function roundEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

const ISO =
  /^P(?:([+-]?[\d.]+)Y)?(?:([+-]?[\d.]+)M)?(?:([+-]?[\d.]+)W)?(?:([+-]?[\d.]+)D)?(?:T(?:([+-]?[\d.]+)H)?(?:([+-]?[\d.]+)M)?(?:([+-]?[\d.]+)S)?)?$/i
const ISO_UNITS: readonly Unit[] = ["y", "mon", "w", "d", "h", "min", "s"]

function parseIso(text: string): Interval {
  const match = ISO.exec(text)
  const sum: Sum = { months: 0, days: 0, micros: 0n, seen: new Set() }
  const parts = match?.slice(1) ?? []
  if (parts.every((part) => part === undefined)) return raise("invalid-cast", ZERO_INTERVAL)
  for (const [index, part] of parts.entries()) {
    if (part === undefined) continue
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(part)) return raise("invalid-cast", ZERO_INTERVAL)
    addQuantity(sum, part, ISO_UNITS[index]!)
  }
  return interval(sum.months, sum.days, sum.micros)
}

/** `1 year 2 mons -3 days +04:05:06.5`; a part takes a plus when the part before it was negative. */
export function formatInterval(value: Interval): string {
  const parts: string[] = []
  let negativeBefore = false
  const part = (quantity: number, unit: string) => {
    if (quantity === 0) return
    const plus = negativeBefore && quantity > 0 ? "+" : ""
    parts.push(`${plus}${quantity} ${unit}${quantity === 1 ? "" : "s"}`)
    negativeBefore = quantity < 0
  }
  part(Math.trunc(value.months / 12), "year")
  part(value.months % 12, "mon")
  part(value.days, "day")
  if (value.micros !== 0n || parts.length === 0) {
    const sign = value.micros < 0n ? "-" : negativeBefore ? "+" : ""
    parts.push(`${sign}${formatClock(value.micros < 0n ? -value.micros : value.micros)}`)
  }
  return parts.join(" ")
}
