import assert from "node:assert/strict"
import { test } from "node:test"
import { decimal, typeName } from "../columns/types.ts"
import {
  averageDecimal,
  divideRounded,
  fitsPrecision,
  formatDecimal,
  parseNumeral,
  rescale,
  truncateScale,
} from "./decimal.ts"
import { productType, quotientType, sumType } from "./decimal-types.ts"

test("division rounds half away from zero", () => {
  const cases: [dividend: bigint, divisor: bigint, expected: bigint][] = [
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [5n, -2n, -3n],
    [-5n, -2n, 3n],
    [4n, 3n, 1n],
    [-4n, 3n, -1n],
    [1n, 3n, 0n],
    [-1n, 3n, 0n],
    [10n ** 40n + 1n, 2n, 5n * 10n ** 39n + 1n],
  ]
  for (const [dividend, divisor, expected] of cases) {
    assert.equal(divideRounded(dividend, divisor), expected, `${dividend} / ${divisor}`)
  }
})

test("an average is rounded once, at the result's scale", () => {
  assert.equal(averageDecimal(10n, 3n, { sum: 0, result: 4 }), 33_333n)
  assert.equal(averageDecimal(20n, 3n, { sum: 0, result: 0 }), 7n)
  assert.equal(averageDecimal(-1n, 2n, { sum: 2, result: 2 }), -1n)
  assert.equal(averageDecimal(149n, 1n, { sum: 2, result: 0 }), 1n)
})

test("scales change by rounding or by cutting", () => {
  assert.deepEqual(
    [rescale(1_250n, 3, 2), rescale(-1_250n, 3, 2), rescale(-1_249n, 3, 1)],
    [125n, -125n, -12n],
  )
  assert.deepEqual(
    [rescale(-1_255n, 3, 2), truncateScale(-1_259n, 3, 2), rescale(7n, 0, 3)],
    [-126n, -125n, 7_000n],
  )
  assert.deepEqual(
    [fitsPrecision(999n, 3), fitsPrecision(1_000n, 3), fitsPrecision(-1_000n, 3)],
    [true, false, false],
  )
})

test("decimals are written with all their places", () => {
  const cases: [unscaled: bigint, scale: number, expected: string][] = [
    [1_250n, 2, "12.50"],
    [-5n, 2, "-0.05"],
    [0n, 3, "0.000"],
    [7n, 0, "7"],
  ]
  for (const [unscaled, scale, expected] of cases) assert.equal(formatDecimal(unscaled, scale), expected)
})

test("numerals are read exactly, a huge exponent costs nothing, and what is no numeral is null", () => {
  assert.deepEqual(parseNumeral(" -12.50 "), { unscaled: -1_250n, scale: 2 })
  assert.deepEqual(parseNumeral("1_000.5e-1"), { unscaled: 10_005n, scale: 2 })
  assert.deepEqual(parseNumeral("0x1F"), { unscaled: 31n, scale: 0 })
  assert.equal(fitsPrecision(parseNumeral("1e999999999")!.unscaled, 38), false)
  assert.deepEqual(parseNumeral("1e-999999999"), { unscaled: 0n, scale: 0 })
  for (const text of ["", ".", "1e", "1__0", "NaN", "1 2"]) assert.equal(parseNumeral(text), null, text)
})

test("types of sums, products and quotients keep what is exact and stay within 38 digits", () => {
  const [money, rate, wide] = [decimal(12, 2), decimal(3, 2), decimal(38, 16)]
  assert.equal(typeName(sumType([money, rate])), "decimal(13,2)")
  assert.equal(typeName(sumType([wide, money])), "decimal(38,16)")
  assert.equal(typeName(productType([money, rate])), "decimal(15,4)")
  assert.equal(typeName(productType([decimal(38, 2), rate])), "decimal(38,4)")
  assert.equal(typeName(productType([wide, wide])), "decimal(38,16)")
  assert.equal(typeName(quotientType([money, rate])), "decimal(28,16)")
  assert.equal(typeName(quotientType([decimal(38, 20), money])), "decimal(38,20)")
})
