/**
 * What variance and standard deviation are computed from, beside count and sum:
 *   int32    sum of squares as three doubles, as exact-sums.ts keeps words
 *   narrow   int64 and decimals of one word: sum of squares as one long integer; wide: decimals of two words
 *   running  float64 that only comes: the first value, and of the others' distances from it mean and sum of
 *            squared deviations by Welford ("Note on a method for calculating corrected sums of squares and
 *            products", 1962), which are exactly zero for equal values; then a count of NaN and infinities
 *   exact    float64 that is taken back too: count, sum and sum of squares without any rounding, as multiples
 *            of 2^-1074 and 2^-2148; then the count of NaN and infinities
 */
import type { LogicalType } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import { divideRounded, powerOfTen } from "../../expr/decimal.ts"
import type { PageStore } from "../state/page-store.ts"
import {
  addShifted,
  FLOAT_EXPONENT,
  FLOAT_PRODUCT_WORDS,
  FLOAT_SUM_WORDS,
  partsOfFloat,
  ratio,
} from "./exact-floats.ts"
import { carryWords, LIMB_CARRY, readWords, writeWords } from "./exact-sums.ts"
import { addLong, integerRoot, readLong } from "./long-words.ts"

export type SquaresKind = "int32" | "narrow" | "wide" | "running" | "exact"

/** 2^63 squared, 2^53 times; 10^38 squared, 2^53 times. */
const LONG_WORDS = { narrow: 3, wide: 5 } as const

export const SQUARES_WORDS: Readonly<Record<SquaresKind, number>> = {
  int32: 3,
  ...LONG_WORDS,
  running: 4,
  exact: 1 + FLOAT_SUM_WORDS + FLOAT_PRODUCT_WORDS,
}

export function squaresKind(type: LogicalType, retracting: boolean): SquaresKind {
  if (type.kind === "int32") return "int32"
  if (type.kind === "float64") return retracting ? "exact" : "running"
  return type.kind === "decimal" && wordsPerRow(type) === 2 ? "wide" : "narrow"
}

/** x^2 = (h * 2^16 + l)^2, put together from products that a double holds. */
export function addSquareOfInt32(store: PageStore, at: number, x: number, weight: number): void {
  if (weight > 1024 || weight < -1024) {
    writeWords(store, at, readWords(store, at) + BigInt(x) * BigInt(x) * BigInt(weight))
    return
  }
  const { f64 } = store
  const [h, l] = [x >> 16, x & 65_535]
  const cross = h * l
  const low = f64[at]! + (l * l + (cross & 32_767) * 131_072) * weight
  const middle = f64[at + 1]! + (h * h + (cross >> 15)) * weight
  f64[at] = low
  f64[at + 1] = middle
  if (low > LIMB_CARRY || low < -LIMB_CARRY || middle > LIMB_CARRY || middle < -LIMB_CARRY) {
    carryWords(store, at)
  }
}

export function addSquareOfBig(
  store: PageStore,
  at: number,
  kind: "narrow" | "wide",
  x: bigint,
  weight: number,
): void {
  addLong(store, at, { words: LONG_WORDS[kind], skip: 0 }, x * x * BigInt(weight))
}

/** @param count values before this one. */
export function addToRunning(store: PageStore, at: number, x: number, count: number): void {
  const { f64 } = store
  if (x - x !== 0) {
    f64[at + 3] = f64[at + 3]! + 1
    return
  }
  if (count === 0) f64[at] = x
  const distance = x - f64[at]!
  const deviation = distance - f64[at + 1]!
  f64[at + 1] = f64[at + 1]! + deviation / (count + 1)
  f64[at + 2] = f64[at + 2]! + deviation * (distance - f64[at + 1]!)
}

export function addToExact(store: PageStore, at: number, x: number, weight: number): void {
  const { f64 } = store
  const count = x - x === 0 ? at : at + SQUARES_WORDS.exact - 1
  if (x - x !== 0 || x === 0) {
    f64[count] = f64[count]! + weight
    return
  }
  f64[count] = f64[count]! + weight
  const { mantissa, shift } = partsOfFloat(x)
  addShifted(store, at + 1, FLOAT_SUM_WORDS, { value: mantissa * BigInt(weight), shift })
  const square = { value: mantissa * mantissa * BigInt(weight), shift: 2 * shift }
  addShifted(store, at + 1 + FLOAT_SUM_WORDS, FLOAT_PRODUCT_WORDS, square)
}

export interface Spread {
  /** Divided by the count, or by one less. */
  readonly of: "pop" | "samp"
  readonly root: boolean
}

/**
 * Of integers and decimals, as an unscaled decimal at `result`; null over too few values.
 * @param sum unscaled, at scale `scale`; `squares` at twice that.
 */
export function exactSpread(
  { of, root }: Spread,
  count: bigint,
  { sum, squares }: { readonly sum: bigint; readonly squares: bigint },
  { scale, result }: { readonly scale: number; readonly result: number },
): bigint | null {
  const less = of === "samp" ? count - 1n : count
  if (less <= 0n) return null
  const numerator = count * squares - sum * sum
  const denominator = count * less
  const shift = 2 * (result - scale)
  if (root) {
    const quadruple = (4n * numerator * powerOfTen(shift)) / denominator
    return (integerRoot(quadruple) + 1n) >> 1n
  }
  const places = result - 2 * scale
  return places >= 0
    ? divideRounded(numerator * powerOfTen(places), denominator)
    : divideRounded(numerator, denominator * powerOfTen(-places))
}

export function readSquares(store: PageStore, at: number, kind: "int32" | "narrow" | "wide"): bigint {
  return kind === "int32" ? readWords(store, at) : readLong(store, at, LONG_WORDS[kind])
}

/** Null over too few values; undefined when finite values have left the doubles. */
export function floatSpread(
  store: PageStore,
  { of, root }: Spread,
  { kind, at, count }: { readonly kind: "running" | "exact"; readonly at: number; readonly count: number },
): number | null | undefined {
  const less = of === "samp" ? count - 1 : count
  if (less <= 0) return null
  const special = store.f64[at + SQUARES_WORDS[kind] - 1]!
  if (special > 0) return Number.NaN
  const variance = kind === "running" ? store.f64[at + 2]! / less : exactVariance(store, at, count, less)
  if (!Number.isFinite(variance)) return undefined
  return root ? Math.sqrt(variance) : variance
}

function exactVariance(store: PageStore, at: number, count: number, less: number): number {
  const sum = readLong(store, at + 1, FLOAT_SUM_WORDS)
  const squares = readLong(store, at + 1 + FLOAT_SUM_WORDS, FLOAT_PRODUCT_WORDS)
  const numerator = BigInt(count) * squares - sum * sum
  return ratio(numerator, BigInt(count) * BigInt(less), 2 * FLOAT_EXPONENT)
}
