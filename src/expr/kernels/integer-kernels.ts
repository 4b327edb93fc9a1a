/**
 * Integer arithmetic with PostgreSQL's overflow errors. int32 runs in doubles and is checked by truncation;
 * int64 runs in BigInt.asIntN(64, …), which V8 compiles to machine words, and is checked by signs.
 */
import type { Kernel } from "../compile/kernel.ts"
import { branch, inline, runtime, template } from "../compile/kernel.ts"
import { raise } from "../values/failure-register.ts"

const OUT_OF_RANGE = "integer-out-of-range"

function checked32(text: (a: string, b: string) => string): Kernel {
  return inline((k, [a = "0", b = "0"]) => {
    const wide = k.local("t")
    k.emit(`const ${wide} = ${text(a, b)};`)
    k.failIf(`${wide} !== (${wide} | 0)`, OUT_OF_RANGE)
    return `(${wide} | 0)`
  })
}

export const add32 = checked32((a, b) => `${a} + ${b}`)
export const subtract32 = checked32((a, b) => `${a} - ${b}`)
export const multiply32 = checked32((a, b) => `${a} * ${b}`)
export const negate32 = checked32((a) => `-${a}`)
export const abs32 = checked32((a) => `Math.abs(${a})`)

export const divide32 = inline((k, [a = "0", b = "0"]) => {
  k.failIf(`${b} === 0`, "division-by-zero")
  k.failIf(`${b} === -1 && ${a} === -2147483648`, OUT_OF_RANGE)
  return `((${a} / ${b}) | 0)`
})

export const modulo32 = inline((k, [a = "0", b = "0"]) => {
  k.failIf(`${b} === 0`, "division-by-zero")
  return `((${a} % ${b}) | 0)`
})

/** The result's sign differs from what the operands' signs allow: Hacker's Delight, 2-13. */
function checked64(
  sum: (a: string, b: string) => string,
  overflow: (a: string, b: string, t: string) => string,
) {
  return inline((k, [a = "0n", b = "0n"]) => {
    const t = k.local("t")
    k.emit(`const ${t} = BigInt.asIntN(64, ${sum(a, b)});`)
    k.failIf(`(${overflow(a, b, t)}) < 0n`, OUT_OF_RANGE)
    return t
  })
}

export const add64 = checked64(
  (a, b) => `${a} + ${b}`,
  (a, b, t) => `(${a} ^ ${t}) & (${b} ^ ${t})`,
)
export const subtract64 = checked64(
  (a, b) => `${a} - ${b}`,
  (a, b, t) => `(${a} ^ ${b}) & (${a} ^ ${t})`,
)
/** V8 keeps the product in a word until one overflows; the comparison then sees the true product. */
export const multiply64 = inline((k, [a = "0n", b = "0n"]) => {
  const product = k.local("t")
  const t = k.local("t")
  k.emit(`const ${product} = ${a} * ${b}, ${t} = BigInt.asIntN(64, ${product});`)
  k.failIf(`${product} !== ${t}`, OUT_OF_RANGE)
  return t
})

const MIN_INT64 = -(2n ** 63n)

export const negate64 = inline((k, [a = "0n"]) => {
  k.failIf(`${a} === ${k.int64(MIN_INT64)}`, OUT_OF_RANGE)
  return `BigInt.asIntN(64, -${a})`
})
export const abs64 = inline((k, [a = "0n"]) => {
  k.failIf(`${a} === ${k.int64(MIN_INT64)}`, OUT_OF_RANGE)
  return `(${a} < 0n ? BigInt.asIntN(64, -${a}) : ${a})`
})

export const divide64 = branch((k, [a = "0n", b = "1n"]) => {
  k.failIf(`${b} === 0n`, "division-by-zero")
  k.failIf(`${b} === -1n && ${a} === ${k.int64(MIN_INT64)}`, OUT_OF_RANGE)
  return `BigInt.asIntN(64, ${a} / ${b})`
})

export const modulo64 = branch((k, [a = "0n", b = "1n"]) => {
  k.failIf(`${b} === 0n`, "division-by-zero")
  return `BigInt.asIntN(64, ${a} % ${b})`
})

export const same = template((a) => a)

export const bits32 = {
  and: template((a, b) => `(${a} & ${b})`),
  or: template((a, b) => `(${a} | ${b})`),
  xor: template((a, b) => `(${a} ^ ${b})`),
  not: template((a) => `(~${a})`),
  left: template((a, b) => `(${a} << ${b})`),
  right: template((a, b) => `(${a} >> ${b})`),
}

/** Shift counts are taken modulo 64, as the machine does. */
export const bits64 = {
  and: template((a, b) => `BigInt.asIntN(64, ${a} & ${b})`),
  or: template((a, b) => `BigInt.asIntN(64, ${a} | ${b})`),
  xor: template((a, b) => `BigInt.asIntN(64, ${a} ^ ${b})`),
  not: template((a) => `BigInt.asIntN(64, ~${a})`),
  left: template((a, b) => `BigInt.asIntN(64, ${a} << BigInt(${b} & 63))`),
  right: template((a, b) => `BigInt.asIntN(64, ${a} >> BigInt(${b} & 63))`),
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

function lcm(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return 0n
  const product = (a / gcd(a, b)) * b
  return product < 0n ? -product : product
}

const fit64 = (value: bigint) => (value === BigInt.asIntN(64, value) ? value : raise(OUT_OF_RANGE, 0n))
const fit32 = (value: bigint) => (value === BigInt.asIntN(32, value) ? Number(value) : raise(OUT_OF_RANGE, 0))

export const gcd64 = runtime((a: bigint, b: bigint) => fit64(gcd(a, b)), OUT_OF_RANGE)
export const lcm64 = runtime((a: bigint, b: bigint) => fit64(lcm(a, b)), OUT_OF_RANGE)
export const gcd32 = runtime((a: number, b: number) => fit32(gcd(BigInt(a), BigInt(b))), OUT_OF_RANGE)
export const lcm32 = runtime((a: number, b: number) => fit32(lcm(BigInt(a), BigInt(b))), OUT_OF_RANGE)
