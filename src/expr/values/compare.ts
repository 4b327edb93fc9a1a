/** Order of strings and bytes: collation C, which is the order of UTF-8 bytes and of code points. */
import type { Scalar } from "../../columns/types.ts"

/** UTF-16 puts surrogates below U+E000; moving both ranges restores the order of code points. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

export function compareText(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/** PostgreSQL's order: NaN greatest, strings by bytes. Both values have one type. */
export function compareValues(a: Scalar, b: Scalar): number {
  if (typeof a === "string") return compareText(a, b as string)
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array)
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1
  if (Number.isNaN(b)) return -1
  const [x, y] = [a as number, b as number]
  return x < y ? -1 : x > y ? 1 : 0
}
