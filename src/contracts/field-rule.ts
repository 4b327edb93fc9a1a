/**
 * What a producer may send for one field, as data: the JSON form that is read into the column, and the checks
 * on its value. field-mapping.ts makes it from a zod schema; decoders, JSON Schema and fingerprints are made
 * from it.
 */
import type { z } from "zod"
import type { LogicalType } from "../columns/types.ts"
import type { EpochUnit } from "./field-types.ts"

/** The JSON that is read into a column of the field's type. */
export type ValueForm =
  | { readonly kind: "boolean" | "int32" | "float64" | "string" | "bytes" | "date" | "json" }
  /** `strings`: a JSON string is taken as well as a number. */
  | { readonly kind: "int64"; readonly strings: boolean }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "timestamp"; readonly dialect: TimestampDialect }
  | { readonly kind: "epoch"; readonly unit: EpochUnit }

/**
 * rfc3339: any offset, T and Z in either case, at most nine fraction digits. zulu: capital T and Z and any
 * number of fraction digits, as z.iso.datetime() takes it. pattern: any offset, any number of fraction
 * digits, and a pattern among the checks says what else holds.
 */
export type TimestampDialect = "rfc3339" | "zulu" | "pattern"

/** A check on the value, beyond its form. What has no kind of its own here is zod's own check. */
export type Check =
  | { readonly kind: "minimum" | "maximum"; readonly value: number | bigint; readonly inclusive: boolean }
  /** Whole numbers only. */
  | { readonly kind: "multiple-of"; readonly value: bigint }
  /** In Unicode code points. */
  | { readonly kind: "min-length" | "max-length"; readonly length: number }
  | { readonly kind: "one-of"; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: "pattern"; readonly pattern: RegExp; readonly name: string }
  /** The rule's `schema` decides; `label` names the check in fingerprints. */
  | { readonly kind: "zod"; readonly label: string }

export interface Mapped {
  readonly form: ValueForm
  readonly checks: readonly Check[]
}

export interface FieldRule extends Mapped {
  /** JSON null is taken, and stored as NULL. */
  readonly acceptsNull: boolean
  /** What a missing key stands for, as JSON text; null: NULL. */
  readonly defaultText: string | null
  /** Checks hang on optional() or nullable() themselves, so zod also judges null and missing values. */
  readonly judgesAbsence: boolean
  /** The whole field's schema; gives the words of a refusal, and decides where a check is of kind "zod".
   *  Null for contracts that were not written with zod. */
  readonly schema: z.ZodType | null
}

/** The rule of a column type without checks. */
export function plainRule(type: LogicalType, acceptsNull: boolean): FieldRule {
  return {
    form: plainForm(type),
    checks: [],
    acceptsNull,
    defaultText: null,
    judgesAbsence: false,
    schema: null,
  }
}

function plainForm(type: LogicalType): ValueForm {
  switch (type.kind) {
    case "int64":
      return { kind: "int64", strings: true }
    case "timestamp":
      return { kind: "timestamp", dialect: "rfc3339" }
    case "decimal":
      return type
    case "interval":
      return { kind: "string" }
    default:
      return { kind: type.kind }
  }
}

/** The column type that values of a form are stored in. */
export function columnType(form: ValueForm): LogicalType {
  switch (form.kind) {
    case "decimal":
      return { kind: "decimal", precision: form.precision, scale: form.scale }
    case "timestamp":
    case "epoch":
      return { kind: "timestamp" }
    default:
      return { kind: form.kind }
  }
}
