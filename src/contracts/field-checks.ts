/**
 * Number and string schemas to forms and checks. A check that has a kind of its own is done by generated
 * code; every other one becomes a single check of kind "zod", so that nothing a user wrote is left out.
 */
import { z } from "zod"
import { describeSchema } from "./describe-schema.ts"
import { unsupportedField } from "./errors.ts"
import type { Check, Mapped, TimestampDialect, ValueForm } from "./field-rule.ts"

type CheckDefinition = z.core.$ZodChecks["_zod"]["def"]
type Bounds = readonly [minimum: number | bigint, maximum: number | bigint]

/** The schema decides as a whole. */
export function zodCheck(schema: z.core.$ZodType): Check {
  return { kind: "zod", label: describeSchema(schema) }
}

/** One check of kind "zod" when the schema has any checks. */
export function zodChecks(schema: z.core.$ZodType): Check[] {
  return (schema._zod.def.checks?.length ?? 0) === 0 ? [] : [zodCheck(schema)]
}

/** z.number(), z.bigint() and their formats. */
export function mapNumber(schema: z.core.$ZodTypes): Mapped {
  const parts = definitions(schema)
  const form = numberForm(schema, parts)
  const checks = parts.map((part) => numberCheck(part, form))
  return { form, checks: collect(schema, checks) }
}

function numberForm(schema: z.core.$ZodTypes, parts: readonly CheckDefinition[]): ValueForm {
  if (schema._zod.def.type === "bigint") return { kind: "int64", strings: true }
  const formats = parts.map((part) => (part.check === "number_format" ? part.format : null))
  if (formats.includes("int32")) return { kind: "int32" }
  if (formats.includes("safeint") || formats.includes("uint32")) return { kind: "int64", strings: false }
  return { kind: "float64" }
}

const FORMAT_BOUNDS: Readonly<Record<string, Bounds>> = {
  safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint32: [0, 4_294_967_295],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
}

function numberCheck(part: CheckDefinition, form: ValueForm): readonly Check[] | null {
  switch (part.check) {
    case "greater_than":
      return bound("minimum", part)
    case "less_than":
      return bound("maximum", part)
    case "multiple_of": {
      const { value } = part // beyond 2^50 zod's own check on doubles is a tolerant one: left to zod
      if (typeof value === "bigint") return value === 0n ? null : [{ kind: "multiple-of", value }]
      const whole = Number.isSafeInteger(value) && value !== 0
      return whole && form.kind === "int32" ? [{ kind: "multiple-of", value: BigInt(value) }] : null
    }
    case "number_format":
    case "bigint_format": {
      const bounds = FORMAT_BOUNDS[part.format]
      if (bounds === undefined) return []
      return [
        { kind: "minimum", value: bounds[0], inclusive: true },
        { kind: "maximum", value: bounds[1], inclusive: true },
      ]
    }
    default:
      return null
  }
}

function bound(
  kind: "minimum" | "maximum",
  { value, inclusive }: { value: unknown; inclusive: boolean },
): readonly Check[] | null {
  const comparable = typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value))
  return comparable ? [{ kind, value, inclusive }] : null
}

const ISO_DATETIME_PATTERN = String(patternOf(z.iso.datetime()._zod.def))
const ISO_DATE_PATTERN = String(patternOf(z.iso.date()._zod.def))

/** z.string() with its formats; z.iso.datetime(), z.iso.date() and z.base64() have columns of their own. */
export function mapString(place: { event: string; field: string }, schema: z.core.$ZodTypes): Mapped {
  const parts = definitions(schema)
  for (const part of parts) {
    if (part.check !== "string_format") continue
    if (part.format === "datetime") return mapDatetime(place, schema, part)
    if (part.format === "date" && String(patternOf(part)) === ISO_DATE_PATTERN) {
      return { form: { kind: "date" }, checks: others(schema, parts, part) }
    }
    if (part.format === "base64") return { form: { kind: "bytes" }, checks: others(schema, parts, part) }
    if (part.format === "url" && "normalize" in part && part.normalize === true) {
      throw unsupportedField(
        place.event,
        place.field,
        "normalizes its URL, so what is stored would not be what was sent; leave `normalize` out",
      )
    }
  }
  return { form: { kind: "string" }, checks: collect(schema, parts.map(stringCheck)) }
}

function mapDatetime(
  place: { event: string; field: string },
  schema: z.core.$ZodTypes,
  part: CheckDefinition,
): Mapped {
  const { local, precision } = part as { local?: boolean; precision?: number | null }
  if (local === true) {
    throw unsupportedField(
      place.event,
      place.field,
      "takes local times, which are no instants; use z.iso.datetime({ offset: true }) or timestamp()",
    )
  }
  if (precision === -1) {
    throw unsupportedField(
      place.event,
      place.field,
      "takes times without seconds; use z.iso.datetime() or timestamp()",
    )
  }
  const pattern = patternOf(part)
  const dialect: TimestampDialect = String(pattern) === ISO_DATETIME_PATTERN ? "zulu" : "pattern"
  const checks = others(schema, definitions(schema), part)
  if (dialect === "pattern" && pattern !== undefined)
    checks.push({ kind: "pattern", pattern, name: "datetime" })
  return { form: { kind: "timestamp", dialect }, checks }
}

/** Formats whose whole check is their pattern. */
const PATTERN_FORMATS = new Set(
  (
    "regex email uuid guid cuid cuid2 ulid xid ksuid nanoid ipv4 cidrv4 e164 lowercase uppercase " +
    "starts_with ends_with time duration"
  ).split(" "),
)

function stringCheck(part: CheckDefinition): readonly Check[] | null {
  switch (part.check) {
    case "min_length":
      return [{ kind: "min-length", length: part.minimum }]
    case "max_length":
      return [{ kind: "max-length", length: part.maximum }]
    case "length_equals":
      return [
        { kind: "min-length", length: part.length },
        { kind: "max-length", length: part.length },
      ]
    case "string_format": {
      const pattern = patternOf(part)
      if (pattern === undefined || !PATTERN_FORMATS.has(part.format)) return null
      return [{ kind: "pattern", pattern, name: part.format }]
    }
    default:
      return null
  }
}

/** The schema's own check, when it is one itself (z.email(), z.int32()), then the ones added to it. */
function definitions(schema: z.core.$ZodTypes): CheckDefinition[] {
  const { def } = schema._zod
  const own = "check" in def && def.check !== undefined ? [def as unknown as CheckDefinition] : []
  return [...own, ...(def.checks ?? []).map((check) => check._zod.def as CheckDefinition)]
}

function collect(schema: z.core.$ZodTypes, found: readonly (readonly Check[] | null)[]): Check[] {
  const known = found.flatMap((checks) => checks ?? [])
  return found.includes(null) ? [...known, zodCheck(schema)] : known
}

function others(schema: z.core.$ZodTypes, parts: readonly CheckDefinition[], done: CheckDefinition): Check[] {
  return parts.every((part) => part === done) ? [] : [zodCheck(schema)]
}

function patternOf(part: unknown): RegExp | undefined {
  return (part as { pattern?: RegExp }).pattern
}
