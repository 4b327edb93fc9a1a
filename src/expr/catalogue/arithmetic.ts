/** Operators and functions over numbers. */
import { decimal } from "../../columns/types.ts"
import type { Kernel } from "../compile/kernel.ts"
import {
  productType,
  quotientType,
  remainderType,
  rootType,
  roundedType,
  sameDecimal,
  sumType,
  wholeType,
} from "../decimal-types.ts"
import * as decimals from "../kernels/decimal-kernels.ts"
import * as floats from "../kernels/float-kernels.ts"
import * as integers from "../kernels/integer-kernels.ts"
import type { CatalogueEntry, EntryOptions, ResultRule } from "./entry.ts"
import { fn, op } from "./entry.ts"

const KINDS = ["int32", "int64", "float64", "decimal"] as const

/** One kernel per kind of number, in the order of KINDS; null where there is no such overload. */
type ByKind = readonly (Kernel | null)[]

function forKinds(
  kernels: ByKind,
  type: ResultRule | undefined,
  make: (kind: string, kernel: Kernel, options: EntryOptions) => CatalogueEntry,
): CatalogueEntry[] {
  return KINDS.flatMap((kind, index) => {
    const kernel = kernels[index]
    if (kernel === null || kernel === undefined) return []
    return [make(kind, kernel, kind === "decimal" && type !== undefined ? { type } : {})]
  })
}

function binary(symbol: string, word: string, kernels: ByKind, type?: ResultRule): CatalogueEntry[] {
  return forKinds(kernels, type, (kind, kernel, options) =>
    op(symbol, `${word}(${kind},${kind}) -> ${kind}`, kernel, options),
  )
}

function unary(symbol: string, word: string, kernels: ByKind): CatalogueEntry[] {
  return forKinds(kernels, sameDecimal, (kind, kernel, options) =>
    op(symbol, `${word}(${kind}) -> ${kind}`, kernel, options),
  )
}

function call(name: string, count: 1 | 2, kernels: ByKind, type?: ResultRule): CatalogueEntry[] {
  return forKinds(kernels, type, (kind, kernel, options) =>
    fn(`${name}(${Array(count).fill(kind)}) -> ${kind}`, kernel, options),
  )
}

function shift(symbol: string, word: string, [int32, int64]: readonly [Kernel, Kernel]): CatalogueEntry[] {
  return [
    op(symbol, `${word}(int32,int32) -> int32`, int32),
    op(symbol, `${word}(int64,int32) -> int64`, int64),
  ]
}

const overFloats = (names: readonly (readonly [string, Kernel])[]) =>
  names.map(([name, kernel]) => fn(`${name}(float64) -> float64`, kernel))

const { bits32, bits64 } = integers
const modulo: ByKind = [integers.modulo32, integers.modulo64, null, decimals.moduloDecimal]

const operators: readonly CatalogueEntry[] = [
  ...binary("+", "add", [integers.add32, integers.add64, floats.addFloat, decimals.addDecimal], sumType),
  ...binary(
    "-",
    "subtract",
    [integers.subtract32, integers.subtract64, floats.subtractFloat, decimals.subtractDecimal],
    sumType,
  ),
  ...binary(
    "*",
    "multiply",
    [integers.multiply32, integers.multiply64, floats.multiplyFloat, decimals.multiplyDecimal],
    productType,
  ),
  ...binary(
    "/",
    "divide",
    [integers.divide32, integers.divide64, floats.divideFloat, decimals.divideDecimal],
    quotientType,
  ),
  ...binary("%", "modulo", modulo, remainderType),
  ...unary("-", "negate", [integers.negate32, integers.negate64, floats.negateFloat, decimals.negateDecimal]),
  ...unary("+", "plus", [integers.same, integers.same, integers.same, integers.same]),
  op("^", "power_of(float64,float64) -> float64", floats.power),
  ...binary("&", "bit_and", [bits32.and, bits64.and]),
  ...binary("|", "bit_or", [bits32.or, bits64.or]),
  ...binary("#", "bit_xor", [bits32.xor, bits64.xor]),
  ...unary("~", "bit_not", [bits32.not, bits64.not]),
  ...shift("<<", "shift_left", [bits32.left, bits64.left]),
  ...shift(">>", "shift_right", [bits32.right, bits64.right]),
]

const toInteger: readonly CatalogueEntry[] = [
  ...call("ceil", 1, [null, null, floats.ceilFloat, decimals.ceilDecimal], wholeType),
  ...call("ceiling", 1, [null, null, floats.ceilFloat, decimals.ceilDecimal], wholeType),
  ...call("floor", 1, [null, null, floats.floorFloat, decimals.floorDecimal], wholeType),
  ...call("round", 1, [null, null, floats.roundFloat, decimals.roundDecimal], wholeType),
  ...call("trunc", 1, [null, null, floats.truncFloat, decimals.truncDecimal], wholeType),
  fn("round(decimal,int32) -> decimal", decimals.roundToPlaces, { type: roundedType }),
  fn("trunc(decimal,int32) -> decimal", decimals.truncToPlaces, { type: roundedType }),
]

export const arithmetic: readonly CatalogueEntry[] = [
  ...operators,
  ...toInteger,
  ...call("mod", 2, modulo, remainderType),
  fn("div(decimal,decimal) -> decimal", decimals.quotientDecimal, {
    type: (args) => wholeType([quotientType(args)]),
  }),
  ...call("abs", 1, [integers.abs32, integers.abs64, floats.absFloat, decimals.absDecimal], sameDecimal),
  ...call("sign", 1, [null, null, floats.signFloat, decimals.signDecimal], () => decimal(1, 0)),
  ...call("sqrt", 1, [null, null, floats.sqrtFloat, decimals.sqrtDecimal], rootType),
  ...call("gcd", 2, [integers.gcd32, integers.gcd64]),
  ...call("lcm", 2, [integers.lcm32, integers.lcm64]),
  fn("pi() -> float64", floats.pi),
  fn("power(float64,float64) -> float64", floats.power),
  fn("pow(float64,float64) -> float64", floats.power),
  fn("atan2(float64,float64) -> float64", floats.atan2),
  ...overFloats([
    ["cbrt", floats.cbrt],
    ["exp", floats.exp],
    ["ln", floats.ln],
    ["log", floats.log10],
    ["log10", floats.log10],
    ["degrees", floats.degrees],
    ["radians", floats.radians],
    ["sin", floats.sin],
    ["cos", floats.cos],
    ["tan", floats.tan],
    ["asin", floats.asin],
    ["acos", floats.acos],
    ["atan", floats.atan],
    ["sinh", floats.sinh],
    ["cosh", floats.cosh],
    ["tanh", floats.tanh],
  ]),
]
