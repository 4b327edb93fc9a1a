/**
 * Exact sums beyond a machine word, as generated code and these helpers keep them in a slot:
 *   limbs   int32      two doubles, value = low + high * 2^32, carried when low reaches 2^52
 *   words   64-bit     a signed low word and a signed count of its overflows: value = low + high * 2^64
 *   wide    128-bit    three words, two's complement, low first
 *   float   float64    Neumaier's sum and compensation, then counts of NaN, +Infinity and -Infinity, so that a
 *                      retracted special value leaves no trace
 */
import type { PageStore } from "../state/page-store.ts"

export const LIMB_CARRY = 4_503_599_627_370_496
const TWO_32 = 4_294_967_296n

export function readLimbs(store: PageStore, at: number): bigint {
  return BigInt(store.f64[at + 1]!) * TWO_32 + BigInt(store.f64[at]!)
}

/** For weights other than one. */
export function addLimbs(store: PageStore, at: number, value: number, weight: number): void {
  const sum = readLimbs(store, at) + BigInt(value) * BigInt(weight)
  store.f64[at + 1] = Number(sum >> 32n)
  store.f64[at] = Number(BigInt.asUintN(32, sum))
}

export function readWords(store: PageStore, at: number): bigint {
  return store.i64[at]! + (store.i64[at + 1]! << 64n)
}

export function addWords(store: PageStore, at: number, value: bigint, weight: number): void {
  const sum = readWords(store, at) + value * BigInt(weight)
  const low = BigInt.asIntN(64, sum)
  store.i64[at] = low
  store.i64[at + 1] = (sum - low) >> 64n
}

export function readTriple(store: PageStore, at: number): bigint {
  const { i64 } = store
  return (i64[at + 2]! << 128n) + (BigInt.asUintN(64, i64[at + 1]!) << 64n) + BigInt.asUintN(64, i64[at]!)
}

export function addTriple(store: PageStore, at: number, value: bigint, weight: number): void {
  const sum = readTriple(store, at) + value * BigInt(weight)
  store.i64[at] = BigInt.asIntN(64, sum)
  store.i64[at + 1] = BigInt.asIntN(64, sum >> 64n)
  store.i64[at + 2] = sum >> 128n
}

/** The float sum, or undefined when finite values have left the range of doubles. */
export function readFloatSum(store: PageStore, at: number): number | undefined {
  const { f64 } = store
  const [nan, positive, negative] = [f64[at + 2]!, f64[at + 3]!, f64[at + 4]!]
  if (nan > 0 || (positive > 0 && negative > 0)) return Number.NaN
  if (positive > 0) return Number.POSITIVE_INFINITY
  if (negative > 0) return Number.NEGATIVE_INFINITY
  const sum = f64[at]! + f64[at + 1]!
  return Number.isFinite(sum) ? sum + 0 : undefined
}

/** numerator * 10^shift / count, rounded half away from zero. */
export function divideRounded(numerator: bigint, count: bigint, shift: number): bigint {
  const scaled = (numerator < 0n ? -numerator : numerator) * 10n ** BigInt(shift)
  const quotient = (scaled * 2n + count) / (count * 2n)
  return numerator < 0n ? -quotient : quotient
}
