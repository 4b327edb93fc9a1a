/** Values of ClickHouse's tables as the doors write them: the JSON of columns/json-out.ts. */
import { formatScalar } from "../../columns/json-out.ts"
import type { LogicalType } from "../../columns/types.ts"

export type JsonCell = string | number | boolean | null

/** How a column leaves ClickHouse so that jsonCell can read it. */
export function textSql(type: LogicalType, sql: string): string {
  return type.kind === "bytes" ? `hex(${sql})` : `toString(${sql})`
}

export function jsonCell(type: LogicalType, text: string | null): JsonCell {
  if (text === null) return null
  switch (type.kind) {
    case "boolean":
      return text === "1"
    case "int32":
      return Number(text)
    case "float64":
      return floatCell(text)
    case "decimal":
    case "timestamp":
      return formatScalar(type, BigInt(text))
    case "date":
      return formatScalar(type, Number(text))
    case "bytes":
      return Buffer.from(text, "hex").toString("base64")
    default:
      return text
  }
}

function floatCell(text: string): JsonCell {
  const special: Readonly<Record<string, string>> = { nan: "NaN", inf: "Infinity", "-inf": "-Infinity" }
  return special[text] ?? Number(text)
}
