/**
 * The digits PostgreSQL prints for a double: the fewest that lie strictly between the two midpoints to its
 * neighbours (Ryu without accepted bounds, src/common/d2s.c). JavaScript also takes digits that are exactly
 * such a midpoint, because reading them rounds to the even neighbour; those need another digit here.
 */

/** Only here can a midpoint have 17 digits or fewer. */
const FIRST_MIDPOINT = 2 ** 52
const LAST_MIDPOINT = 1e41
const MAX_DIGITS = 17

/** As toExponential writes them: `1.4000000000000001e+23`. The value is finite. */
export function shortestDigits(value: number): string {
  const shortest = value.toExponential()
  const size = Math.abs(value)
  if (size < FIRST_MIDPOINT || size > LAST_MIDPOINT || !isMidpoint(size, shortest)) return shortest
  for (let digits = shortest.replace(/e.*|\D/g, "").length; digits <= MAX_DIGITS; digits++) {
    const candidate = value.toExponential(digits - 1)
    if (Number(candidate) === value && !isMidpoint(size, candidate)) return candidate
  }
  return shortest
}

/** True when the digits are half way from `size` to the next double above or below. */
function isMidpoint(size: number, digits: string): boolean {
  const ulp = BigInt(2 ** Math.floor(Math.log2(size)) / 2 ** 52)
  const [mantissa = "", exponent = "0"] = digits.replace("-", "").split("e")
  const [whole = "", fraction = ""] = mantissa.split(".")
  const scale = BigInt(Number(exponent) - fraction.length + 1)
  const tenfold = BigInt(whole + fraction) * 10n ** scale
  const distance = tenfold - BigInt(size) * 10n
  const gap = distance < 0n ? -distance : distance
  return gap === ulp * 5n || (distance < 0n && isPowerOfTwo(size) && 2n * gap === ulp * 5n)
}

function isPowerOfTwo(size: number): boolean {
  return Number.isInteger(Math.log2(size))
}
