/**
 * Which decimal(precision, scale) a calculation gives. PostgreSQL's numeric carries its scale in each value;
 * a column needs one for all rows. The rules keep PostgreSQL's value exactly wherever it has an exact one,
 * and otherwise round it half away from zero to at least 16 places. No type is wider than 38 digits: a value
 * that does not fit its type fails as numeric-out-of-range, it is never cut.
 */
import type { LogicalType, Scalar } from "../columns/types.ts"
import { decimal, MAX_PRECISION } from "../columns/types.ts"
import type { ArgumentType, Literals } from "./catalogue/entry.ts"

/** Places of a result that has no exact form, as PostgreSQL's NUMERIC_MIN_SIG_DIGITS. */
export const INEXACT_SCALE = 16
const INT32_DIGITS = 10
const INT64_DIGITS = 19

export interface DecimalShape {
  readonly precision: number
  readonly scale: number
}

/** What `numeric` without precision means for a value of this type. */
export function decimalFor(type: ArgumentType, literal?: Scalar): LogicalType {
  if (type !== "unknown") {
    if (type.kind === "decimal") return type
    if (type.kind === "int32") return decimal(INT32_DIGITS, 0)
    if (type.kind === "int64") return decimal(INT64_DIGITS, 0)
  }
  if (typeof literal === "string") return decimalOfText(literal) ?? decimal(MAX_PRECISION, INEXACT_SCALE)
  return literal === null ? decimal(1, 0) : decimal(MAX_PRECISION, INEXACT_SCALE)
}

/** The narrowest type of a plain decimal numeral; null for other spellings. */
export function decimalOfText(text: string): LogicalType | null {
  const match = /^\s*[+-]?0*(\d*)(?:\.(\d*))?\s*$/.exec(text)
  const [, whole = "", fraction = ""] = match ?? []
  const precision = whole.length + fraction.length
  if (match === null || precision > MAX_PRECISION || !/\d/.test(text)) return null
  return decimal(Math.max(1, precision), fraction.length)
}

export function shapeOf(type: LogicalType | undefined): DecimalShape {
  const shape = decimalFor(type ?? "unknown")
  return shape as LogicalType & { kind: "decimal" }
}

const wholeDigits = (shape: DecimalShape) => shape.precision - shape.scale

/** At most 38 digits: the scale is kept, whole digits give way. */
function bounded(whole: number, scale: number): LogicalType {
  const places = Math.min(scale, MAX_PRECISION)
  return decimal(Math.max(1, Math.min(MAX_PRECISION, whole + places)), places)
}

/** Holds every value of both: for CASE, COALESCE, UNION, greatest. */
export function commonDecimal(a: LogicalType, b: LogicalType): LogicalType {
  const [x, y] = [shapeOf(a), shapeOf(b)]
  return bounded(Math.max(wholeDigits(x), wholeDigits(y)), Math.max(x.scale, y.scale))
}

export function sumType(args: readonly LogicalType[]): LogicalType {
  const [x, y] = [shapeOf(args[0]), shapeOf(args[1])]
  return bounded(Math.max(wholeDigits(x), wholeDigits(y)) + 1, Math.max(x.scale, y.scale))
}

/** Exact while the digits of both fit into 38; beyond that as many places as fit, but no fewer than a
 *  quotient would have. */
export function productType(args: readonly LogicalType[]): LogicalType {
  const [x, y] = [shapeOf(args[0]), shapeOf(args[1])]
  const whole = wholeDigits(x) + wholeDigits(y)
  const least = Math.max(INEXACT_SCALE, x.scale, y.scale)
  return bounded(whole, Math.min(x.scale + y.scale, Math.max(least, MAX_PRECISION - whole)))
}

export function quotientType(args: readonly LogicalType[]): LogicalType {
  const [x, y] = [shapeOf(args[0]), shapeOf(args[1])]
  return bounded(wholeDigits(x) + y.scale, Math.max(INEXACT_SCALE, x.scale, y.scale))
}

export function remainderType(args: readonly LogicalType[]): LogicalType {
  const [x, y] = [shapeOf(args[0]), shapeOf(args[1])]
  return bounded(Math.min(wholeDigits(x), wholeDigits(y)), Math.max(x.scale, y.scale))
}

export function sameDecimal(args: readonly LogicalType[]): LogicalType {
  return decimalFor(args[0] ?? "unknown")
}

/** ceil, floor, round and trunc to whole numbers: 9.9 becomes 10. */
export function wholeType(args: readonly LogicalType[]): LogicalType {
  return bounded(wholeDigits(shapeOf(args[0])) + 1, 0)
}

/** round(x, n), trunc(x, n): n places when n is a literal, else x's own. */
export function roundedType(args: readonly LogicalType[], literals: Literals): LogicalType {
  const shape = shapeOf(args[0])
  const places = literals[1]
  const scale = typeof places === "number" ? Math.max(0, places) : shape.scale
  return bounded(wholeDigits(shape) + 1, scale)
}

export function rootType(args: readonly LogicalType[]): LogicalType {
  const shape = shapeOf(args[0])
  return bounded(Math.ceil(wholeDigits(shape) / 2) + 1, Math.max(INEXACT_SCALE, shape.scale))
}
