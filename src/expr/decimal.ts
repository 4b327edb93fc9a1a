/**
 * Exact decimals as unscaled bigints (value * 10^scale). All rounding is half away from zero, as PostgreSQL's
 * numeric rounds.
 */
import { MAX_PRECISION } from "../columns/types.ts"

const POWERS: readonly bigint[] = Array.from({ length: 2 * MAX_PRECISION + 3 }, (_, n) => 10n ** BigInt(n))

/** 10^exponent, for 0 <= exponent. */
export function powerOfTen(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent)
}

/** dividend / divisor rounded half away from zero; divisor is not 0. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  const remainder = dividend - quotient * divisor
  const twice = remainder < 0n ? -2n * remainder : 2n * remainder
  if (twice < (divisor < 0n ? -divisor : divisor)) return quotient
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n
}

/** The same value at another scale. */
export function rescale(unscaled: bigint, from: number, to: number): bigint {
  if (to >= from) return unscaled * powerOfTen(to - from)
  return divideRounded(unscaled, powerOfTen(from - to))
}

/** The same value at another scale, digits beyond it dropped. */
export function truncateScale(unscaled: bigint, from: number, to: number): bigint {
  return to >= from ? unscaled * powerOfTen(to - from) : unscaled / powerOfTen(from - to)
}

/** True when the value has at most `precision` digits. */
export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const limit = powerOfTen(precision)
  return unscaled < limit && unscaled > -limit
}

/** sum (unscaled, at `sumScale`) / count at `scale`: the last step of avg. */
export function averageDecimal(sum: bigint, count: bigint, scales: { sum: number; result: number }): bigint {
  const shift = scales.result - scales.sum
  return shift >= 0
    ? divideRounded(sum * powerOfTen(shift), count)
    : divideRounded(sum, count * powerOfTen(-shift))
}

/** `-12.50` for (-1250n, 2): always `scale` places, as PostgreSQL prints numeric(p, scale). */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString()
  const sign = unscaled < 0n ? "-" : ""
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, "0")
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

const NUMERAL =
  /^[ \t\n\r\v\f]*([+-]?)(?:(\d+(?:_\d+)*)?(?:\.(\d+(?:_\d+)*)?)?)(?:[eE]([+-]?\d+(?:_\d+)*))?[ \t\n\r\v\f]*$/
const PREFIXED =
  /^[ \t\n\r\v\f]*([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)[ \t\n\r\v\f]*$/
/** PostgreSQL's numeric takes exponents up to this; more could only make us compute a huge power. */
const MAX_EXPONENT = 16_384

/** A numeral as its exact value, or null when the text is not one. */
export function parseNumeral(text: string): { readonly unscaled: bigint; readonly scale: number } | null {
  const prefixed = PREFIXED.exec(text)
  if (prefixed !== null) {
    const value = BigInt(prefixed[2]!.toLowerCase().replaceAll("_", ""))
    return { unscaled: prefixed[1] === "-" ? -value : value, scale: 0 }
  }
  const match = NUMERAL.exec(text)
  if (match === null || (match[2] === undefined && match[3] === undefined)) return null
  const [, sign, whole = "", fraction = "", exponentText = "0"] = match
  const exponent = Number(exponentText.replaceAll("_", ""))
  const digits = BigInt((whole + fraction).replaceAll("_", ""))
  const unscaled = sign === "-" ? -digits : digits
  if (unscaled === 0n) return { unscaled, scale: 0 }
  const scale = fraction.replaceAll("_", "").length - exponent
  if (Math.abs(exponent) > MAX_EXPONENT) return { unscaled: exponent > 0 ? HUGE * unscaled : 0n, scale: 0 }
  return scale >= 0 ? { unscaled, scale } : { unscaled: unscaled * powerOfTen(-scale), scale: 0 }
}

/** Beyond every decimal and integer type. */
const HUGE = 10n ** 100n
