/**
 * Approximate percentiles by DDSketch (Masson, Rim, Lee, VLDB 2019): values are counted in buckets whose
 * bounds grow by a constant factor, so that every value of a bucket is within 1 % of its middle. Buckets are
 * counts: sketches are added up by adding them, and a value that is withdrawn leaves no trace.
 *
 *   -Infinity … -1 … | 0 | … 0.98  1  1.02 … Infinity | NaN
 */

/** No answer is further from the exact percentile than this, relative to it. */
export const RELATIVE_ERROR = 0.01

const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const LOG_GROWTH = Math.log(GROWTH)
/** From a bucket's upper bound down to its middle: 2 / (1 + growth). */
const LOG_MIDDLE = Math.log((GROWTH + 1) / 2)
/** Makes the buckets of the smallest doubles positive: ln(5e-324) / ln(1.02) is about -37,222. */
const OFFSET = 40_000
const INFINITE = 100_000
const NAN_BUCKET = INFINITE + 1
export const MAX_BUCKET = NAN_BUCKET

/** Buckets are in the order of their values; NaN is the greatest. */
export function bucketOf(x: number): number {
  if (Number.isNaN(x)) return NAN_BUCKET
  if (x === 0) return 0
  const magnitude = Math.abs(x)
  const bucket =
    magnitude === Number.POSITIVE_INFINITY ? INFINITE : OFFSET + Math.ceil(Math.log(magnitude) / LOG_GROWTH)
  return x < 0 ? -bucket : bucket
}

/** The middle of a bucket. */
export function valueOfBucket(bucket: number): number {
  if (bucket === NAN_BUCKET) return Number.NaN
  if (bucket === 0) return 0
  const place = Math.abs(bucket)
  if (place === INFINITE) return bucket < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const middle = Math.min(Number.MAX_VALUE, Math.exp((place - OFFSET) * LOG_GROWTH - LOG_MIDDLE))
  return bucket < 0 ? -middle : middle
}
