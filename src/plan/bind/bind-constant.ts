/** Constants. A number takes the narrowest of int32, int64 and decimal that holds it, as in PostgreSQL. */
import type { A_Const } from "libpg-query"
import { BOOLEAN, INT32, INT64, MAX_PRECISION } from "../../columns/types.ts"
import { decimalOfText } from "../../expr/decimal-types.ts"
import { parseLiteral } from "../../expr/resolve.ts"
import { findings, Refused } from "../errors.ts"
import { unsupported } from "../unsupported.ts"
import type { Bound } from "./bound.ts"
import { literal, typed } from "./bound.ts"

export function bindConstant(constant: A_Const): Bound {
  const byte = constant.location ?? null
  if (constant.isnull) return { kind: "untyped", text: null, byte }
  if (constant.sval !== undefined) return { kind: "untyped", text: constant.sval.sval ?? "", byte }
  if (constant.boolval !== undefined) return typed(literal(constant.boolval.boolval ?? false, BOOLEAN), byte)
  if (constant.ival !== undefined) return typed(literal(constant.ival.ival ?? 0, INT32), byte)
  if (constant.fval !== undefined) return bindNumeral(constant.fval.fval ?? "0", byte)
  throw new Refused(unsupported("bit-string"), byte)
}

/** What the lexer could not take as a 32-bit integer: larger ones, fractions, exponents. */
function bindNumeral(text: string, byte: number | null): Bound {
  const numeral = text.replaceAll("_", "")
  const whole = wholeNumber(numeral)
  if (whole !== null && BigInt.asIntN(32, whole) === whole) return typed(literal(Number(whole), INT32), byte)
  if (whole !== null && BigInt.asIntN(64, whole) === whole) return typed(literal(whole, INT64), byte)
  const plain = whole === null ? withoutExponent(numeral) : String(whole)
  const type = plain === null ? null : decimalOfText(plain)
  const parsed = plain === null || type === null ? null : parseLiteral(plain, type)
  if (parsed === null || type === null || "failure" in parsed) {
    throw new Refused(findings.badLiteral(`${text} has more than ${MAX_PRECISION} digits`), byte)
  }
  return typed(literal(parsed.value, type), byte)
}

/** Decimal, hexadecimal, octal and binary integers; null for everything with a point or an exponent. */
function wholeNumber(numeral: string): bigint | null {
  const match = /^([+-]?)(\d+|0x[\da-f]+|0o[0-7]+|0b[01]+)$/i.exec(numeral)
  if (match === null) return null
  const magnitude = BigInt(match[2]!)
  return match[1] === "-" ? -magnitude : magnitude
}

/** 1.5e3 -> 1500; null when the digits would not fit any decimal. */
function withoutExponent(numeral: string): string | null {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(numeral)
  if (match === null) return null
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match
  const shift = Number(exponent)
  if (Math.abs(shift) > MAX_PRECISION) return null
  const digits = whole + fraction
  const point = whole.length + shift
  const padded = digits.padEnd(point, "0").padStart(digits.length - Math.min(0, point), "0")
  const at = Math.max(0, point)
  const places = padded.slice(at)
  return `${sign}${padded.slice(0, at) || "0"}${places === "" ? "" : `.${places}`}`
}
