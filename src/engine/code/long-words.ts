/**
 * Integers of several words in a slot, two's complement, low word first: sums of squares, and floats as whole
 * multiples of the smallest double, so that what was added can be taken away without a trace.
 */
import type { PageStore } from "../state/page-store.ts"

/** Adds `value` times 2^(64 * skip); the sum stays inside the words. */
export function addLong(
  store: PageStore,
  at: number,
  { words, skip }: { readonly words: number; readonly skip: number },
  value: bigint,
): void {
  const { i64 } = store
  let carry = value
  for (let k = skip; k < words && carry !== 0n; k++) {
    const sum = BigInt.asUintN(64, i64[at + k]!) + carry
    i64[at + k] = BigInt.asIntN(64, sum)
    carry = sum >> 64n
  }
}

export function readLong(store: PageStore, at: number, words: number): bigint {
  const { i64 } = store
  let value = i64[at + words - 1]!
  for (let k = words - 2; k >= 0; k--) value = (value << 64n) + BigInt.asUintN(64, i64[at + k]!)
  return value
}

/** The largest whole number whose square is at most `value`. */
export function integerRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((bitLength(value) + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** Of a positive number. */
export function bitLength(value: bigint): number {
  const digits = value.toString(16)
  return (digits.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(digits[0]!, 16)))
}
