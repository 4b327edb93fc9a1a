/**
 * Fields kept as JSON text: which zod schemas may describe them, and how a text is judged. Text is judged by
 * zod on its parsed value. Numbers that a double cannot hold reach int64() and decimal() as their digits.
 */
import type { z } from "zod"
import { assert } from "../std/assert.ts"
import { readTag } from "./field-types.ts"

const REFUSED: Readonly<Record<string, string>> = {
  date: "is z.date(), and JSON has no dates; use timestamp() or z.iso.datetime()",
  bigint: "has z.bigint() or z.int64() inside JSON, which has no bigints; use int64()",
  transform:
    "transforms its value, so what is stored would not be what was sent; transform it in a view's SQL",
  pipe: "transforms its value, so what is stored would not be what was sent; transform it in a view's SQL",
  catch: "replaces bad values (catch), so no row would ever be refused; use optional() or default()",
  promise: "is a promise, which cannot be sent; use the type of what it resolves to",
  function: "is a function, which cannot be sent; leave it out",
  symbol: "is a symbol, which cannot be sent; use z.string()",
  undefined: "is always undefined, so it cannot be sent; leave it out",
  void: "is always undefined, so it cannot be sent; leave it out",
  never: "accepts nothing; leave it out",
  nan: "is NaN, which JSON cannot say; use z.number().nullable()",
  map: "is a Map, which JSON cannot say; use z.record()",
  set: "is a Set, which JSON cannot say; use z.array()",
  file: "is a file, which JSON cannot say; use bytes() or a URL",
  success: "replaces its value with its verdict; use the schema itself",
  null: "is always null; leave it out, or say which type it has otherwise: z.string().nullable()",
}

/** Why a schema cannot describe a JSON field; null when it can. */
export function findJsonProblem(schema: z.core.$ZodType): string | null {
  const outer = REFUSED[schema._zod.def.type]
  if (outer !== undefined) return outer
  return findInside(schema, new Set())
}

function findInside(schema: z.core.$ZodType, seen: Set<unknown>): string | null {
  if (seen.has(schema)) return null
  seen.add(schema)
  const { def } = schema._zod as z.core.$ZodTypes["_zod"]
  for (const check of def.checks ?? []) {
    if (check._zod.def.check === "overwrite") {
      return "changes a value inside it (trim, toLowerCase, overwrite); check it instead, with .regex()"
    }
  }
  if (readTag(schema) !== null) return null
  if ("coerce" in def && def.coerce === true) return `coerces a value inside it; use z.${def.type}()`
  if (def.type !== "null" && def.type !== "never" && REFUSED[def.type] !== undefined) {
    return `contains something that ${REFUSED[def.type]}`
  }
  for (const child of children(schema)) {
    const problem = findInside(child, seen)
    if (problem !== null) return problem
  }
  return null
}

function children(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { def } = schema._zod as z.core.$ZodTypes["_zod"]
  switch (def.type) {
    case "object":
      return [...Object.values(def.shape), ...(def.catchall === undefined ? [] : [def.catchall])]
    case "array":
      return [def.element]
    case "tuple":
      return [...def.items, ...(def.rest === null ? [] : [def.rest])]
    case "record":
      return [def.keyType, def.valueType]
    case "union":
      return [...def.options]
    case "intersection":
      return [def.left, def.right]
    case "lazy":
      return [def.getter()]
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "readonly":
    case "nonoptional":
      return [def.innerType]
    default:
      return []
  }
}

/** True when the schema has an int64() or a decimal() somewhere inside. */
export function hasExactNumbers(schema: z.core.$ZodType, seen: Set<unknown> = new Set()): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  const tag = readTag(schema)?.tag.kind
  if (tag === "int64" || tag === "decimal") return true
  return children(schema).some((child) => hasExactNumbers(child, seen))
}

/** A number as it was written, between parsing and judging. */
class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** JSON text to the value that `schema` judges: exact digits where it asks for int64() or decimal(). */
export function parseForSchema(text: string, schema: z.core.$ZodType): unknown {
  // The third argument of a reviver is in the language (ES2026) but not yet in TypeScript's library.
  const revive = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && context?.source !== undefined ? new NumberText(context.source) : value
  return give(JSON.parse(text, revive as (key: string, value: unknown) => unknown), schema)
}

/** Replaces each NumberText by its text where `schema` is exact, by its double elsewhere. */
function give(value: unknown, schema: z.core.$ZodType | null): unknown {
  if (value instanceof NumberText) {
    const tag = schema === null ? undefined : readTag(schema)?.tag.kind
    if (tag === "int64" || tag === "decimal") return value.text
    const inner = schema === null ? null : unwrap(schema)
    return inner === null ? Number(value.text) : give(value, inner)
  }
  if (typeof value !== "object" || value === null) return value
  const inner = schema === null ? null : unwrap(schema)
  if (inner !== null) return give(value, inner)
  if (Array.isArray(value)) return value.map((item, index) => give(item, elementSchema(schema, index)))
  const result: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const given = give(item, propertySchema(schema, key))
    Object.defineProperty(result, key, { value: given, enumerable: true, configurable: true, writable: true })
  }
  return result
}

/**
 * What a wrapper holds. Null: nothing to unwrap; a union is none, so numbers in it stay doubles.
 */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType | null {
  const { def } = schema._zod as z.core.$ZodTypes["_zod"]
  switch (def.type) {
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "readonly":
    case "nonoptional":
      return def.innerType
    case "lazy":
      return def.getter()
    default:
      return null
  }
}

function elementSchema(schema: z.core.$ZodType | null, index: number): z.core.$ZodType | null {
  if (schema === null) return null
  const { def } = schema._zod as z.core.$ZodTypes["_zod"]
  if (def.type === "array") return def.element
  return def.type === "tuple" ? (def.items[index] ?? def.rest) : null
}

function propertySchema(schema: z.core.$ZodType | null, key: string): z.core.$ZodType | null {
  if (schema === null) return null
  const { def } = schema._zod as z.core.$ZodTypes["_zod"]
  assert(def !== undefined, "a schema has a definition")
  if (def.type === "object") return Object.hasOwn(def.shape, key) ? (def.shape[key] ?? null) : null
  return def.type === "record" ? def.valueType : null
}
