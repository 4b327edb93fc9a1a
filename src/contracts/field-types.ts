/**
 * Field types that zod does not have, as zod schemas that also work alone: `int64().min(0n)`, `decimal(9,
 * 2)`. Each carries its meaning in its definition under a symbol, which survives zod's clones (`.refine`,
 * `.meta`) and two copies of zod in one project; field-mapping.ts reads it. None of them changes what is
 * stored.
 */
import { z } from "zod"
import { MAX_PRECISION } from "../columns/types.ts"
import { MAX_TEXT_MICROS, MIN_TEXT_MICROS, parseDate, parseTimestamp } from "../std/calendar-text.ts"
import { PlatformError } from "../std/errors.ts"
import { formatUnscaled, parseInt64, parseScaledFloor, parseUnscaled } from "../std/exact-number.ts"

export type EpochUnit = "s" | "ms" | "us"

/** What a schema made here means. */
export type FieldTag =
  | { readonly kind: "int64" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "timestamp" }
  | { readonly kind: "epoch"; readonly unit: EpochUnit }
  | { readonly kind: "date" }
  | { readonly kind: "json" }

const TAG = Symbol.for("millrace.fieldTag")
/** Checks that a schema made here brings along itself; the decoder does them in its own way. */
const OWN_CHECKS = Symbol.for("millrace.ownChecks")

/** A JSON value, as `json()` fields carry it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

export type ZodInt64 = z.ZodCoercedBigInt<number | string | bigint>

/** A whole number of 32 bits. */
export function int32(): z.ZodInt32 {
  return z.int32()
}

/**
 * A whole number of 64 bits, exact: a JSON number, or a JSON string for producers whose numbers are doubles.
 * @example z.object({ id: int64().min(1n) })
 */
export function int64(): ZodInt64 {
  return tag(new Int64Schema({ type: "bigint" }), { kind: "int64" }) as unknown as ZodInt64
}

/** A JSON number as a 64-bit float. */
export function float64(): z.ZodNumber {
  return z.number()
}

/**
 * An exact decimal with up to `precision` digits, `scale` of them behind the point: a JSON number or string.
 * Its row type is the text with all its fraction digits, such as "12.50".
 * @throws PlatformError invalid-decimal unless 1 <= precision <= 38 and 0 <= scale <= precision.
 */
export function decimal(precision: number, scale: number): z.ZodType<string, string | number> {
  const whole = Number.isInteger(precision) && Number.isInteger(scale)
  if (!whole || precision < 1 || precision > MAX_PRECISION || scale < 0 || scale > precision) {
    throw new PlatformError({
      code: "invalid-decimal",
      domain: "user",
      message:
        `decimal(${precision}, ${scale}) is not a type: precision goes from 1 to ${MAX_PRECISION}, ` +
        "scale from 0 to precision",
    })
  }
  const schema = new DecimalSchema({ type: "string" })
  return tag(schema, { kind: "decimal", precision, scale }) as unknown as z.ZodType<string, string | number>
}

/**
 * An instant: RFC 3339 text with any offset, or a number of seconds, milliseconds or microseconds since 1970.
 */
export function timestamp(): z.ZodType<string, string>
export function timestamp(options: { readonly unit: EpochUnit }): z.ZodType<number, number>
export function timestamp(options?: {
  readonly unit: EpochUnit
}): z.ZodType<string, string> | z.ZodType<number, number> {
  if (options === undefined) {
    return tag(z.string().refine(isTimestampText, "must be RFC 3339, such as 2024-05-01T12:00:00Z"), {
      kind: "timestamp",
    })
  }
  const { unit } = options
  return tag(
    z.number().refine((value) => isEpoch(String(value), unit), "must be an instant in the years 1 to 9999"),
    { kind: "epoch", unit },
  )
}

/** A calendar day, YYYY-MM-DD. */
export function date(): z.ZodString {
  return tag(
    z.string().refine((text) => parseDate(text) !== null, "must be a date, such as 2024-05-01"),
    { kind: "date" },
  )
}

/** Bytes, sent as base64. */
export function bytes(): z.ZodBase64 {
  return z.base64()
}

/** Any JSON value but null, kept as its text. */
export function json(): z.ZodType<JsonValue, JsonValue> {
  return tag(
    z.custom<JsonValue>(
      (value) => value !== undefined && value !== null,
      "must be a JSON value other than null",
    ),
    { kind: "json" },
  ) as z.ZodType<JsonValue, JsonValue>
}

/** The tag of a schema made here, and how many of its first checks are its own. */
export function readTag(schema: z.core.$ZodType): { tag: FieldTag; ownChecks: number } | null {
  const definition = schema._zod.def as { [TAG]?: FieldTag; [OWN_CHECKS]?: number }
  const found = definition[TAG]
  return found === undefined ? null : { tag: found, ownChecks: definition[OWN_CHECKS] ?? 0 }
}

const MICROS_DIGITS: Readonly<Record<EpochUnit, number>> = { s: 6, ms: 3, us: 0 }

/** Microseconds of an epoch number given as its JSON text; null when it is not within the years 1 to 9999. */
export function epochMicros(text: string, unit: EpochUnit): bigint | null {
  const micros = parseScaledFloor(text, MICROS_DIGITS[unit])
  return micros === null || micros < MIN_TEXT_MICROS || micros > MAX_TEXT_MICROS ? null : micros
}

/** More fraction digits than RFC 3339 clocks have are a sign of something else. */
export const MAX_FRACTION_DIGITS = 9

function isTimestampText(text: string): boolean {
  return text.length <= 26 + MAX_FRACTION_DIGITS && !/\.\d{10}/.test(text) && parseTimestamp(text) !== null
}

function isEpoch(text: string, unit: EpochUnit): boolean {
  return epochMicros(text, unit) !== null
}

function tag<S extends z.core.$ZodType>(schema: S, fieldTag: FieldTag): S {
  const ownChecks = schema._zod.def.checks?.length ?? 0
  Object.assign(schema._zod.def, { [TAG]: fieldTag, [OWN_CHECKS]: ownChecks })
  return schema
}

/** z.bigint() that also takes whole JSON numbers and strings. */
const Int64Schema = z.core.$constructor<z.ZodBigInt>("MillraceInt64", (instance, definition) => {
  z.ZodBigInt.init(instance, definition)
  const parseBigInt = instance._zod.parse
  instance._zod.parse = (payload, context) => {
    const given = payload.value as unknown
    if (typeof given === "bigint" || typeof given === "number" || typeof given === "string") {
      const value = parseInt64(String(given))
      if (typeof value === "bigint") {
        payload.value = value
      } else {
        const message = "must be a whole number of 64 bits"
        payload.issues.push({ code: "custom", input: given, inst: instance, message })
        return payload
      }
    }
    return parseBigInt(payload, context)
  }
})

/** A string schema that takes numbers too and yields the decimal's own spelling. */
const DecimalSchema = z.core.$constructor<z.ZodString>("MillraceDecimal", (instance, definition) => {
  z.ZodString.init(instance, definition)
  instance._zod.parse = (payload) => {
    const given = payload.value as unknown
    const own = readTag(instance)?.tag
    if (own?.kind === "decimal" && (typeof given === "string" || typeof given === "number")) {
      const unscaled = parseUnscaled(String(given), own.precision, own.scale)
      if (typeof unscaled === "bigint") {
        payload.value = formatUnscaled(unscaled, own.scale)
        return payload
      }
    }
    payload.issues.push({
      code: "custom",
      input: given,
      inst: instance,
      message: "must be a decimal number that fits its digits",
    })
    return payload
  }
})
