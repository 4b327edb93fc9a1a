/**
 * Floating point with PostgreSQL's errors: results that overflow or vanish are failures, not Infinity or 0.
 */

import type { Kernel, KernelContext } from "../compile/kernel.ts"
import { inline, runtime, template } from "../compile/kernel.ts"
import type { Failure } from "../expression.ts"
import { raise } from "../values/failure-register.ts"
import { roundHalfEven } from "../values/rounding.ts"

const OUT_OF_RANGE = "numeric-out-of-range"
const isInfinite = (text: string) => `Math.abs(${text}) === Infinity`
const finite = (text: string) => `Math.abs(${text}) !== Infinity`

function named(k: KernelContext, text: string): string {
  const value = k.local("t")
  k.emit(`const ${value} = ${text};`)
  return value
}

function sum(sign: "+" | "-"): Kernel {
  return inline((k, [a = "0", b = "0"]) => {
    const t = named(k, `${a} ${sign} ${b}`)
    k.failIf(`${isInfinite(t)} && ${finite(a)} && ${finite(b)}`, OUT_OF_RANGE)
    return t
  })
}

export const addFloat = sum("+")
export const subtractFloat = sum("-")

export const multiplyFloat = inline((k, [a = "0", b = "0"]) => {
  const t = named(k, `${a} * ${b}`)
  k.failIf(`${isInfinite(t)} && ${finite(a)} && ${finite(b)}`, OUT_OF_RANGE)
  k.failIf(`${t} === 0 && ${a} !== 0 && ${b} !== 0`, OUT_OF_RANGE)
  return t
})

export const divideFloat = inline((k, [a = "0", b = "0"]) => {
  k.failIf(`${b} === 0 && ${a} === ${a}`, "division-by-zero")
  const t = named(k, `${a} / ${b}`)
  k.failIf(`${isInfinite(t)} && ${finite(a)}`, OUT_OF_RANGE)
  k.failIf(`${t} === 0 && ${a} !== 0 && ${finite(b)}`, OUT_OF_RANGE)
  return t
})

export const negateFloat = template((a) => `(-${a})`)
export const absFloat = template((a) => `Math.abs(${a})`)
export const signFloat = template((a) => `(${a} > 0 ? 1 : ${a} < 0 ? -1 : 0)`)
export const ceilFloat = template((a) => `Math.ceil(${a})`)
export const floorFloat = template((a) => `Math.floor(${a})`)
export const truncFloat = template((a) => `Math.trunc(${a})`)

export const roundFloat = runtime(roundHalfEven)

/** PostgreSQL checks a result that overflowed or vanished although the argument was an ordinary number. */
function checked(fn: (value: number) => number): Kernel {
  const run = (value: number) => {
    const result = fn(value)
    if (Number.isFinite(value) && !Number.isFinite(result)) return raise(OUT_OF_RANGE, 0)
    return result === 0 && value !== 0 ? raise(OUT_OF_RANGE, 0) : result
  }
  return runtime(run, OUT_OF_RANGE)
}

export const cbrt = checked(Math.cbrt)
const DEGREE = Math.PI / 180
export const degrees = checked((value) => value / DEGREE)
export const radians = checked((value) => value * DEGREE)
export const sinh = runtime(Math.sinh)
export const cosh = runtime(Math.cosh)
export const tanh = runtime(Math.tanh)
export const atan = runtime(Math.atan)
export const atan2 = runtime(Math.atan2)
export const pi = template(() => "Math.PI")

export const exp = runtime((value: number) => {
  if (!Number.isFinite(value)) return Math.exp(value)
  const result = Math.exp(value)
  return result === 0 || result === Infinity ? raise(OUT_OF_RANGE, 0) : result
}, OUT_OF_RANGE)

function logarithm(fn: (value: number) => number): Kernel {
  return runtime(
    (value: number) => (value <= 0 ? raise("invalid-argument", 0) : fn(value)),
    "invalid-argument",
  )
}

export const ln = logarithm(Math.log)
export const log10 = logarithm(Math.log10)
export const sqrtFloat = inline((k, [a = "0"]) => {
  k.failIf(`${a} < 0`, "invalid-argument")
  return `Math.sqrt(${a})`
})

/** Sine and its kin have no value at infinity; inverse ones none beyond `limit`. */
function bounded(fn: (value: number) => number, limit: number): Kernel {
  const run = (value: number) => (value > limit || value < -limit ? raise(OUT_OF_RANGE, 0) : fn(value))
  return runtime(run, OUT_OF_RANGE)
}

export const sin = bounded(Math.sin, Number.MAX_VALUE)
export const cos = bounded(Math.cos, Number.MAX_VALUE)
export const tan = bounded(Math.tan, Number.MAX_VALUE)
export const asin = bounded(Math.asin, 1)
export const acos = bounded(Math.acos, 1)

/** dpow of src/backend/utils/adt/float.c: NaN rules of POSIX, errors where there is no real value. */
function powerOf(base: number, exponent: number): number {
  if (exponent === 0 || base === 1) return 1
  if (Number.isNaN(base) || Number.isNaN(exponent)) return Number.NaN
  if (base === 0 && exponent < 0) return raise("invalid-argument", 0)
  if (base < 0 && Math.floor(exponent) !== exponent) return raise("invalid-argument", 0)
  if (base === -1 && !Number.isFinite(exponent)) return 1
  const result = base ** exponent
  if (!Number.isFinite(base) || !Number.isFinite(exponent)) return result
  if (!Number.isFinite(result)) return raise(OUT_OF_RANGE, 0)
  return result === 0 && base !== 0 ? raise(OUT_OF_RANGE, 0) : result
}

const POWER_FAILURES: readonly Failure[] = ["invalid-argument", OUT_OF_RANGE]
export const power = runtime(powerOf, ...POWER_FAILURES)
