/**
 * What statistics over pairs (y, x) of floats are computed from, beside the count of pairs:
 *   running  pairs that only come: the first y and x, of the distances from them the means, and by Welford
 *            ("Note on a method for calculating corrected sums of squares and products", 1962) the sums of
 *            squared deviations and of their product, which are exactly zero where all values are equal
 *   exact    pairs that are taken back too: the sums of y, x, y^2, x^2 and y * x without any rounding
 * Then what is no finite number: counts of such y and of such x, after which nothing but NaN can come out.
 */
import type { PairAggregateName } from "../../expr/expression.ts"
import type { PageStore } from "../state/page-store.ts"
import {
  addShifted,
  FLOAT_EXPONENT,
  FLOAT_PRODUCT_WORDS,
  FLOAT_SUM_WORDS,
  type FloatParts,
  partsOfFloat,
  ratio,
} from "./exact-floats.ts"
import { readLong } from "./long-words.ts"

export type PairsKind = "running" | "exact"

/** Both kinds begin with the counts of what is no finite number. */
const [SPECIAL_Y, SPECIAL_X] = [0, 1]
const [FIRST_Y, FIRST_X, MEAN_Y, MEAN_X, RUNNING_YY, RUNNING_XX, RUNNING_XY] = [2, 3, 4, 5, 6, 7, 8]
const [SUM_Y, SUM_X] = [2, 2 + FLOAT_SUM_WORDS]
const EXACT_YY = 2 + 2 * FLOAT_SUM_WORDS
const EXACT_XX = EXACT_YY + FLOAT_PRODUCT_WORDS
const EXACT_XY = EXACT_XX + FLOAT_PRODUCT_WORDS

export const PAIRS_WORDS: Readonly<Record<PairsKind, number>> = {
  running: RUNNING_XY + 1,
  exact: EXACT_XY + FLOAT_PRODUCT_WORDS,
}

export interface PairsState {
  readonly kind: PairsKind
  readonly at: number
}

/** @param count pairs before this one. */
export function addToRunningPairs(store: PageStore, at: number, y: number, x: number, count: number): void {
  const { f64 } = store
  const plainY = y - y === 0
  const plainX = x - x === 0
  if (count === 0) {
    f64[at + FIRST_Y] = plainY ? y : 0
    f64[at + FIRST_X] = plainX ? x : 0
  }
  const distanceX = x - f64[at + FIRST_X]!
  const deviationX = distanceX - f64[at + MEAN_X]!
  if (plainX) {
    f64[at + MEAN_X] = f64[at + MEAN_X]! + deviationX / (count + 1)
    f64[at + RUNNING_XX] = f64[at + RUNNING_XX]! + deviationX * (distanceX - f64[at + MEAN_X]!)
  } else {
    f64[at + SPECIAL_X] = f64[at + SPECIAL_X]! + 1
  }
  if (!plainY) {
    f64[at + SPECIAL_Y] = f64[at + SPECIAL_Y]! + 1
    return
  }
  const distanceY = y - f64[at + FIRST_Y]!
  const deviationY = distanceY - f64[at + MEAN_Y]!
  f64[at + MEAN_Y] = f64[at + MEAN_Y]! + deviationY / (count + 1)
  f64[at + RUNNING_YY] = f64[at + RUNNING_YY]! + deviationY * (distanceY - f64[at + MEAN_Y]!)
  if (plainX) {
    f64[at + RUNNING_XY] = f64[at + RUNNING_XY]! + deviationY * (distanceX - f64[at + MEAN_X]!)
  }
}

export function addToExactPairs(store: PageStore, at: number, y: number, x: number, weight: number): void {
  const { f64 } = store
  const [partsY, partsX] = [finiteParts(y), finiteParts(x)]
  if (partsY === null) f64[at + SPECIAL_Y] = f64[at + SPECIAL_Y]! + weight
  if (partsX === null) f64[at + SPECIAL_X] = f64[at + SPECIAL_X]! + weight
  const times = BigInt(weight)
  if (partsY !== null) {
    addSum(store, at + SUM_Y, partsY, times)
    addProduct(store, at + EXACT_YY, partsY, partsY, times)
  }
  if (partsX === null) return
  addSum(store, at + SUM_X, partsX, times)
  addProduct(store, at + EXACT_XX, partsX, partsX, times)
  if (partsY !== null) addProduct(store, at + EXACT_XY, partsY, partsX, times)
}

function addSum(store: PageStore, at: number, { mantissa, shift }: FloatParts, times: bigint): void {
  addShifted(store, at, FLOAT_SUM_WORDS, { value: mantissa * times, shift })
}

function addProduct(store: PageStore, at: number, a: FloatParts, b: FloatParts, times: bigint): void {
  const value = a.mantissa * b.mantissa * times
  addShifted(store, at, FLOAT_PRODUCT_WORDS, { value, shift: a.shift + b.shift })
}

const finiteParts = (value: number): FloatParts | null => (value - value === 0 ? partsOfFloat(value) : null)

/**
 * Null where PostgreSQL has NULL, NaN where a value is no finite number; undefined when finite values have
 * left the doubles. The count of pairs is above zero.
 */
export function pairStatistic(
  name: PairAggregateName,
  store: PageStore,
  state: PairsState,
  count: number,
): number | null | undefined {
  const [specialY, specialX] = [store.f64[state.at + SPECIAL_Y]! > 0, store.f64[state.at + SPECIAL_X]! > 0]
  const finite =
    state.kind === "exact" ? exactMoments(store, state.at, count) : runningMoments(store, state.at)
  const moments = {
    ...finite,
    yy: specialY ? Number.NaN : finite.yy,
    xx: specialX ? Number.NaN : finite.xx,
    xy: specialY || specialX ? Number.NaN : finite.xy,
  }
  const value = STATISTICS[name](moments, count)
  if (value === null || Number.isFinite(value)) return value
  return specialY || specialX ? Number.NaN : undefined
}

/** Means, and sums of products of the deviations from them. */
interface Moments {
  readonly meanY: number
  readonly meanX: number
  readonly yy: number
  readonly xx: number
  readonly xy: number
}

const STATISTICS: Readonly<Record<PairAggregateName, (moments: Moments, count: number) => number | null>> = {
  covar_pop: ({ xy }, count) => xy / count,
  covar_samp: ({ xy }, count) => (count < 2 ? null : xy / (count - 1)),
  corr: ({ yy, xx, xy }) => {
    if (xx === 0 || yy === 0) return null
    return Math.max(-1, Math.min(1, xy / (Math.sqrt(xx) * Math.sqrt(yy))))
  },
  regr_sxy: ({ xy }) => xy,
  regr_slope: ({ xx, xy }) => (xx === 0 ? null : xy / xx),
  regr_intercept: ({ meanY, meanX, xx, xy }) => (xx === 0 ? null : meanY - meanX * (xy / xx)),
  regr_r2: ({ yy, xx, xy }) => {
    if (xx === 0) return null
    return yy === 0 ? 1 : (xy / xx) * (xy / yy)
  },
}

function runningMoments({ f64 }: PageStore, at: number): Moments {
  return {
    meanY: f64[at + FIRST_Y]! + f64[at + MEAN_Y]!,
    meanX: f64[at + FIRST_X]! + f64[at + MEAN_X]!,
    yy: f64[at + RUNNING_YY]!,
    xx: f64[at + RUNNING_XX]!,
    xy: f64[at + RUNNING_XY]!,
  }
}

function exactMoments(store: PageStore, at: number, count: number): Moments {
  const n = BigInt(count)
  const sums = (word: number) => readLong(store, at + word, FLOAT_SUM_WORDS)
  const [sumY, sumX] = [sums(SUM_Y), sums(SUM_X)]
  const deviations = (word: number, product: bigint) => {
    const numerator = n * readLong(store, at + word, FLOAT_PRODUCT_WORDS) - product
    return ratio(numerator, n, 2 * FLOAT_EXPONENT)
  }
  return {
    meanY: ratio(sumY, n, FLOAT_EXPONENT),
    meanX: ratio(sumX, n, FLOAT_EXPONENT),
    yy: deviations(EXACT_YY, sumY * sumY),
    xx: deviations(EXACT_XX, sumX * sumX),
    xy: deviations(EXACT_XY, sumY * sumX),
  }
}
