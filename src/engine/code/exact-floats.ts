/**
 * Doubles and their products as whole numbers in several words of a slot: a double is a multiple of 2^-1074,
 * the product of two one of 2^-2148. Sums of them round nothing, so what was added can be taken away without
 * a trace.
 */
import type { PageStore } from "../state/page-store.ts"
import { addLong, bitLength } from "./long-words.ts"

/** Doubles are multiples of 2 to this power. */
export const FLOAT_EXPONENT = -1074
/** For 2^53 doubles, and for as many products. */
export const FLOAT_SUM_WORDS = 34
export const FLOAT_PRODUCT_WORDS = 67

const double = new Float64Array(1)
const bits = new BigUint64Array(double.buffer)
const FRACTION = (1n << 52n) - 1n

/** A finite double is mantissa * 2^shift multiples of 2^-1074. */
export interface FloatParts {
  /** Signed. */
  readonly mantissa: bigint
  readonly shift: number
}

export function partsOfFloat(x: number): FloatParts {
  double[0] = x
  const exponent = Number((bits[0]! >> 52n) & 2047n)
  const fraction = bits[0]! & FRACTION
  const magnitude = exponent === 0 ? fraction : fraction | (1n << 52n)
  return { mantissa: x < 0 ? -magnitude : magnitude, shift: exponent === 0 ? 0 : exponent - 1 }
}

/** Adds value * 2^shift to the words. */
export function addShifted(
  store: PageStore,
  at: number,
  words: number,
  { value, shift }: { readonly value: bigint; readonly shift: number },
): void {
  addLong(store, at, { words, skip: shift >> 6 }, value << BigInt(shift & 63))
}

/** numerator / denominator * 2^exponent; the denominator is positive. */
export function ratio(numerator: bigint, denominator: bigint, exponent: number): number {
  if (numerator === 0n) return 0
  if (numerator < 0n) return -ratio(-numerator, denominator, exponent)
  const shift = 64 - bitLength(numerator) + bitLength(denominator)
  const quotient =
    shift >= 0 ? (numerator << BigInt(shift)) / denominator : (numerator >> BigInt(-shift)) / denominator
  const power = exponent - shift
  const half = Math.trunc(power / 2)
  return Number(quotient) * 2 ** half * 2 ** (power - half)
}
