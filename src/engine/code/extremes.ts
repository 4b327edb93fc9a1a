/**
 * Smallest and greatest values over append-only input: one field per aggregate, compared as PostgreSQL does.
 */
import type { LogicalType } from "../../columns/types.ts"
import type { PageStore } from "../state/page-store.ts"

/** Bytes compared as unsigned; the shorter one first when it is a prefix. */
export function compareBytes(
  a: Uint8Array,
  startA: number,
  lengthA: number,
  b: Uint8Array,
  startB: number,
  lengthB: number,
): number {
  const shorter = lengthA < lengthB ? lengthA : lengthB
  for (let k = 0; k < shorter; k++) {
    const difference = a[startA + k]! - b[startB + k]!
    if (difference !== 0) return difference
  }
  return lengthA - lengthB
}

export function readWideWord(store: PageStore, at: number): bigint {
  return (store.i64[at + 1]! << 64n) + BigInt.asUintN(64, store.i64[at]!)
}

export function writeWideWord(store: PageStore, at: number, value: bigint): void {
  store.i64[at] = BigInt.asIntN(64, value)
  store.i64[at + 1] = value >> 64n
}

/** Condition under which `value` replaces `current`, for types that fit one local each. */
export function replaces(type: LogicalType, name: "min" | "max", value: string, current: string): string {
  if (type.kind !== "float64") return name === "min" ? `${value} < ${current}` : `${value} > ${current}`
  return name === "min"
    ? `${value} < ${current} || (${current} !== ${current} && ${value} === ${value})`
    : `${value} > ${current} || ${value} !== ${value}`
}
