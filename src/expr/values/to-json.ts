/** A value as PostgreSQL's to_json writes it. */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { assertNever } from "../../std/assert.ts"
import { formatDecimal } from "../decimal.ts"
import { formatBytes } from "./bytes-text.ts"
import { formatFloat64 } from "./number-text.ts"
import { formatDate, formatTimestamp } from "./time-text.ts"

export function jsonOf(value: Scalar, type: LogicalType): string {
  if (value === null) return "null"
  switch (type.kind) {
    case "json":
      return value as string
    case "boolean":
    case "int32":
    case "int64":
      return String(value)
    case "decimal":
      return formatDecimal(value as bigint, type.scale)
    case "float64":
      return Number.isFinite(value) ? formatFloat64(value as number) : `"${formatFloat64(value as number)}"`
    case "string":
      return JSON.stringify(value)
    case "bytes":
      return JSON.stringify(formatBytes(value as Uint8Array))
    case "timestamp": {
      const zone = type.local ? "" : "+00:00"
      return `"${formatTimestamp(value as bigint)
        .replace(" ", "T")
        .replace("+00", zone)}"`
    }
    case "date":
      return JSON.stringify(formatDate(value as number))
    case "interval":
      throw new TypeError("no column holds an interval")
    default:
      return assertNever(type)
  }
}
