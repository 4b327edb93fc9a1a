/**
 * Intervals as text: PostgreSQL's DecodeInterval and EncodeInterval (src/backend/utils/adt/datetime.c) with
 * IntervalStyle postgres. Input: quantities with units, clock times, years-months, `ago`, and ISO 8601's P
 * form.
 */
import type { Interval } from "../../columns/types.ts"
import type { Failure } from "../expression.ts"
import { raise } from "./failure-register.ts"
import { interval, ZERO_INTERVAL } from "./interval.ts"
import { roundHalfEven } from "./rounding.ts"
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

/** A clock time, years-months, or a quantity with its unit; a bare number before a clock time counts days. */
const TOKEN = new RegExp(
  String.raw`\s*(?:([+-]?\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?(?=\s|$)` +
    String.raw`|([+-]?\d+)-(\d+)(?=\s|$)` +
    String.raw`|([+-]?(?:\d+\.?\d*|\.\d+))(?:\s*([a-z]+))?(?=(\s+[+-]?\d+:)?)(?=\s|$|[+\d]))`,
  "iy",
)

/** `1h2m3s` is taken, `1day2hours` is not: these words are known to PostgreSQL's reader of dates, too. */
const JOINABLE = new Set(["d", "h", "m", "s", "y", "mon", "dec"])

interface Sum {
  months: number
  days: number
  micros: bigint
  readonly seen: Set<string>
}

/** Text in a form PostgreSQL reads as an interval; raises invalid-cast or timestamp-out-of-range. */
export function parseInterval(text: string): Interval {
  let body = text.trim()
  if (body.startsWith("P")) return parseIso(body)
  body = body.replace(/^@\s*/, "")
  const ago = /\s*\bago$/i.exec(body)
  if (ago !== null) body = body.slice(0, ago.index)
  if (body === "") return raise("invalid-cast", ZERO_INTERVAL)
  const sum: Sum = { months: 0, days: 0, micros: 0n, seen: new Set() }
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < body.length) {
    const match = TOKEN.exec(body)
    const fault = match === null ? "invalid-cast" : addToken(sum, match, TOKEN.lastIndex >= body.length)
    if (fault !== null) return raise(fault, ZERO_INTERVAL)
  }
  const sign = ago === null ? 1 : -1
  return interval(sign * sum.months, sign * sum.days, BigInt(sign) * sum.micros)
}

function addToken(sum: Sum, match: RegExpExecArray, last: boolean): Failure | null {
  const [, hours, minutes, seconds, years, months, quantity, name, clock] = match
  if (hours !== undefined) {
    if (Number(minutes) > 59 || Number(seconds ?? 0) > 60) return "timestamp-out-of-range"
    const sign = hours.startsWith("-") ? -1n : 1n
    const whole = BigInt(hours.replace(/^[+-]/, "")) * 3_600_000_000n + BigInt(minutes!) * 60_000_000n
    sum.micros += sign * (whole + BigInt(roundHalfEven(Number(seconds ?? 0) * 1e6)))
    return once(sum, "h", "min", "s", "ms", "us")
  }
  if (years !== undefined) {
    const sign = years.startsWith("-") ? -1 : 1
    if (Number(months) > 11) return "timestamp-out-of-range"
    sum.months += Number(years) * 12 + sign * Number(months)
    return once(sum, "y", "mon")
  }
  const bare: Unit | undefined = clock !== undefined ? "d" : last ? "s" : undefined
  const joined = /^[+\d]/.test(match.input.slice(match.index + match[0].length))
  if (joined && !JOINABLE.has(name ?? "")) return "invalid-cast"
  const unit = name === undefined ? bare : UNITS.get(name.toLowerCase())
  if (unit === undefined) return "invalid-cast"
  addQuantity(sum, quantity!, unit)
  return once(sum, unit)
}

/** Each unit may come once. */
function once(sum: Sum, ...units: string[]): Failure | null {
  const fresh = units.every((unit) => !sum.seen.has(unit))
  for (const unit of units) sum.seen.add(unit)
  return fresh ? null : "invalid-cast"
}

/** Fractions go to the next smaller part: half a month is 15 days, half a day 12 hours. */
function addQuantity(sum: Sum, text: string, unit: Unit): void {
  const sign = text.startsWith("-") ? -1 : 1
  const [digits = "", places = ""] = text.replace(/^[+-]/, "").split(".")
  const whole = sign * Number(digits)
  const fraction = sign * Number(`0.${places}`)
  const [micros, days, months] = [MICROS[unit], DAYS[unit], MONTHS[unit]]
  if (micros !== undefined) {
    sum.micros += BigInt(sign) * BigInt(digits) * BigInt(micros)
    sum.micros += BigInt(roundHalfDown(fraction * micros))
  } else if (days !== undefined) {
    sum.days += whole * days
    addDays(sum, fraction * days)
  } else if (months !== undefined) {
    sum.months += whole * months
    if (unit === "mon") addDays(sum, fraction * 30)
    else sum.months += roundHalfEven(fraction * months)
  }
}

function addDays(sum: Sum, days: number): void {
  const whole = Math.trunc(days)
  sum.days += whole
  sum.micros += BigInt(roundHalfDown((days - whole) * 86_400e6))
}

/** Halves towards zero, as PostgreSQL rounds the fraction of a quantity. */
function roundHalfDown(value: number): number {
  const whole = Math.trunc(value)
  return Math.abs(value - whole) > 0.5 ? whole + Math.sign(value) : whole
}

const ISO_PART = /(T)|([+-]?(?:\d+\.?\d*|\.\d+))([YMWDHS])/y
const ISO_DATE_UNITS: Readonly<Record<string, Unit>> = { Y: "y", M: "mon", W: "w", D: "d" }
const ISO_TIME_UNITS: Readonly<Record<string, Unit>> = { H: "h", M: "min", S: "s" }

/** `P1Y2M3W4DT5H6M7.8S`, after ISO 8601 with designators. */
function parseIso(text: string): Interval {
  const sum: Sum = { months: 0, days: 0, micros: 0n, seen: new Set() }
  let units = ISO_DATE_UNITS
  ISO_PART.lastIndex = 1
  if (text.length === 1) return raise("invalid-cast", ZERO_INTERVAL)
  while (ISO_PART.lastIndex < text.length) {
    const match = ISO_PART.exec(text)
    if (match === null || (match[1] !== undefined && units === ISO_TIME_UNITS)) {
      return raise("invalid-cast", ZERO_INTERVAL)
    }
    if (match[1] !== undefined) {
      units = ISO_TIME_UNITS
      continue
    }
    const unit = units[match[3]!]
    if (unit === undefined) return raise("invalid-cast", ZERO_INTERVAL)
    addQuantity(sum, match[2]!, unit)
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
