/**
 * Numbers as text, without rounding: JSON's number grammar to integers and to unscaled decimals, and back.
 * The work is linear in the text's length whatever the exponent says: "1e999999999" is refused, not computed.
 */

/** value = (negative ? -1 : 1) * digits * 10^exponent; digits without zeros at either end, "" for zero. */
export interface ExactNumber {
  readonly negative: boolean
  readonly digits: string
  readonly exponent: number
}

/** Why a number does not fit the type that it was read for. */
export type Misfit = "not-a-number" | "not-an-integer" | "too-many-fraction-digits" | "too-large"

export const MIN_INT64 = -(2n ** 63n)
export const MAX_INT64 = 2n ** 63n - 1n

const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** More digits than any type holds: 128 bits have 39. */
const MAX_INTEGER_DIGITS = 40

/** Null when the text is not a JSON number. */
export function parseExactNumber(text: string): ExactNumber | null {
  const match = NUMBER.exec(text)
  if (match === null) return null
  const fraction = match[3] ?? ""
  const all = match[2] + fraction
  let first = 0
  let last = all.length
  while (first < last && all[first] === "0") first++
  while (last > first && all[last - 1] === "0") last--
  const exponent = Number(match[4] ?? 0) - fraction.length + (all.length - last)
  return { negative: match[1] === "-", digits: all.slice(first, last), exponent }
}

/** A whole number of at most 64 bits: "12", "1.20e2". */
export function parseInt64(text: string): bigint | Misfit {
  const value = scaled(text, 0)
  if (typeof value === "string") return value === "too-many-fraction-digits" ? "not-an-integer" : value
  return value < MIN_INT64 || value > MAX_INT64 ? "too-large" : value
}

/** The decimal's value times 10^scale, at most `precision` digits. */
export function parseUnscaled(text: string, precision: number, scale: number): bigint | Misfit {
  const value = scaled(text, scale)
  if (typeof value === "string") return value
  const limit = 10n ** BigInt(precision)
  return value >= limit || value <= -limit ? "too-large" : value
}

/**
 * The number times 10^scale, cut towards minus infinity, as instants are; null when it is no number or huge.
 */
export function parseScaledFloor(text: string, scale: number): bigint | null {
  const number = parseExactNumber(text)
  if (number === null) return null
  const shift = number.exponent + scale
  if (number.digits.length + shift > MAX_INTEGER_DIGITS) return number.digits === "" ? 0n : null
  if (shift >= 0) return signed(number, BigInt(number.digits) * 10n ** BigInt(shift))
  const whole = number.digits.slice(0, Math.max(0, number.digits.length + shift))
  const cut = BigInt(whole)
  return number.negative ? -cut - 1n : cut
}

/** `unscaled` / 10^scale with exactly `scale` fraction digits: (-150n, 2) is "-1.50". */
export function formatUnscaled(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? "-" : ""
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0")
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function scaled(text: string, scale: number): bigint | Misfit {
  const number = parseExactNumber(text)
  if (number === null) return "not-a-number"
  if (number.digits === "") return 0n
  const shift = number.exponent + scale
  if (shift < 0) return "too-many-fraction-digits"
  if (number.digits.length + shift > MAX_INTEGER_DIGITS) return "too-large"
  return signed(number, BigInt(number.digits) * 10n ** BigInt(shift))
}

function signed(number: ExactNumber, magnitude: bigint): bigint {
  return number.negative ? -magnitude : magnitude
}
