/** Numbers, booleans and bytes as PostgreSQL reads and prints them. */
import { fitsPrecision, parseNumeral, rescale } from "../decimal.ts"
import { raise } from "./failure-register.ts"
import { shortestDigits } from "./shortest-digits.ts"

const PREFIXED = `0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+`
const INTEGER = new RegExp(String.raw`^[ \t\n\r\v\f]*([+-]?)(${PREFIXED}|\d+(?:_\d+)*)[ \t\n\r\v\f]*$`)

function parseInteger(text: string): bigint | null {
  const match = INTEGER.exec(text)
  if (match === null) return null
  const value = BigInt(match[2]!.toLowerCase().replaceAll("_", ""))
  return match[1] === "-" ? -value : value
}

export function parseInt64(text: string): bigint {
  const value = parseInteger(text)
  if (value === null) return raise("invalid-cast", 0n)
  return value === BigInt.asIntN(64, value) ? value : raise("integer-out-of-range", 0n)
}

export function parseInt32(text: string): number {
  const value = parseInteger(text)
  if (value === null) return raise("invalid-cast", 0)
  return value === BigInt.asIntN(32, value) ? Number(value) : raise("integer-out-of-range", 0)
}

const FLOAT = /^[ \t\n\r\v\f]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t\n\r\v\f]*$/
const SPECIAL = /^[ \t\n\r\v\f]*(nan|([+-]?)inf(?:inity)?)[ \t\n\r\v\f]*$/i

export function parseFloat64(text: string): number {
  const match = FLOAT.exec(text)
  if (match === null) {
    const special = SPECIAL.exec(text)
    if (special === null) return raise("invalid-cast", 0)
    if (special[1]!.toLowerCase() === "nan") return Number.NaN
    return special[2] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  const value = Number(match[1])
  const underflow = value === 0 && /[1-9]/.test(match[1]!.split(/e/i)[0]!)
  return Number.isFinite(value) && !underflow ? value : raise("numeric-out-of-range", 0)
}

/** The unscaled value at `scale`, rounded half away from zero. */
export function parseDecimal(text: string, precision: number, scale: number): bigint {
  const numeral = parseNumeral(text)
  if (numeral === null) return raise("invalid-cast", 0n)
  const unscaled = rescale(numeral.unscaled, numeral.scale, scale)
  return fitsPrecision(unscaled, precision) ? unscaled : raise("numeric-out-of-range", 0n)
}

const TRUE = new Set(["t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"])
const FALSE = new Set(["f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"])

export function parseBoolean(text: string): boolean {
  const word = text.replace(/^[ \t\n\r\v\f]+|[ \t\n\r\v\f]+$/g, "").toLowerCase()
  if (TRUE.has(word)) return true
  return FALSE.has(word) ? false : raise("invalid-cast", false)
}

/** From this exponent on PostgreSQL writes 1e+15. */
const FIRST_LARGE_EXPONENT = 15
const FIRST_SMALL_EXPONENT = -5

/** The shortest digits that read back as the same double, laid out as PostgreSQL does. */
export function formatFloat64(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  if (value === 0) return Object.is(value, -0) ? "-0" : "0"
  const [mantissa = "", exponentText = ""] = shortestDigits(value).split("e")
  const exponent = Number(exponentText)
  if (exponent < FIRST_LARGE_EXPONENT && exponent > FIRST_SMALL_EXPONENT) return plain(mantissa, exponent)
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`
}

function plain(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith("-") ? "-" : ""
  const digits = mantissa.replace(/[-.]/g, "")
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, "0")
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}
