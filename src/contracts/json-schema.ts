/**
 * JSON Schema 2020-12 of what a producer may send. zod writes the schema of nested JSON, titles and
 * descriptions; fields with a column type are written from their rule, so that the text says what the decoder
 * does. Where JSON Schema cannot say a check (refine), it accepts more than the decoder, never less.
 */
import { z } from "zod"
import type { ContractField, UnknownFields } from "./contract.ts"
import { EVENT_TYPE } from "./contract.ts"
import type { Check, FieldRule, ValueForm } from "./field-rule.ts"
import { plainRule } from "./field-rule.ts"
import { readTag } from "./field-types.ts"

export type JsonSchema = Readonly<Record<string, unknown>>

export interface JsonSchemaParts {
  readonly name: string
  readonly description: string | null
  readonly fields: readonly ContractField[]
  readonly unknownFields: UnknownFields
  readonly schema: z.ZodObject
}

export function writeJsonSchema({
  name,
  description,
  fields,
  unknownFields,
  schema,
}: JsonSchemaParts): JsonSchema {
  const written = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const form = nestedForm(zodSchema)
      if (form !== null) Object.assign(jsonSchema, clearType(jsonSchema), writeForm(form))
    },
  }) as Record<string, unknown>
  const nested = written["properties"] as Record<string, Record<string, unknown>> | undefined
  const properties: [string, JsonSchema][] = fields.map((field) => [
    field.name,
    writeField(field, nested?.[field.name] ?? {}),
  ])
  if (unknownFields === "refuse" && !fields.some((field) => field.name === EVENT_TYPE)) {
    properties.push([EVENT_TYPE, { description: "Names the event where several are sent together." }])
  }
  const definitions = written["$defs"]
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: name,
    ...(description === null ? {} : { description }),
    type: "object",
    properties: Object.fromEntries(properties),
    required: fields.filter((field) => !field.optional).map((field) => field.name),
    additionalProperties: unknownFields === "keep",
    ...(definitions === undefined ? {} : { $defs: definitions }),
  }
}

function nestedForm(schema: z.core.$ZodType): ValueForm | null {
  const tag = readTag(schema)?.tag
  if (tag === undefined || tag.kind === "json") return null
  if (tag.kind === "int64") return { kind: "int64", strings: true }
  if (tag.kind === "timestamp") return { kind: "timestamp", dialect: "rfc3339" }
  return tag
}

/** What zod wrote about the value itself goes; its descriptions stay. */
function clearType(schema: Record<string, unknown>): Record<string, never> {
  for (const key of Object.keys(schema)) {
    if (key !== "description" && key !== "title" && key !== "deprecated" && key !== "examples")
      delete schema[key]
  }
  return {}
}

function writeField(field: ContractField, byZod: Record<string, unknown>): JsonSchema {
  const rule = field.rule ?? plainRule(field.type, field.nullable)
  if (rule.form.kind === "json") return byZod
  const { description, title, deprecated, examples } = byZod
  const notes = JSON.parse(JSON.stringify({ title, description, deprecated, examples })) as JsonSchema
  const initial = rule.defaultText === null ? {} : { default: JSON.parse(rule.defaultText) as unknown }
  const value = { ...writeForm(rule.form), ...writeChecks(rule) }
  return { ...notes, ...(rule.acceptsNull ? { anyOf: [value, { type: "null" }] } : value), ...initial }
}

const TIME = "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d"
const OFFSET = "([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)"
const DAY = "\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])"
const NUMBER_TEXT = "^-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?$"

function writeForm(form: ValueForm): JsonSchema {
  switch (form.kind) {
    case "boolean":
      return { type: "boolean" }
    case "int32":
      return { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }
    case "int64": {
      const number = { type: "integer", minimum: -(2 ** 63), maximum: 2 ** 63 }
      return form.strings ? { anyOf: [number, { type: "string", pattern: NUMBER_TEXT }] } : number
    }
    case "float64":
      return { type: "number" }
    case "decimal":
      return { anyOf: [{ type: "number" }, { type: "string", pattern: NUMBER_TEXT }] }
    case "string":
      return { type: "string" }
    case "bytes":
      return { type: "string", contentEncoding: "base64" }
    case "json":
      return {}
    case "date":
      return { type: "string", format: "date", pattern: `^${DAY}$` }
    case "epoch":
      return { type: "number" }
    case "timestamp": {
      const fraction = form.dialect === "rfc3339" ? "(\\.\\d{1,9})?" : "(\\.\\d+)?"
      const pattern =
        form.dialect === "zulu" ? `^${DAY}T${TIME}${fraction}Z$` : `^${DAY}[Tt]${TIME}${fraction}${OFFSET}$`
      return { type: "string", format: "date-time", pattern }
    }
  }
}

function writeChecks(rule: FieldRule): JsonSchema {
  const parts = rule.checks.map((check) => writeCheck(check, rule.form)).filter((part) => part !== null)
  return parts.length === 0 ? {} : { allOf: parts }
}

function writeCheck(check: Check, form: ValueForm): JsonSchema | null {
  switch (check.kind) {
    case "minimum":
    case "maximum": {
      const word = check.inclusive
        ? check.kind
        : `exclusive${check.kind === "minimum" ? "Minimum" : "Maximum"}`
      return { [word]: Number(check.value) }
    }
    case "multiple-of":
      return form.kind === "int32" ? { multipleOf: Math.abs(Number(check.value)) } : null
    case "min-length":
      return form.kind === "string" ? { minLength: Math.max(0, Math.ceil(check.length)) } : null
    case "max-length":
      return form.kind === "string" && check.length >= 0 ? { maxLength: Math.floor(check.length) } : null
    case "one-of":
      return { enum: check.values }
    case "pattern":
      return isUnicodePattern(check.pattern) ? { pattern: check.pattern.source } : null
    case "zod":
      return null
  }
}

/** JSON Schema has patterns without flags, which validators read in Unicode mode. */
function isUnicodePattern({ source, flags }: RegExp): boolean {
  if (flags.replace(/[gydu]/g, "") !== "") return false
  try {
    return new RegExp(source, "u").source === source
  } catch {
    return false // not being one is the answer
  }
}
