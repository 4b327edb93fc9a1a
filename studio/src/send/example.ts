/**
 * A plausible event of a contract: its own examples first, then what its schema allows, then a guess by name.
 * Each call makes a new id, so that sending twice is not a duplicate.
 */
import type { Cell, EventField, EventStream, JsonSchema } from "../api/types.ts"
import { type Draft, inputKind } from "./draft.ts"

/**
 * Data that is further than this from the clock is replayed history; a test event joins it at its newest
 * time.
 */
const HISTORY_MS = 86_400_000

export function exampleDraft(event: EventStream, schema: JsonSchema, nowMs: number): Draft {
  const time = exampleTime(event, nowMs)
  const draft: Record<string, string> = {}
  for (const field of event.fields) {
    draft[field.name] = exampleText(event, field, fieldSchema(schema, field.name), time)
  }
  return draft
}

function exampleText(event: EventStream, field: EventField, schema: JsonSchema, time: string): string {
  if (field.name === event.id) return exampleId(field, schema)
  if (field.name === event.time) return time
  const given = schema.const ?? schema.examples?.[0] ?? schema.default ?? schema.enum?.[0]
  if (given !== undefined && given !== null) return cellText(given)
  if (field.name === "event_type") return event.name
  switch (inputKind(field)) {
    case "number":
      return String(clamp(guessNumber(field.name), schema))
    case "boolean":
      return "true"
    case "datetime":
      return time
    case "date":
      return time.slice(0, 10)
    case "json":
      return field.optional || field.nullable ? "" : "{}"
    default:
      return guessText(field.name, schema)
  }
}

/** A field's schema with what is said in its `allOf`, and in the first of its `anyOf`, drawn together. */
export function fieldSchema(schema: JsonSchema, field: string): JsonSchema {
  return drawTogether(schema.properties?.[field] ?? {})
}

function drawTogether(schema: JsonSchema): JsonSchema {
  const parts = [...(schema.allOf ?? []), ...(schema.anyOf ?? []).slice(0, 1)]
  return Object.assign({}, schema, ...parts.map(drawTogether))
}

function exampleId(field: EventField, schema: JsonSchema): string {
  if (inputKind(field) === "number")
    return String(9_000_000_000 + crypto.getRandomValues(new Uint32Array(1))[0]!)
  return crypto.randomUUID().slice(0, schema.maxLength)
}

/** `2001-01-03T14:00:00.000`: what a datetime-local field takes; UTC. */
export function exampleTime(event: EventStream, nowMs: number): string {
  const newestMs = event.watermark === null ? nowMs : Date.parse(event.watermark) + event.out_of_orderness_ms
  const ms = Math.abs(nowMs - newestMs) > HISTORY_MS ? newestMs : nowMs
  return new Date(ms).toISOString().slice(0, 23)
}

function guessNumber(name: string): number {
  if (/version/.test(name)) return 1
  if (/delay|minutes|duration/.test(name)) return 12
  if (/distance|miles/.test(name)) return 760
  if (/price|amount|total/.test(name)) return 19.9
  return 1
}

function guessText(name: string, schema: JsonSchema): string {
  if (/e-?mail/.test(name)) return "ada@example.com"
  if (/^plan$/.test(name)) return "premium"
  if (/origin/.test(name)) return "ATL"
  if (/destination/.test(name)) return "LGA"
  if (/country/.test(name)) return "CH"
  if (/_id$/.test(name)) return `${name.slice(0, -3)}-42`
  const text = name.replace(/_/g, " ")
  return text.slice(0, schema.maxLength ?? text.length).padEnd(schema.minLength ?? 0, "x")
}

function clamp(value: number, { minimum, maximum }: JsonSchema): number {
  return Math.min(maximum ?? value, Math.max(minimum ?? value, value))
}

function cellText(value: Cell): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}
