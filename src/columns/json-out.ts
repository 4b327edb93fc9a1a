/**
 * Interim: values as text and rows as JSON, until the contracts room's file of the same name takes its place.
 */
import type { Batch } from "./batch.ts"
import { readScalar } from "./scalar.ts"
import type { Column, LogicalType, Scalar } from "./types.ts"

/** Undefined when the text is no value of the type. */
export function parseScalar(type: LogicalType, text: string): Scalar | undefined {
  switch (type.kind) {
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined
    case "int32":
      return /^-?\d+$/.test(text) && Math.abs(Number(text)) < 2 ** 31 ? Number(text) : undefined
    case "int64":
      return /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined
    case "float64":
      return text !== "" && !Number.isNaN(Number(text)) ? Number(text) : undefined
    case "timestamp": {
      const ms = Date.parse(text)
      return Number.isNaN(ms) ? undefined : BigInt(ms) * 1000n
    }
    case "date": {
      const ms = Date.parse(text)
      return Number.isNaN(ms) ? undefined : Math.floor(ms / 86_400_000)
    }
    case "string":
    case "json":
      return text
    default:
      return undefined
  }
}

export function formatScalar(type: LogicalType, value: Scalar): string {
  if (type.kind === "timestamp") return new Date(Number((value as bigint) / 1000n)).toISOString()
  if (type.kind === "date") return new Date((value as number) * 86_400_000).toISOString().slice(0, 10)
  return String(value)
}

export function writeRowsAsJson(
  columns: readonly Column[],
  batch: Batch,
  options: { readonly from: number; readonly to: number; readonly numbers: "json" | "string" },
): string {
  const rows: string[] = []
  for (let row = options.from; row < options.to; row++) {
    const fields = columns.map((column, c) => {
      const value = readScalar(batch.vectors[c]!, row)
      return `${JSON.stringify(column.name)}:${jsonOf(column.type, value, options.numbers)}`
    })
    rows.push(`{${fields.join(",")}}`)
  }
  return `[${rows.join(",")}]`
}

function jsonOf(type: LogicalType, value: Scalar, numbers: "json" | "string"): string {
  if (value === null) return "null"
  if (type.kind === "json") return value as string
  if (type.kind === "int32" || type.kind === "float64" || type.kind === "boolean")
    return JSON.stringify(value)
  if (type.kind === "int64" && numbers === "json") return String(value)
  return JSON.stringify(formatScalar(type, value))
}
