/**
 * Exact sums beyond a machine word, as generated code and these helpers keep them in a slot:
 *   limbs   int32      two doubles, value = low + high * 2^32, carried when low reaches 2^52
 *   words   64-bit     three doubles, value = low + middle * 2^32 + high * 2^64: the input's halves are added
 *                      apart, without a BigInt, and carried when one of the sums reaches 2^52
 *   wide    128-bit    three words, two's complement, low first
 *   float   float64    Neumaier's sum and compensation, then counts of NaN, +Infinity and -Infinity, so that
 *                      a retracted special value leaves no trace
 */
import { assertNever } from "../../std/assert.ts"
import type { PageStore } from "../state/page-store.ts"

export type SumKind = "limbs" | "words" | "wide" | "float"

export const LIMB_CARRY = 4_503_599_627_370_496
const TWO_32 = 4_294_967_296n
const TWO_64 = TWO_32 * TWO_32

export function readLimbs(store: PageStore, at: number): bigint {
  return BigInt(store.f64[at + 1]!) * TWO_32 + BigInt(store.f64[at]!)
}

/** For weights other than one. */
export function addLimbs(store: PageStore, at: number, value: number, weight: number): void {
  writeLimbs(store, at, readLimbs(store, at) + BigInt(value) * BigInt(weight))
}

function writeLimbs(store: PageStore, at: number, sum: bigint): void {
  store.f64[at + 1] = Number(sum >> 32n)
  store.f64[at] = Number(BigInt.asUintN(32, sum))
}

export function readWords(store: PageStore, at: number): bigint {
  const { f64 } = store
  return BigInt(f64[at]!) + BigInt(f64[at + 1]!) * TWO_32 + BigInt(f64[at + 2]!) * TWO_64
}

/** When the generated addition of halves has left a sum beyond 2^52. */
export function carryWords(store: PageStore, at: number): void {
  writeWords(store, at, readWords(store, at))
}

/** For weights other than one, which could make a half's product inexact. */
export function addWords(store: PageStore, at: number, low: number, high: number, weight: number): void {
  const value = BigInt(low >>> 0) + BigInt(high) * TWO_32
  writeWords(store, at, readWords(store, at) + value * BigInt(weight))
}

export function writeWords(store: PageStore, at: number, sum: bigint): void {
  store.f64[at] = Number(BigInt.asUintN(32, sum))
  store.f64[at + 1] = Number(BigInt.asUintN(32, sum >> 32n))
  store.f64[at + 2] = Number(sum >> 64n)
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

/** The sum at `from` is added to that at `at`. */
export function addSum(store: PageStore, kind: SumKind, at: number, from: number): void {
  const { f64 } = store
  switch (kind) {
    case "limbs":
      writeLimbs(store, at, readLimbs(store, at) + readLimbs(store, from))
      return
    case "words":
      writeWords(store, at, readWords(store, at) + readWords(store, from))
      return
    case "wide":
      addTriple(store, at, readTriple(store, from), 1)
      return
    case "float":
      addFloat(store, at, f64[from]!)
      addFloat(store, at, f64[from + 1]!)
      for (let special = 2; special < 5; special++) f64[at + special]! += f64[from + special]!
      return
    default:
      assertNever(kind)
  }
}

/** As generated code adds a finite value. */
function addFloat({ f64 }: PageStore, at: number, value: number): void {
  const before = f64[at]!
  const after = before + value
  f64[at + 1]! += Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before
  f64[at] = after
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
