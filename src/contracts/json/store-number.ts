/**
 * Numbers of the general path into columns. Digits that a double holds exactly are read from the bytes; all
 * other spellings (exponents, more than 15 digits) go through exact-number.ts. Each function returns what is
 * wrong.
 */
import type { Misfit } from "../../std/exact-number.ts"
import { parseInt64, parseUnscaled } from "../../std/exact-number.ts"
import type { EpochUnit } from "../field-types.ts"
import { epochMicros } from "../field-types.ts"
import type { RejectCode } from "../rejections.ts"
import type { ColumnStore } from "./row-store.ts"
import { sliceText } from "./text.ts"

/** Digits that every double has. */
const SAFE_DIGITS = 15

/** bytes[start, end): a number, or what stands between the quotes of a string (`isText`). */
export interface NumberSlice {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly isText: boolean
}

export function storeInt32(
  { bytes, start, end }: NumberSlice,
  column: ColumnStore,
  row: number,
): RejectCode | null {
  let whole: number | bigint | Misfit = plainWhole(bytes, start, end)
  if (Number.isNaN(whole)) {
    const exact = parseInt64(sliceText(bytes, start, end))
    if (typeof exact === "string") return numberProblem(exact, false)
    whole = Number(exact) // inexact only where it is out of range anyway
  }
  if (whole !== (whole | 0)) return "out-of-range"
  column.values[row] = whole
  return null
}

export function storeInt64(slice: NumberSlice, column: ColumnStore, row: number): RejectCode | null {
  const { bytes, start, end, isText } = slice
  const plain = plainWhole(bytes, start, end)
  if (!Number.isNaN(plain)) {
    storeHalves(column, row, plain)
    return null
  }
  const exact = parseInt64(sliceText(bytes, start, end))
  if (typeof exact === "string") return numberProblem(exact, isText)
  column.values[row] = exact
  return null
}

export function storeFloat64(
  { bytes, start, end }: NumberSlice,
  column: ColumnStore,
  row: number,
): RejectCode | null {
  const value = Number(sliceText(bytes, start, end))
  if (!Number.isFinite(value)) return "out-of-range"
  column.values[row] = value + 0 // -0 is 0
  return null
}

const EPOCH_FACTORS = { s: 1_000_000, ms: 1_000, us: 1 } as const

export function storeEpoch(
  { bytes, start, end }: NumberSlice,
  column: ColumnStore,
  row: number,
  unit: EpochUnit,
): RejectCode | null {
  const micros = plainWhole(bytes, start, end) * EPOCH_FACTORS[unit]
  if (Number.isSafeInteger(micros)) {
    storeHalves(column, row, micros)
    return null
  }
  const exact = epochMicros(sliceText(bytes, start, end), unit)
  if (exact === null) return "out-of-range"
  column.values[row] = exact
  return null
}

export function storeDecimal(
  { bytes, start, end, isText }: NumberSlice,
  column: ColumnStore,
  row: number,
  { precision, scale }: { readonly precision: number; readonly scale: number },
): RejectCode | null {
  const isWide = precision > 18
  const plain = isWide ? Number.NaN : plainUnscaled(bytes, start, end, scale)
  if (Math.abs(plain) < 10 ** precision) {
    storeHalves(column, row, plain)
    return null
  }
  const unscaled = parseUnscaled(sliceText(bytes, start, end), precision, scale)
  if (typeof unscaled === "string") return numberProblem(unscaled, isText)
  if (isWide) {
    column.values[2 * row] = BigInt.asIntN(64, unscaled)
    column.values[2 * row + 1] = unscaled >> 64n
  } else {
    column.values[row] = unscaled
  }
  return null
}

/** A whole double as 64 bits, without a BigInt. */
function storeHalves({ halves }: ColumnStore, row: number, value: number): void {
  halves[2 * row] = value | 0
  halves[2 * row + 1] = Math.floor(value / 4294967296)
}

/** At most 15 digits, perhaps with a minus; NaN for every other text. */
function plainWhole(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 0x2d
  const first = isNegative ? start + 1 : start
  const size = end - first
  if (size < 1 || size > SAFE_DIGITS || (size > 1 && bytes[first] === 0x30)) return Number.NaN
  let value = 0
  for (let at = first; at < end; at++) {
    const digit = bytes[at]! - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return isNegative ? 0 - value : value
}

/** The same with a point in it, times 10^scale. */
function plainUnscaled(bytes: Uint8Array, start: number, end: number, scale: number): number {
  let point = start
  while (point < end && bytes[point] !== 0x2e) point++
  if (point === end) return plainWhole(bytes, start, end) * withinDigits(end - start, scale)
  const fraction = end - point - 1
  const whole = plainWhole(bytes, start, point)
  const missing = scale - fraction
  if (fraction < 1 || missing < 0) return Number.NaN
  let value = 0
  for (let at = point + 1; at < end; at++) {
    const digit = bytes[at]! - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  const unscaled = Math.abs(whole) * withinDigits(point - start, scale) + value * 10 ** missing
  return bytes[start] === 0x2d ? 0 - unscaled : unscaled
}

/** 10^scale, when digits before and behind the point stay exact together; else NaN. */
function withinDigits(digits: number, scale: number): number {
  return digits + scale <= SAFE_DIGITS ? 10 ** scale : Number.NaN
}

function numberProblem(misfit: Misfit, isText: boolean): RejectCode {
  if (misfit === "not-a-number") return "invalid-format"
  if (misfit === "not-an-integer") return isText ? "invalid-format" : "wrong-type"
  return "out-of-range"
}
