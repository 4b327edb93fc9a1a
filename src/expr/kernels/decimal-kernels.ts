/**
 * Decimal arithmetic on unscaled bigints. Scales are known when code is written, so a kernel multiplies by
 * constant powers of ten; what fits 18 digits stays in one machine word. A check is written only where the
 * result type can be too narrow (decimal-types.ts caps it at 38 digits).
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { MAX_NARROW_PRECISION } from "../../columns/types.ts"
import { floorDiv } from "../../std/calendar.ts"
import type { CallShape, Kernel, KernelContext } from "../compile/kernel.ts"
import { branch, inline } from "../compile/kernel.ts"
import { divideRounded, fitsPrecision, powerOfTen, rescale, truncateScale } from "../decimal.ts"
import { shapeOf } from "../decimal-types.ts"
import { raise } from "../values/failure-register.ts"

const OUT_OF_RANGE = "numeric-out-of-range"

/** `value * 10^digits`. */
export function scaledUp(k: KernelContext, value: string, digits: number, literal?: Scalar): string {
  if (digits === 0) return value
  const power = powerOfTen(digits)
  return typeof literal === "bigint" ? k.int64(literal * power) : `(${value} * ${k.int64(power)})`
}

const isNarrow = (type: LogicalType) => shapeOf(type).precision <= MAX_NARROW_PRECISION
const word = (text: string, type: LogicalType) => (isNarrow(type) ? `BigInt.asIntN(64, ${text})` : text)

/** Leaves the row when the value has more digits than its type. */
export function checkDigits(k: KernelContext, text: string, type: LogicalType): string {
  const value = k.local("t")
  const limit = k.int64(powerOfTen(shapeOf(type).precision))
  k.emit(`const ${value} = ${text};`)
  k.failIf(`${value} >= ${limit} || ${value} <= -${limit}`, OUT_OF_RANGE)
  return value
}

function sum(sign: "+" | "-"): Kernel {
  return inline((k, [a = "0n", b = "0n"], { type, args }) => {
    const [x, y, result] = [shapeOf(args[0]), shapeOf(args[1]), shapeOf(type)]
    const text = `${scaledUp(k, a, result.scale - x.scale)} ${sign} ${scaledUp(k, b, result.scale - y.scale)}`
    const whole = Math.max(x.precision - x.scale, y.precision - y.scale)
    return whole + 1 + result.scale > result.precision ? checkDigits(k, text, type) : word(text, type)
  })
}

export const addDecimal = sum("+")
export const subtractDecimal = sum("-")

export const multiplyDecimal = inline((k, [a = "0n", b = "0n"], { type, args }) => {
  const [x, y, result] = [shapeOf(args[0]), shapeOf(args[1]), shapeOf(type)]
  const surplus = x.scale + y.scale - result.scale
  if (surplus > 0) {
    const rounded = `${k.bind(divideRounded)}(${a} * ${b}, ${k.int64(powerOfTen(surplus))})`
    return checkDigits(k, rounded, type)
  }
  const text = `${a} * ${b}`
  return x.precision + y.precision > result.precision ? checkDigits(k, text, type) : word(text, type)
})

export const divideDecimal = branch((k, [a = "0n", b = "1n"], { type, args }) => {
  const [x, y, result] = [shapeOf(args[0]), shapeOf(args[1]), shapeOf(type)]
  k.failIf(`${b} === 0n`, "division-by-zero")
  const shift = result.scale + y.scale - x.scale
  return checkDigits(k, `${k.bind(divideRounded)}(${scaledUp(k, a, shift)}, ${b})`, type)
})

/** Both operands at the result's scale, so that the remainder is too. */
export const moduloDecimal = branch((k, [a = "0n", b = "1n"], { type, args }) => {
  const [x, y] = [shapeOf(args[0]), shapeOf(args[1])]
  const scale = Math.max(x.scale, y.scale)
  k.failIf(`${b} === 0n`, "division-by-zero")
  return word(`${scaledUp(k, a, scale - x.scale)} % ${scaledUp(k, b, scale - y.scale)}`, type)
})

export const quotientDecimal = branch((k, [a = "0n", b = "1n"], { type, args }) => {
  const [x, y] = [shapeOf(args[0]), shapeOf(args[1])]
  const scale = Math.max(x.scale, y.scale)
  k.failIf(`${b} === 0n`, "division-by-zero")
  return checkDigits(k, `${scaledUp(k, a, scale - x.scale)} / ${scaledUp(k, b, scale - y.scale)}`, type)
})

export const negateDecimal = inline((_, [a = "0n"], { type }) => word(`-${a}`, type))
export const absDecimal = inline((_, [a = "0n"], { type }) => `(${a} < 0n ? ${word(`-${a}`, type)} : ${a})`)
export const signDecimal = inline((_, [a = "0n"]) => `(${a} > 0n ? 1n : ${a} < 0n ? -1n : 0n)`)

type WholeFunction = (unscaled: bigint, one: bigint) => bigint

function toWhole(fn: WholeFunction): Kernel {
  return branch((k, [a = "0n"], { args }) => {
    const one = k.int64(powerOfTen(shapeOf(args[0]).scale))
    return `${k.bind(fn)}(${a}, ${one})`
  })
}

const ceilDivide: WholeFunction = (a, b) => -floorDiv(-a, b)
export const ceilDecimal = toWhole(ceilDivide)
export const floorDecimal = toWhole(floorDiv)
export const roundDecimal = toWhole(divideRounded)
export const truncDecimal = toWhole((a, b) => a / b)

/** PostgreSQL clamps the number of places to this. */
const MAX_PLACES = 2000

interface Places {
  readonly from: number
  readonly to: number
  readonly precision: number
}

function toPlaces(convert: (unscaled: bigint, from: number, to: number) => bigint): Kernel {
  const cut = (unscaled: bigint, places: number, { from, to, precision }: Places): bigint => {
    const wanted = Math.max(-MAX_PLACES, Math.min(from, places))
    const value = rescale(convert(unscaled, from, wanted), wanted, to)
    return fitsPrecision(value, precision) ? value : raise(OUT_OF_RANGE, 0n)
  }
  return branch((k, [a = "0n", places = "0"], { type, args }: CallShape) => {
    const { precision, scale } = shapeOf(type)
    const shape: Places = { from: shapeOf(args[0]).scale, to: scale, precision }
    return k.run(cut, [a, places, k.bind(shape)], [OUT_OF_RANGE])
  })
}

export const roundToPlaces = toPlaces(rescale)
export const truncToPlaces = toPlaces(truncateScale)

/** The greatest whole number whose square is not above `value`: Newton's method from above. */
function integerRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

function rootOf(unscaled: bigint, from: number, to: number): bigint {
  if (unscaled < 0n) return raise("invalid-argument", 0n)
  const square = unscaled * powerOfTen(2 * to - from)
  const root = integerRoot(square)
  return square - root * root > root ? root + 1n : root
}

export const sqrtDecimal = branch((k, [a = "0n"], { type, args }) =>
  k.run(rootOf, [a, String(shapeOf(args[0]).scale), String(shapeOf(type).scale)], ["invalid-argument"]),
)
