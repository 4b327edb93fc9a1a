/**
 * Rows that a handler puts out -> the values of their columns. A column takes what its zod schema says; what
 * does not fit is told by the column's name, and fails the call.
 */
import type { Scalar } from "../../columns/types.ts"
import type { ContractField } from "../../contracts/contract.ts"
import type { FieldRule, ValueForm } from "../../contracts/field-rule.ts"
import { epochMicros } from "../../contracts/field-types.ts"
import { parseDate, parseTimestamp } from "../../std/calendar-text.ts"
import { parseInt64, parseUnscaled } from "../../std/exact-number.ts"

export type OutputWriter = (row: unknown) => Scalar[]

/** Undefined: it does not fit. */
type Write = (value: unknown) => Scalar | undefined

/** @param name of the output, for messages */
export function outputWriter(name: string, fields: readonly ContractField[]): OutputWriter {
  const columns = fields.map((field) => ({ name: field.name, write: columnWriter(field) }))
  const names = new Set(fields.map((field) => field.name))
  return (row) => {
    if (typeof row !== "object" || row === null)
      throw new TypeError(`a row of output ${name} is an object of its columns, not ${String(row)}`)
    const given = row as Record<string, unknown>
    const scalars = new Array<Scalar>(columns.length)
    for (let k = 0; k < columns.length; k++) {
      const column = columns[k]!
      const scalar = column.write(given[column.name])
      if (scalar === undefined) throw misfit(`${name}.${column.name}`, given[column.name])
      scalars[k] = scalar
    }
    for (const key in given) {
      if (!names.has(key) && given[key] !== undefined)
        throw new TypeError(`output ${name} has no column ${JSON.stringify(key)}; declare it`)
    }
    return scalars
  }
}

function columnWriter({ nullable, rule }: ContractField): Write {
  const write = writerOf(rule!.form)
  const absent = absentOf(rule!, nullable, write)
  const checked = rule!.checks.length > 0 || rule!.judgesAbsence ? rule!.schema : null
  return (value) => {
    if (value === undefined) return absent
    if (value === null) return rule!.acceptsNull ? null : undefined
    if (checked !== null && !checked.safeParse(value).success) return undefined
    return write(value)
  }
}

/** What a column that is left out has: its default, or NULL. */
function absentOf(rule: FieldRule, nullable: boolean, write: Write): Scalar | undefined {
  if (rule.defaultText !== null) {
    const value: unknown = rule.form.kind === "int64" ? rule.defaultText : JSON.parse(rule.defaultText)
    return write(value)
  }
  return nullable && (rule.schema === null || rule.schema.safeParse(undefined).success) ? null : undefined
}

function writerOf(form: ValueForm): Write {
  switch (form.kind) {
    case "boolean":
      return (value) => (typeof value === "boolean" ? value : undefined)
    case "string":
      return (value) => (typeof value === "string" && value.isWellFormed() ? value : undefined)
    case "int32":
      return (value) => (typeof value === "number" && (value | 0) === value ? value : undefined)
    case "float64":
      return (value) => (typeof value === "number" && Number.isFinite(value) ? value + 0 : undefined)
    case "int64":
      return numeric((digits) => parseInt64(digits))
    case "decimal":
      return numeric((digits) => parseUnscaled(digits, form.precision, form.scale))
    case "bytes":
      return (value) => (typeof value === "string" ? new Uint8Array(Buffer.from(value, "base64")) : undefined)
    case "json":
      return (value) => JSON.stringify(value)
    case "date":
      return (value) => (typeof value === "string" ? (parseDate(value) ?? undefined) : undefined)
    case "timestamp":
      return (value) => (typeof value === "string" ? (parseTimestamp(value) ?? undefined) : undefined)
    case "epoch":
      return (value) =>
        typeof value === "number" ? (epochMicros(String(value), form.unit) ?? undefined) : undefined
  }
}

function numeric(parse: (digits: string) => bigint | string): Write {
  return (value) => {
    if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "string") return undefined
    const parsed = parse(String(value))
    return typeof parsed === "bigint" ? parsed : undefined
  }
}

function misfit(place: string, value: unknown): Error {
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : describe(value)
  return new TypeError(`column ${place} cannot hold ${shown}`)
}

function describe(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`
  return typeof value === "object" && value !== null ? "an object" : String(value)
}
