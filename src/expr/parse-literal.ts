/** An untyped literal in SQL text becomes a constant of the type that its place asks for. */
import type { LogicalType, Scalar } from "../columns/types.ts"
import { typeName } from "../columns/types.ts"
import { assertNever } from "../std/assert.ts"
import { parseBytes } from "./values/bytes-text.ts"
import { takeFailure } from "./values/failure-register.ts"
import { parseInterval } from "./values/interval-text.ts"
import { parseJsonText } from "./values/json-text.ts"
import { parseBoolean, parseDecimal, parseFloat64, parseInt32, parseInt64 } from "./values/number-text.ts"
import { parseDate, parseTimestamp } from "./values/time-text.ts"

export type LiteralValue = { readonly value: Scalar } | { readonly failure: string }

/** Reads `text` by PostgreSQL's input syntax for the type. The failure completes "… is not valid here: ". */
export function parseLiteral(text: string, type: LogicalType): LiteralValue {
  const value = parseAs(text, type)
  const failure = takeFailure()
  if (failure === "none") return { value }
  return { failure: `"${text}" ${REASONS[failure] ?? "is not a valid"} ${typeName(type)}` }
}

const REASONS: Readonly<Record<string, string>> = {
  "invalid-cast": "is not a valid",
  "integer-out-of-range": "is out of range for",
  "numeric-out-of-range": "is out of range for",
  "timestamp-out-of-range": "does not exist or is out of range for",
}

/** Raises failures in the register. */
export function parseAs(text: string, type: LogicalType): Scalar {
  switch (type.kind) {
    case "boolean":
      return parseBoolean(text)
    case "int32":
      return parseInt32(text)
    case "int64":
      return parseInt64(text)
    case "float64":
      return parseFloat64(text)
    case "decimal":
      return parseDecimal(text, type.precision, type.scale)
    case "string":
      return text
    case "bytes":
      return parseBytes(text)
    case "json":
      return parseJsonText(text)
    case "timestamp":
      return parseTimestamp(text)
    case "date":
      return parseDate(text)
    case "interval":
      return parseInterval(text)
    default:
      return assertNever(type)
  }
}
