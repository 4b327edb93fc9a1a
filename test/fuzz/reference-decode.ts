/**
 * What the decoder must agree with: JSON.parse for each row, the zod schema for its values, and the rules
 * that the platform adds (UTF-8, no U+0000, no lone surrogates, years 1 to 9999, 64 levels). Slow, plain, and
 * written without any of the decoder's code.
 */
import { z } from "zod"
import type { ContractField, EventContract } from "../../src/contracts/contract.ts"

export interface ReferenceRow {
  /** Null: rejected as a whole, or for the fields in `badFields`. */
  readonly values: readonly unknown[] | null
  /** Fields at fault, in the contract's order; empty when the row as a whole is. */
  readonly badFields: readonly string[]
  /** Keys that the contract refuses. */
  readonly unknownKeys: readonly string[]
  readonly reason: string
}

const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

export function referenceDecode(
  contract: EventContract,
  schema: z.ZodObject,
  bytes: Uint8Array,
): ReferenceRow {
  let text: string
  try {
    text = fatal.decode(bytes)
  } catch {
    return asRejected("invalid UTF-8")
  }
  let parsed: Parsed
  try {
    parsed = parseWithSources(text)
  } catch {
    return asRejected("not JSON")
  }
  const row = parsed.value
  if (typeof row !== "object" || row === null || Array.isArray(row)) return asRejected("no object")
  if (bytes.length > 1_048_576) return asRejected("too large")
  if (depthOf(text) > 64) return asRejected("too deep")
  return judgeRow(contract, schema, row as Record<string, unknown>, parsed.sources)
}

interface Parsed {
  readonly value: unknown
  /** Digits of numbers directly in the row. */
  readonly sources: ReadonlyMap<string, string>
}

function parseWithSources(text: string): Parsed {
  const holders = new Map<unknown, Map<string, string>>()
  const value = JSON.parse(text, function (
    this: unknown,
    key: string,
    item: unknown,
    context?: { source?: string },
  ) {
    if (typeof item === "number" && context?.source !== undefined) {
      const known = holders.get(this) ?? new Map<string, string>()
      known.set(key, context.source)
      holders.set(this, known)
    }
    return item
  } as (key: string, item: unknown) => unknown) as unknown
  return { value, sources: holders.get(value) ?? new Map() }
}

function judgeRow(
  contract: EventContract,
  schema: z.ZodObject,
  row: Record<string, unknown>,
  sources: ReadonlyMap<string, string>,
): ReferenceRow {
  const given: Record<string, unknown> = {}
  for (const field of contract.fields) {
    if (Object.hasOwn(row, field.name))
      given[field.name] = exactly(field, row[field.name], sources.get(field.name))
  }
  const badFields: string[] = []
  const reasons: string[] = []
  const values = contract.fields.map((field) => {
    const { name } = field
    const shape = fieldSchema(schema, name)
    const present = Object.hasOwn(given, name)
    const result = shape.safeParse(present ? { [name]: given[name] } : {})
    const value = result.success ? (result.data as Record<string, unknown>)[name] : undefined
    const kept = field.type.kind === "json" && present ? row[name] : value
    const stored =
      result.success && isStorable(field, given[name]) ? store(field, kept, sources.get(name)) : undefined
    if (stored === undefined) {
      badFields.push(name)
      reasons.push(result.error?.issues[0]?.message ?? `${name} may not be stored`)
    }
    return stored
  })
  const known = new Set([...contract.fields.map((field) => field.name), "event_type"])
  const unknownKeys =
    contract.unknownFields === "refuse" ? Object.keys(row).filter((key) => !known.has(key)) : []
  const accepted = badFields.length === 0 && unknownKeys.length === 0
  return { values: accepted ? values : null, badFields, unknownKeys, reason: reasons.join("; ") }
}

const fieldSchemas = new WeakMap<z.ZodObject, Map<string, z.ZodObject>>()

/** An object of one field, so that every field is judged, whatever the others are. */
function fieldSchema(schema: z.ZodObject, name: string): z.ZodObject {
  const known = fieldSchemas.get(schema) ?? new Map<string, z.ZodObject>()
  fieldSchemas.set(schema, known)
  const found = known.get(name) ?? z.object({ [name]: schema.shape[name] as z.ZodType })
  known.set(name, found)
  return found
}

/** int64 and decimal reach zod as digits; plain z.int() as the double that it is. */
function exactly(field: ContractField, value: unknown, source: string | undefined): unknown {
  const form = field.rule?.form
  const exact = form?.kind === "decimal" || (form?.kind === "int64" && form.strings)
  return exact && source !== undefined ? source : value
}

/** The rules beyond zod's: undefined when the value may not be stored. */
function isStorable(field: ContractField, value: unknown): boolean {
  if (field.type.kind !== "string" && field.type.kind !== "json") return true
  const strings: string[] = []
  collectStrings(value, strings)
  return strings.every((text) => !text.includes("\0") && text.isWellFormed())
}

function collectStrings(value: unknown, found: string[]): void {
  if (typeof value === "string") found.push(value)
  if (typeof value !== "object" || value === null) return
  for (const [key, item] of Object.entries(value)) {
    found.push(key)
    collectStrings(item, found)
  }
}

function store(field: ContractField, value: unknown, source: string | undefined): unknown {
  if (value === undefined || value === null) return null
  const form = field.rule!.form
  switch (form.kind) {
    case "int64":
      return typeof value === "bigint" ? value : BigInt(value as number)
    case "decimal":
      return BigInt(String(value).replace(".", ""))
    case "float64":
      return Object.is(value, -0) ? 0 : value
    case "bytes":
      return Buffer.from(value as string, "base64").toString("hex")
    case "date":
      return (value as string) < "0001" ? undefined : Date.parse(value as string) / 86_400_000
    case "timestamp":
      return timestampMicros(value as string)
    case "epoch":
      return epochMicros(source!, { s: 6, ms: 3, us: 0 }[form.unit])
    default:
      return Object.is(value, -0) ? 0 : value
  }
}

const [FIRST, LAST] = [
  BigInt(Date.parse("0001-01-01T00:00:00Z")) * 1000n,
  BigInt(Date.parse("9999-12-31T23:59:59.999Z")) * 1000n + 999n,
]

function timestampMicros(text: string): bigint | undefined {
  if (text < "0001") return undefined
  const seconds = Date.parse(text.toUpperCase().replace(/\.\d+/, ""))
  const fraction = (/\.(\d+)/.exec(text)?.[1] ?? "").padEnd(6, "0").slice(0, 6)
  const micros = BigInt(seconds) * 1000n + BigInt(fraction)
  return micros < FIRST || micros > LAST ? undefined : micros
}

/** Shifts the decimal point by hand and cuts towards the past. */
function epochMicros(source: string, shift: number): bigint | undefined {
  const [mantissa = "", exponent = "0"] = source.toLowerCase().split("e")
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".")
  const digits = whole + fraction
  const point = whole.length + Number(exponent) + shift
  if (/^0*$/.test(digits)) return 0n
  if (point > 60) return undefined
  const kept = point <= 0 ? "0" : digits.padEnd(point, "0").slice(0, point)
  const rest = point <= 0 ? digits : digits.slice(point)
  const cut = BigInt(kept)
  const micros = source.startsWith("-") ? -cut - (/[1-9]/.test(rest) ? 1n : 0n) : cut
  return micros < FIRST || micros > LAST ? undefined : micros
}

function depthOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false]
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!
    if (inString) {
      if (letter === "\\") i++
      else if (letter === '"') inString = false
    } else if (letter === '"') inString = true
    else if (letter === "{" || letter === "[") deepest = Math.max(deepest, ++depth)
    else if (letter === "}" || letter === "]") depth--
  }
  return deepest
}

function asRejected(reason: string): ReferenceRow {
  return { values: null, badFields: [], unknownKeys: [], reason }
}
