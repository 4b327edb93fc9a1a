/**
 * From a field's zod schema to its column type and rule. Wrappers (optional, nullable, default, readonly,
 * lazy) are peeled off; what they mean for missing keys and nulls is asked of zod itself, by parsing an empty
 * object and a null. What a column cannot hold, or what would change the stored value, is refused by name.
 */
import { z } from "zod"
import type { ContractField } from "./contract.ts"
import { unsupportedField } from "./errors.ts"
import { mapNumber, mapString, zodCheck, zodChecks } from "./field-checks.ts"
import type { Check, FieldRule, Mapped, ValueForm } from "./field-rule.ts"
import { columnType } from "./field-rule.ts"
import { readTag } from "./field-types.ts"
import { findJsonProblem } from "./json-field.ts"

/** Where a schema stands, for messages. */
export interface FieldPlace {
  readonly event: string
  readonly field: string
}

/** @throws PlatformError unsupported-field */
export function mapField(place: FieldPlace, schema: z.ZodType): ContractField {
  const { inner, wrapperChecks } = peel(place, schema)
  const absence = probeAbsence(place, schema)
  const mapped = mapInner(place, inner)
  const rule: FieldRule = {
    ...mapped,
    checks: wrapperChecks ? [...mapped.checks, zodCheck(schema)] : mapped.checks,
    acceptsNull: absence.acceptsNull,
    defaultText: absence.defaultText,
    judgesAbsence: wrapperChecks,
    schema,
  }
  return {
    name: place.field,
    type: columnType(rule.form),
    nullable: absence.acceptsNull || (absence.optional && absence.defaultText === null),
    optional: absence.optional,
    rule,
  }
}

const LAZY_LIMIT = 32 // a lazy schema that yields only further lazy schemas would never end

function peel(place: FieldPlace, schema: z.ZodType): { inner: z.core.$ZodTypes; wrapperChecks: boolean } {
  let inner = schema as unknown as z.core.$ZodTypes
  let wrapperChecks = false
  for (let depth = 0; ; depth++) {
    const def = inner._zod.def
    if (depth > LAZY_LIMIT) throw unsupportedField(place.event, place.field, "never ends in a type; name one")
    if (def.type === "lazy") {
      inner = def.getter() as z.core.$ZodTypes
      continue
    }
    const wraps =
      def.type === "optional" ||
      def.type === "nullable" ||
      def.type === "default" ||
      def.type === "prefault" ||
      def.type === "readonly" ||
      def.type === "nonoptional"
    if (!wraps) return { inner, wrapperChecks }
    refuseOverwrites(place, inner)
    wrapperChecks ||= (def.checks?.length ?? 0) > 0
    inner = def.innerType as z.core.$ZodTypes
  }
}

/** What zod makes of a missing key and of null. */
function probeAbsence(place: FieldPlace, schema: z.ZodType) {
  const row = z.object({ [place.field]: schema })
  const missing = parseQuietly(row, {})
  const ofNull = parseQuietly(row, { [place.field]: null })
  const value = missing?.[place.field]
  const again = parseQuietly(row, {})?.[place.field]
  const defaultText = value === undefined || value === null ? null : toJsonText(value)
  if (defaultText !== null && defaultText !== toJsonText(again)) {
    throw unsupportedField(
      place.event,
      place.field,
      "has a default that differs from call to call; let the producer send the value, or use a constant",
    )
  }
  return { optional: missing !== null, acceptsNull: ofNull !== null, defaultText }
}

function parseQuietly(row: z.ZodObject, value: unknown): Record<string, unknown> | null {
  try {
    const result = row.safeParse(value)
    return result.success ? (result.data as Record<string, unknown>) : null
  } catch {
    return null // a check that cannot bear the value does not accept it
  }
}

function toJsonText(value: unknown): string {
  if (typeof value === "bigint") return String(value)
  const text = JSON.stringify(value, (_, part) => (typeof part === "bigint" ? String(part) : part))
  return text ?? "null"
}

function mapInner(place: FieldPlace, schema: z.core.$ZodTypes): Mapped {
  refuseOverwrites(place, schema)
  const tagged = readTag(schema)
  if (tagged !== null) return mapTagged(schema, tagged)
  const def = schema._zod.def
  if ("coerce" in def && def.coerce === true) {
    throw unsupportedField(
      place.event,
      place.field,
      `coerces its value, so what is stored is not what was sent; use z.${def.type}(), or int64(), ` +
        "decimal(p, s), timestamp() of millrace, which also take strings or numbers",
    )
  }
  switch (def.type) {
    case "boolean":
      return { form: { kind: "boolean" }, checks: zodChecks(schema) }
    case "number":
      return mapNumber(schema)
    case "bigint":
      return mapBigint(place, schema)
    case "string":
      return mapString(place, schema)
    case "template_literal":
      return { form: { kind: "string" }, checks: [zodCheck(schema)] }
    case "literal":
    case "enum":
      return mapValues(schema)
    case "union":
      return mapUnion(place, schema, def.options as readonly z.core.$ZodTypes[])
    default:
      return mapJson(place, schema)
  }
}

function mapTagged(schema: z.core.$ZodTypes, tagged: NonNullable<ReturnType<typeof readTag>>): Mapped {
  const { tag, ownChecks } = tagged
  const rest = (schema._zod.def.checks ?? []).slice(ownChecks)
  switch (tag.kind) {
    case "int64":
      return mapNumber(schema)
    case "timestamp":
      return {
        form: { kind: "timestamp", dialect: "rfc3339" },
        checks: rest.length === 0 ? [] : [zodCheck(schema)],
      }
    default:
      return { form: tag, checks: rest.length === 0 ? [] : [zodCheck(schema)] }
  }
}

function mapBigint(place: FieldPlace, schema: z.core.$ZodTypes): Mapped {
  const parts = [schema._zod.def, ...(schema._zod.def.checks ?? []).map((check) => check._zod.def)]
  if (parts.some((part) => "format" in part && part.format === "uint64")) {
    throw unsupportedField(
      place.event,
      place.field,
      "is z.uint64(), which no column holds; use decimal(20, 0)",
    )
  }
  return mapNumber(schema)
}

/** z.literal and z.enum: one type for all values, or JSON. */
function mapValues(schema: z.core.$ZodTypes): Mapped {
  const values = [...(schema._zod.values ?? [])].filter((value) => value !== null)
  const form = valuesForm(values)
  if (form.kind === "json") return { form, checks: [zodCheck(schema)] }
  const oneOf: Check = { kind: "one-of", values: values as (string | number | boolean)[] }
  return { form, checks: [oneOf, ...zodChecks(schema)] }
}

function valuesForm(values: readonly unknown[]): ValueForm {
  if (values.length === 0) return { kind: "json" }
  if (values.every((value) => typeof value === "string")) return { kind: "string" }
  if (values.every((value) => typeof value === "boolean")) return { kind: "boolean" }
  if (values.every((value) => typeof value === "number")) {
    if (values.every((value) => (value | 0) === value)) return { kind: "int32" }
    if (values.every((value) => Number.isSafeInteger(value))) return { kind: "int64", strings: false }
    return { kind: "float64" }
  }
  return { kind: "json" }
}

const UNION_COLUMNS = new Set(["boolean", "int32", "int64", "float64", "string"])

/**
 * A union is JSON, unless all its options are of one plain column type; a null option only makes it nullable.
 */
function mapUnion(place: FieldPlace, schema: z.core.$ZodTypes, options: readonly z.core.$ZodTypes[]): Mapped {
  const values = options.filter((option) => option._zod.def.type !== "null")
  const forms = values.map((option) => {
    const { inner } = peel(place, option as unknown as z.ZodType)
    return mapInner(place, inner).form
  })
  const first = forms[0]
  const same = first !== undefined && forms.every((form) => JSON.stringify(form) === JSON.stringify(first))
  if (same && UNION_COLUMNS.has(first.kind)) return { form: first, checks: [zodCheck(schema)] }
  return mapJson(place, schema)
}

function mapJson(place: FieldPlace, schema: z.core.$ZodTypes): Mapped {
  const problem = findJsonProblem(schema)
  if (problem !== null) throw unsupportedField(place.event, place.field, problem)
  const { type } = schema._zod.def
  const anything = (type === "any" || type === "unknown") && (schema._zod.def.checks?.length ?? 0) === 0
  return { form: { kind: "json" }, checks: anything ? [] : [zodCheck(schema)] }
}

function refuseOverwrites(place: FieldPlace, schema: z.core.$ZodTypes): void {
  for (const check of schema._zod.def.checks ?? []) {
    if (check._zod.def.check !== "overwrite") continue
    throw unsupportedField(
      place.event,
      place.field,
      "changes its value (trim, toLowerCase, normalize, overwrite), so what is stored would not be what " +
        "was sent; check it instead, for example with .regex(), and change it in a view's SQL",
    )
  }
}
