/** Operators and functions over numbers. */

import { decimal } from "../../columns/types.ts"
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
import type { CatalogueEntry, ResultRule } from "./entry.ts"
import { fn, op } from "./entry.ts"

const same: { type: ResultRule } = { type: sameDecimal }
const whole: { type: ResultRule } = { type: wholeType }

function overNumbers(symbol: string, word: string, type: ResultRule): CatalogueEntry[] {
  return [
    op(symbol, `${word}(int32,int32) -> int32`),
    op(symbol, `${word}(int64,int64) -> int64`),
    op(symbol, `${word}(float64,float64) -> float64`),
    op(symbol, `${word}(decimal,decimal) -> decimal`, { type }),
  ]
}

function overIntegers(symbol: string, word: string): CatalogueEntry[] {
  return [op(symbol, `${word}(int32,int32) -> int32`), op(symbol, `${word}(int64,int64) -> int64`)]
}

function shift(symbol: string, word: string): CatalogueEntry[] {
  return [op(symbol, `${word}(int32,int32) -> int32`), op(symbol, `${word}(int64,int32) -> int64`)]
}

function unary(symbol: string, word: string): CatalogueEntry[] {
  return [
    op(symbol, `${word}(int32) -> int32`),
    op(symbol, `${word}(int64) -> int64`),
    op(symbol, `${word}(float64) -> float64`),
    op(symbol, `${word}(decimal) -> decimal`, same),
  ]
}

function wholeNumbers(name: string): CatalogueEntry[] {
  return [fn(`${name}(float64) -> float64`), fn(`${name}(decimal) -> decimal`, whole)]
}

const floatFunctions =
  "cbrt exp ln log log10 degrees radians sin cos tan asin acos atan sinh cosh tanh".split(" ")

export const arithmetic: readonly CatalogueEntry[] = [
  ...overNumbers("+", "add", sumType),
  ...overNumbers("-", "subtract", sumType),
  ...overNumbers("*", "multiply", productType),
  ...overNumbers("/", "divide", quotientType),
  ...overIntegers("%", "modulo"),
  op("%", "modulo(decimal,decimal) -> decimal", { type: remainderType }),
  ...unary("-", "negate"),
  ...unary("+", "plus"),
  op("^", "power_of(float64,float64) -> float64"),
  ...overIntegers("&", "bit_and"),
  ...overIntegers("|", "bit_or"),
  ...overIntegers("#", "bit_xor"),
  op("~", "bit_not(int32) -> int32"),
  op("~", "bit_not(int64) -> int64"),
  ...shift("<<", "shift_left"),
  ...shift(">>", "shift_right"),
  fn("mod(int32,int32) -> int32"),
  fn("mod(int64,int64) -> int64"),
  fn("mod(decimal,decimal) -> decimal", { type: remainderType }),
  fn("div(decimal,decimal) -> decimal", {
    type: (args) => wholeType([quotientType(args)]),
  }),
  fn("abs(int32) -> int32"),
  fn("abs(int64) -> int64"),
  fn("abs(float64) -> float64"),
  fn("abs(decimal) -> decimal", same),
  fn("sign(float64) -> float64"),
  fn("sign(decimal) -> decimal", { type: () => decimal(1, 0) }),
  ...wholeNumbers("ceil"),
  ...wholeNumbers("ceiling"),
  ...wholeNumbers("floor"),
  ...wholeNumbers("round"),
  ...wholeNumbers("trunc"),
  fn("round(decimal,int32) -> decimal", { type: roundedType }),
  fn("trunc(decimal,int32) -> decimal", { type: roundedType }),
  fn("sqrt(float64) -> float64"),
  fn("sqrt(decimal) -> decimal", { type: rootType }),
  fn("power(float64,float64) -> float64"),
  fn("pow(float64,float64) -> float64"),
  fn("pi() -> float64"),
  fn("atan2(float64,float64) -> float64"),
  ...floatFunctions.map((name) => fn(`${name}(float64) -> float64`)),
  fn("gcd(int32,int32) -> int32"),
  fn("gcd(int64,int64) -> int64"),
  fn("lcm(int32,int32) -> int32"),
  fn("lcm(int64,int64) -> int64"),
]
