/** Timestamps, dates and intervals. Constant units and spans are settled when code is written. */
import type { Interval } from "../../columns/types.ts"
import { daysFromMicros, MICROS_PER_DAY } from "../../std/calendar.ts"
import type { Kernel, KernelContext } from "../compile/kernel.ts"
import { branch, inline, runtime } from "../compile/kernel.ts"
import { rescale } from "../decimal.ts"
import { shapeOf } from "../decimal-types.ts"
import { raise, register } from "../values/failure-register.ts"
import { addToTimestamp, subtractFromTimestamp, timestampOfDate } from "../values/time-arithmetic.ts"
import {
  dayField,
  FIXED_UNITS,
  intervalField,
  intervalPart,
  julian,
  timeField,
  timestampField,
  timestampPart,
  truncateTimestamp,
  truncationUnit,
} from "../values/time-fields.ts"
import { MIN_TIMESTAMP, timeOfDay } from "../values/time-range.ts"

const OUT_OF_RANGE = "timestamp-out-of-range"
const INVALID = "invalid-argument"

/** `micros + sign * span`: a constant span without months is one checked addition. */
function shifted(k: KernelContext, micros: string, span: string, constant: unknown, sign: 1n | -1n): string {
  const general = () =>
    k.run(sign === 1n ? addToTimestamp : subtractFromTimestamp, [micros, span], [OUT_OF_RANGE])
  const parts = constant as Interval | undefined
  if (parts === undefined || parts === null || parts.months !== 0) return general()
  const opposed = parts.days !== 0 && parts.micros !== 0n && parts.days < 0 !== parts.micros < 0n
  const shift = sign * (BigInt(parts.days) * MICROS_PER_DAY + parts.micros)
  if (opposed || shift !== BigInt.asIntN(64, shift)) return general()
  const by = k.int64(shift)
  const t = k.local("t")
  k.emit(`const ${t} = BigInt.asIntN(64, ${micros} + ${by});`)
  const wrapped = shift >= 0n ? `${t} < ${micros}` : `${t} > ${micros}`
  k.failIf(`${wrapped} || ${t} < ${k.int64(MIN_TIMESTAMP)}`, OUT_OF_RANGE)
  return t
}

export const addInterval = branch((k, [a = "", b = ""], { literals }) => shifted(k, a, b, literals[1], 1n))
export const addIntervalFirst = branch((k, [a = "", b = ""], { literals }) =>
  shifted(k, b, a, literals[0], 1n),
)
export const subtractInterval = branch((k, [a = "", b = ""], { literals }) =>
  shifted(k, a, b, literals[1], -1n),
)

/** Units of fixed length are a remainder; the others go through the calendar. */
export const dateTrunc: Kernel = branch((k, [unit = "", micros = ""], { literals }) => {
  const literal = literals[0]
  const width = typeof literal === "string" ? FIXED_UNITS.get(truncationUnit(literal) ?? "") : undefined
  if (width === undefined) return k.run(truncateTimestamp, [unit, micros], [INVALID, OUT_OF_RANGE])
  const rest = k.local("t")
  const one = k.int64(width)
  k.emit(`const ${rest} = BigInt.asIntN(64, ${micros} % ${one});`)
  return `BigInt.asIntN(64, ${micros} - ${rest} - (${rest} < 0n ? ${one} : 0n))`
})

const MICROS_SCALE = 6
/** PostgreSQL divides the time of day by a day to this many places. */
const JULIAN_SCALE = 20

type FieldOf = (field: string, value: never) => bigint

/** extract(): the field in millionths, at the result's scale. */
export function extractFrom(fieldOf: FieldOf, kind: "timestamp" | "date" | "interval"): Kernel {
  const run = (word: string, value: never, scale: number): bigint => {
    const field = timeField(word)
    if (field === undefined) return raise(INVALID, 0n)
    if (field === "julian") return julianAs(kind, value, scale)
    return rescale(fieldOf(field, value), MICROS_SCALE, scale)
  }
  return branch((k, [word = "", value = ""], { type }) =>
    k.run(run, [word, value, String(shapeOf(type).scale)], [INVALID]),
  )
}

function julianAs(kind: string, value: bigint | number, scale: number): bigint {
  if (kind === "interval") return raise(INVALID, 0n)
  const micros = typeof value === "number" ? BigInt(value) * MICROS_PER_DAY : value
  return rescale(julian(micros, 10n ** BigInt(JULIAN_SCALE)), JULIAN_SCALE, scale)
}

export const extractTimestamp = extractFrom(timestampField, "timestamp")
export const extractDate = extractFrom(dayField, "date")
export const extractInterval = extractFrom(intervalField, "interval")

/** date_part(): the same fields as floating point. */
function floatField(partOf: (field: string, value: never) => number, kind: "timestamp" | "interval"): Kernel {
  const run = (word: string, value: never): number => {
    const field = timeField(word)
    if (field === undefined || (field === "julian" && kind === "interval")) return raise(INVALID, 0)
    return field === "julian" ? julianDays(value) : partOf(field, value)
  }
  return runtime(run, INVALID)
}

function julianDays(micros: bigint): number {
  return daysFromMicros(micros) + 2_440_588 + Number(timeOfDay(micros)) / 1e6 / 86_400
}

export const partOfTimestamp = floatField(timestampPart, "timestamp")
export const partOfInterval = floatField(intervalPart, "interval")
/** A date has all fields of its midnight. */
export const partOfDate = runtime(
  (word: string, days: number) => {
    const micros = timestampOfDate(days)
    const field = timeField(word)
    if (register.failure !== 0) return 0
    if (field === undefined || field.startsWith("timezone")) return raise(INVALID, 0)
    return field === "julian" ? julianDays(micros) : timestampPart(field, micros)
  },
  INVALID,
  OUT_OF_RANGE,
)

export const subtractDates = inline((_, [a = "0", b = "0"]) => `((${a} - ${b}) | 0)`)
