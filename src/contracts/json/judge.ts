/**
 * The checks of a field that zod itself decides, and the words for any check that failed. Values reach zod as
 * a producer's JSON.parse would give them, except where the field is exact: then as text or bigint.
 */
import type { z } from "zod"
import type { FieldRule } from "../field-rule.ts"
import { hasExactNumbers, parseForSchema } from "../json-field.ts"
import { sliceText } from "./text.ts"

export interface Verdict {
  /** Null: accepted. Else what zod said, and where inside the value. */
  readonly message: string | null
  readonly path: readonly PropertyKey[]
  /** What zod made of the value; the value itself, except for URLs, which lose spaces around them. */
  readonly value: unknown
}

/** Reads a scanned JSON value the way its field's schema wants it. */
export type ValueReader = (bytes: Uint8Array, start: number, end: number) => unknown

export function valueReader(rule: FieldRule): ValueReader {
  const { form, schema } = rule
  if (form.kind === "int64" && form.strings) return (...slice) => toBigInt(sliceText(...slice))
  if (form.kind === "decimal") return (...slice) => unquote(sliceText(...slice))
  if (form.kind === "json" && schema !== null && hasExactNumbers(schema)) {
    return (...slice) => parseForSchema(sliceText(...slice), schema)
  }
  return (...slice) => JSON.parse(sliceText(...slice)) as unknown
}

/** `undefined` stands for a missing key. */
export function judge(schema: z.ZodType, value: unknown): Verdict {
  try {
    const result = schema.safeParse(value)
    if (result.success) return { message: null, path: [], value: result.data }
    const issue = result.error.issues[0]
    return { message: issue?.message ?? "refused by its schema", path: issue?.path ?? [], value }
  } catch (error) {
    // A user's own check threw, or is asynchronous: the row cannot be accepted, and the reason is the
    // check's.
    return {
      message: `its check failed: ${error instanceof Error ? error.message : String(error)}`,
      path: [],
      value,
    }
  }
}

/** "items", ["b", 2] -> "items.b[2]". */
export function joinPath(field: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}.${String(part)}`),
    field,
  )
}

/** Digits of an int64 field, given as a number or as text; the text itself when they are none. */
function toBigInt(text: string): unknown {
  const digits = unquote(text)
  return /^-?\d+$/.test(digits) ? BigInt(digits) : digits
}

function unquote(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text
}
