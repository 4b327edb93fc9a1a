/**
 * A state's zod schema -> how states of it are written as text and read again. Equal states have equal texts:
 * keys stand in the schema's order (those of a record in their own), numbers as JavaScript prints them. What
 * would not come back as it was has no place in a state, and is refused when the process is declared.
 *
 *   string, boolean, null, literal, enum      JSON
 *   number                                    JSON; finite, -0 is kept
 *   bigint, int64()                           its digits, as a JSON string
 *   object, record, array, tuple              JSON of their parts; what is undefined is left out
 *   union                                     [number of the option, value]
 *   optional, nullable, default, readonly     of what is inside
 */
import type { z } from "zod"
import { describeSchema } from "../../contracts/describe-schema.ts"

export interface StateCodec {
  read(text: string): unknown
  /** @throws TypeError that names the place and what is expected there */
  write(state: unknown): string
  /** Equal for equal schemas. */
  readonly description: string
}

interface Part {
  /** It may be left out of an object. */
  readonly isOptional?: boolean
  /** Null: what JSON.parse gives is the value. */
  readonly read: ((json: unknown) => unknown) | null
  /** Null for undefined, which is left out. */
  write(value: unknown, place: string): string | null
}

type Refuse = (message: string) => Error
type Schema = z.core.$ZodTypes

/** Deeper ones are most often recursive. */
const MAX_DEPTH = 16

/** @param refuse makes the error from what is wrong with the schema */
export function stateCodec(schema: z.ZodType, refuse: Refuse): StateCodec {
  const compiler = new Compiler(refuse)
  const part = compiler.part(schema as unknown as Schema, "state", 0)
  const checked = compiler.hasChecks ? schema : null
  return {
    description: describeSchema(schema),
    read: (text) => (part.read === null ? JSON.parse(text) : part.read(JSON.parse(text))),
    write: (state) => {
      const text = part.write(state, "state")
      if (text === null) throw new TypeError("state is undefined; assign a whole state, or call ctx.clear()")
      if (checked !== null) check(checked, state)
      return text
    },
  }
}

/** What the schema asks beyond types: min, regex, refine. */
function check(schema: z.ZodType, state: unknown): void {
  const result = schema.safeParse(state)
  if (result.success) return
  const [issue] = result.error.issues
  throw new TypeError(`${["state", ...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "does not fit"}`)
}

class Compiler {
  readonly #refuse: Refuse
  hasChecks = false

  constructor(refuse: Refuse) {
    this.#refuse = refuse
  }

  part(schema: Schema, place: string, depth: number): Part {
    if (depth > MAX_DEPTH) throw this.#refuse(`${place} is nested more than ${MAX_DEPTH} deep`)
    const { def } = schema._zod
    const checks = def.checks ?? []
    if (checks.some((each) => each._zod.def.check === "overwrite"))
      throw this.#refuse(`${place} changes its value (trim, overwrite); do that in the handler`)
    if (checks.length > 0 || "format" in def || "check" in def) this.hasChecks = true
    const inside = (inner: unknown, below = place) => this.part(inner as Schema, below, depth + 1)
    switch (def.type) {
      case "string":
      case "template_literal":
        if (def.type === "template_literal") this.hasChecks = true
        return plain("a string", (value) => typeof value === "string", JSON.stringify)
      case "boolean":
        return plain("true or false", (value) => typeof value === "boolean", String)
      case "null":
        return plain("null", (value) => value === null, String)
      case "number":
        return plain("a finite number", Number.isFinite, numberText)
      case "bigint":
        return { ...plain("a bigint", (value) => typeof value === "bigint", bigintText), read: readBigint }
      case "literal":
      case "enum":
        return this.#oneOf(schema, place)
      case "optional":
        return optional(inside(def.innerType))
      case "nullable":
        return nullable(inside(def.innerType))
      case "default":
      case "prefault":
      case "readonly":
      case "nonoptional":
        return inside(def.innerType)
      case "object":
        return this.#object(def, place, inside)
      case "record":
        return this.#record(def, place, inside)
      case "array":
        return array(inside(def.element, `${place}[]`))
      case "tuple":
        if (def.rest !== null) throw this.#refuse(`${place} is a tuple with a rest; use z.array()`)
        return tuple(def.items.map((item, k) => inside(item, `${place}[${k}]`)))
      case "union":
        return union(def.options.map((option) => ({ schema: option as z.ZodType, part: inside(option) })))
      default:
        throw this.#refuse(
          `${place} is z.${def.type}(), which a state cannot keep; it keeps strings, booleans, numbers, ` +
            "bigints, null, and arrays, tuples, records, unions and objects of them (times as numbers)",
        )
    }
  }

  #oneOf(schema: Schema, place: string): Part {
    const values = schema._zod.values ?? new Set()
    const isPlain = (value: unknown) =>
      value === null || ["string", "number", "boolean"].includes(typeof value)
    if (![...values].every(isPlain))
      throw this.#refuse(`${place} has a literal that is no string, number, boolean or null`)
    const known = [...values].map((value) => JSON.stringify(value)).join(", ")
    return plain(`one of ${known}`, (value) => values.has(value as never), JSON.stringify)
  }

  #object(def: z.core.$ZodObjectDef, place: string, inside: (inner: unknown, below?: string) => Part): Part {
    if (def.catchall !== undefined && (def.catchall as Schema)._zod.def.type !== "never")
      throw this.#refuse(`${place} takes keys that it does not name; name them, or use z.record()`)
    return object(Object.entries(def.shape).map(([name, inner]) => [name, inside(inner, `${place}.${name}`)]))
  }

  #record(def: z.core.$ZodRecordDef, place: string, inside: (inner: unknown, below?: string) => Part): Part {
    const key = (def.keyType as Schema)._zod
    if (!["string", "enum", "literal", "template_literal"].includes(key.def.type))
      throw this.#refuse(`${place} is a record whose keys are no strings`)
    if (key.def.type !== "string" || (key.def.checks?.length ?? 0) > 0) this.hasChecks = true
    return record(inside(def.valueType, `${place}[key]`))
  }
}

function plain<T>(what: string, holds: (value: unknown) => boolean, text: (value: T) => string): Part {
  return {
    read: null,
    write: (value, place) => {
      if (value === undefined) return null
      if (!holds(value)) throw misfit(place, what, value)
      return text(value as T)
    },
  }
}

const numberText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value))
const bigintText = (value: bigint): string => `"${value}"`
const readBigint = (json: unknown): unknown => BigInt(json as string)

function optional({ read, write }: Part): Part {
  return { isOptional: true, read, write }
}

function nullable({ isOptional = false, read, write }: Part): Part {
  return {
    isOptional,
    read: read === null ? null : (json) => (json === null ? null : read(json)),
    write: (value, place) => (value === null ? "null" : write(value, place)),
  }
}

function object(fields: readonly (readonly [name: string, part: Part])[]): Part {
  const named = fields.map(([name, part]) => {
    return { name, head: `${JSON.stringify(name)}:`, part, isNeeded: part.isOptional !== true }
  })
  const names = new Set(fields.map(([name]) => name))
  const isPlain = fields.every(([, { read }]) => read === null)
  return {
    read: isPlain
      ? null
      : (json) => {
          const value = json as Record<string, unknown>
          for (const { name, part } of named) {
            if (part.read !== null && Object.hasOwn(value, name)) value[name] = part.read(value[name])
          }
          return value
        },
    write: (value, place) => {
      if (value === undefined) return null
      if (!isObject(value)) throw misfit(place, "an object", value)
      let text = ""
      for (const { name, head, part, isNeeded } of named) {
        const field = value[name]
        if (field === undefined && isNeeded) throw misfit(`${place}.${name}`, "a value", field)
        const written = field === undefined ? null : part.write(field, `${place}.${name}`)
        if (written !== null) text += text === "" ? head + written : `,${head}${written}`
      }
      for (const name in value) {
        if (!names.has(name) && value[name] !== undefined)
          throw new TypeError(
            `${place} has no field ${JSON.stringify(name)}; declare it in the state's schema`,
          )
      }
      return `{${text}}`
    },
  }
}

function record({ read, write }: Part): Part {
  return {
    read:
      read === null
        ? null
        : (json) => {
            const value = json as Record<string, unknown>
            for (const name of Object.keys(value)) value[name] = read(value[name])
            return value
          },
    write: (value, place) => {
      if (value === undefined) return null
      if (!isObject(value)) throw misfit(place, "an object", value)
      let text = ""
      for (const name of Object.keys(value)) {
        const written = write(value[name], `${place}[${JSON.stringify(name)}]`)
        if (written !== null) text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${written}`
      }
      return `{${text}}`
    },
  }
}

function array({ read, write }: Part): Part {
  return {
    read: read === null ? null : (json) => (json as unknown[]).map(read),
    write: (value, place) => {
      if (value === undefined) return null
      if (!Array.isArray(value)) throw misfit(place, "an array", value)
      let text = ""
      for (let k = 0; k < value.length; k++) {
        const written = write(value[k], `${place}[${k}]`)
        if (written === null) throw misfit(`${place}[${k}]`, "a value", undefined)
        text += k === 0 ? written : `,${written}`
      }
      return `[${text}]`
    },
  }
}

function tuple(parts: readonly Part[]): Part {
  const isPlain = parts.every(({ read }) => read === null)
  return {
    read: isPlain ? null : (json) => (json as unknown[]).map((item, k) => parts[k]!.read?.(item) ?? item),
    write: (value, place) => {
      if (value === undefined) return null
      if (!Array.isArray(value) || value.length !== parts.length)
        throw misfit(place, `an array of ${parts.length}`, value)
      const texts = parts.map((part, k) => {
        const written = part.write(value[k], `${place}[${k}]`)
        if (written === null) throw misfit(`${place}[${k}]`, "a value", undefined)
        return written
      })
      return `[${texts.join()}]`
    },
  }
}

function union(options: readonly { readonly schema: z.ZodType; readonly part: Part }[]): Part {
  return {
    read: (json) => {
      const [option, value] = json as [number, unknown]
      const { part } = options[option]!
      return part.read === null ? value : part.read(value)
    },
    write: (value, place) => {
      if (value === undefined) return null
      const option = options.findIndex(({ schema }) => schema.safeParse(value).success)
      if (option < 0) throw misfit(place, "a value of one of the union's types", value)
      return `[${option},${options[option]!.part.write(value, place)}]`
    },
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function misfit(place: string, expected: string, value: unknown): Error {
  const got = value === null ? "null" : Array.isArray(value) ? "an array" : describeValue(value)
  return new TypeError(`${place} is ${got}, and ${expected} is expected`)
}

function describeValue(value: unknown): string {
  if (typeof value === "object") return `an object of ${(value as object).constructor?.name ?? "no class"}`
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : String(value)
}
