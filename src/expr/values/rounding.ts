/** Rounding as C's rint does it. */

/**
 * To the nearest whole number, halves to the even one; -0 stays. NaN and infinities are returned as they are.
 */
export function roundHalfEven(value: number): number {
  if (!(Math.abs(value) < 2 ** 52)) return value
  const negative = value < 0 || Object.is(value, -0)
  const rounded = negative ? value - 2 ** 52 + 2 ** 52 : value + 2 ** 52 - 2 ** 52
  return rounded === 0 && negative ? -0 : rounded
}
