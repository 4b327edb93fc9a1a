/** A value as sketches know it: by its text, so that 12 and 12.00 are one. */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { formatDecimal } from "../decimal.ts"
import { jsonOf } from "./to-json.ts"

/** @param value not NULL, of a type that a sketch takes */
export function sketchedText(value: Scalar, type: LogicalType): string {
  if (type.kind === "string") return value as string
  if (type.kind === "decimal") return withoutZeros(formatDecimal(value as bigint, type.scale))
  // -0 is 0.
  return jsonOf(value === 0 ? 0 : value, type)
}

const withoutZeros = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text)
