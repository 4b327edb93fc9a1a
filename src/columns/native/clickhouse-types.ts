/**
 * Logical types in ClickHouse: one spelling each, chosen so that no value changes on the way.
 * | kind      | ClickHouse            | in a Native column                               |
 * |-----------|-----------------------|--------------------------------------------------|
 * | boolean   | Bool                  | 1 byte                                           |
 * | int32     | Int32                 | 4 bytes                                          |
 * | int64     | Int64                 | 8 bytes                                          |
 * | float64   | Float64               | 8 bytes                                          |
 * | decimal   | Decimal(p, s)         | 4, 8 or 16 bytes for up to 9, 18 or 38 digits    |
 * | string    | String                | length as varint, bytes                          |
 * | bytes     | String                | the same                                         |
 * | json      | String                | the same: the producer's text, digit by digit    |
 * | timestamp | DateTime64(6, 'UTC')  | 8 bytes                                          |
 * | date      | Date32                | 4 bytes                                          |
 * A nullable column is Nullable(T): a byte a row (1 = null), then the values.
 */
import { assert } from "../../std/assert.ts"
import type { Column, LogicalType } from "../types.ts"
import { wordsPerRow } from "../vector.ts"

/** Digits of a decimal that ClickHouse keeps in four bytes. */
const MAX_DECIMAL32_DIGITS = 9

/** Half as wide in ClickHouse as in our vectors. */
export function isNarrowDecimal(type: LogicalType): boolean {
  return type.kind === "decimal" && type.precision <= MAX_DECIMAL32_DIGITS
}

/** Of a fixed-width value in our vectors. */
export function vectorBytesPerRow(type: LogicalType): number {
  if (type.kind === "boolean") return 1
  if (type.kind === "int32" || type.kind === "date") return 4
  return 8 * wordsPerRow(type)
}

export function clickhouseType({ type, nullable }: Pick<Column, "type" | "nullable">): string {
  const spelling = plainType(type)
  return nullable ? `Nullable(${spelling})` : spelling
}

function plainType(type: LogicalType): string {
  switch (type.kind) {
    case "boolean":
      return "Bool"
    case "int32":
      return "Int32"
    case "int64":
      return "Int64"
    case "float64":
      return "Float64"
    case "decimal":
      return `Decimal(${type.precision}, ${type.scale})`
    case "string":
    case "bytes":
    case "json":
      return "String"
    case "timestamp":
      return "DateTime64(6, 'UTC')"
    case "date":
      return "Date32"
    case "interval":
      assert(false, "no column is an interval")
  }
}
