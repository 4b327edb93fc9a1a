/**
 * Casts by kinds: which kernel turns one type into another, with PostgreSQL's rounding (numeric half away
 * from zero, floating point to integers half to even) and its errors.
 */
import type { LogicalType, TypeKind } from "../../columns/types.ts"
import { isLocal } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import { daysFromMicros } from "../../std/calendar.ts"
import { divideRounded, formatDecimal, powerOfTen, rescale } from "../decimal.ts"
import { shapeOf } from "../decimal-types.ts"
import type { Call, Cast, Failure } from "../expression.ts"
import { checkDigits, scaledUp } from "../kernels/decimal-kernels.ts"
import { formatBytes, parseBytes } from "../values/bytes-text.ts"
import { raise } from "../values/failure-register.ts"
import { bytesOfInt, intOfBytes } from "../values/integer-bytes.ts"
import { formatInterval, parseInterval } from "../values/interval-text.ts"
import { parseJsonText } from "../values/json-text.ts"
import {
  formatFloat64,
  parseBoolean,
  parseDecimal,
  parseFloat64,
  parseInt32,
  parseInt64,
} from "../values/number-text.ts"
import { roundHalfEven } from "../values/rounding.ts"
import { timestampOfDate } from "../values/time-arithmetic.ts"
import {
  formatDate,
  formatLocalTimestamp,
  formatTimestamp,
  parseDate,
  parseTimestamp,
} from "../values/time-text.ts"
import type { CallShape, Kernel, KernelContext } from "./kernel.ts"
import { branch, inline, runtime, template } from "./kernel.ts"

const INTEGER_RANGE: Failure = "integer-out-of-range"
const NUMERIC_RANGE: Failure = "numeric-out-of-range"
const TIME_RANGE: Failure = "timestamp-out-of-range"

/** A cast as a call of its kernel; kernel null when the value stays as it is. */
export function castCall(cast: Cast): { readonly kernel: Kernel | null; readonly call: Call } {
  const { input, type, nullable } = cast
  const call: Call = { kind: "call", signature: "cast", args: [input], type, nullable }
  return { kernel: castKernel(input.type, type), call }
}

function castKernel(from: LogicalType, to: LogicalType): Kernel | null {
  if (from.kind === to.kind) return from.kind === "decimal" && !widens(from, to) ? decimalToDecimal : null
  const local = isLocal(from) && to.kind === "string"
  const kernel = local ? localToText : CASTS.get(`${from.kind} ${to.kind}`)
  assert(kernel !== undefined, `there is a cast from ${from.kind} to ${to.kind}`)
  return kernel
}

function widens(from: LogicalType, to: LogicalType): boolean {
  const [a, b] = [shapeOf(from), shapeOf(to)]
  return a.scale === b.scale && a.precision <= b.precision
}

const decimalToDecimal = branch((k, [a = "0n"], { type, args }) => {
  const [from, to] = [shapeOf(args[0]), shapeOf(type)]
  const text =
    to.scale >= from.scale
      ? scaledUp(k, a, to.scale - from.scale)
      : `${k.bind(divideRounded)}(${a}, ${k.int64(powerOfTen(from.scale - to.scale))})`
  const fits = to.precision - to.scale > from.precision - from.scale || to.scale >= from.scale
  return fits && to.precision - to.scale >= from.precision - from.scale ? text : checkDigits(k, text, type)
})

/** Digits an integer type can have: no check when the decimal has room for them. */
const DIGITS = { int32: 10, int64: 19 }

const integerToDecimal = inline((k, [a = "0"], { type, args }) => {
  const to = shapeOf(type)
  const kind = args[0]!.kind as "int32" | "int64"
  const text = scaledUp(k, kind === "int32" ? `BigInt(${a})` : a, to.scale)
  return to.precision - to.scale >= DIGITS[kind] ? text : checkDigits(k, text, type)
})

/** PostgreSQL goes through 15 significant digits. */
function decimalOfFloat(value: number, precision: number, scale: number): bigint {
  if (!Number.isFinite(value)) return raise(NUMERIC_RANGE, 0n)
  return parseDecimal(value.toPrecision(15), precision, scale)
}

function withShape(
  fn: (value: never, precision: number, scale: number) => unknown,
  ...failures: Failure[]
): Kernel {
  return branch((k, [a = ""], { type }) => {
    const { precision, scale } = shapeOf(type)
    return k.run(fn, [a, String(precision), String(scale)], failures)
  })
}

function wholeOfDecimal(k: KernelContext, value: string, { args }: CallShape): string {
  const whole = k.local("t")
  k.emit(`const ${whole} = ${k.bind(rescale)}(${value}, ${shapeOf(args[0]).scale}, 0);`)
  return whole
}

const decimalToInt = (bits: 32 | 64) =>
  branch((k, [a = "0n"], shape) => {
    const whole = wholeOfDecimal(k, a, shape)
    k.failIf(`BigInt.asIntN(${bits}, ${whole}) !== ${whole}`, INTEGER_RANGE)
    return bits === 32 ? `Number(${whole})` : whole
  })

function int32OfFloat(value: number): number {
  const rounded = roundHalfEven(value)
  return rounded >= -2_147_483_648 && rounded <= 2_147_483_647 ? rounded | 0 : raise(INTEGER_RANGE, 0)
}

function int64OfFloat(value: number): bigint {
  const rounded = roundHalfEven(value)
  return rounded >= -(2 ** 63) && rounded < 2 ** 63 ? BigInt(rounded) : raise(INTEGER_RANGE, 0n)
}

const int64ToInt32 = inline((k, [a = "0n"]) => {
  k.failIf(`BigInt.asIntN(32, ${a}) !== ${a}`, INTEGER_RANGE)
  return `Number(BigInt.asIntN(32, ${a}))`
})

const decimalToText = branch(
  (k, [a = "0n"], { args }) => `${k.bind(formatDecimal)}(${a}, ${shapeOf(args[0]).scale})`,
)
const decimalToFloat = branch(
  (k, [a = "0n"], { args }) => `Number(${k.bind(formatDecimal)}(${a}, ${shapeOf(args[0]).scale}))`,
)

const localToText = runtime(formatLocalTimestamp)

const CASTS: ReadonlyMap<string, Kernel> = new Map<`${TypeKind} ${TypeKind}`, Kernel>([
  ["boolean int32", template((a) => `(${a} ? 1 : 0)`)],
  ["boolean string", template((a) => `(${a} ? "true" : "false")`)],
  ["int32 boolean", template((a) => `(${a} !== 0)`)],
  ["int32 int64", template((a) => `BigInt(${a})`)],
  ["int32 float64", template((a) => a)],
  ["int32 decimal", integerToDecimal],
  ["int32 string", template((a) => `String(${a})`)],
  ["int32 bytes", runtime((value: number) => bytesOfInt(BigInt(value), 4))],
  ["int64 int32", int64ToInt32],
  ["int64 float64", template((a) => `Number(${a})`)],
  ["int64 decimal", integerToDecimal],
  ["int64 string", template((a) => `String(${a})`)],
  ["int64 bytes", runtime((value: bigint) => bytesOfInt(value, 8))],
  ["float64 int32", runtime(int32OfFloat, INTEGER_RANGE)],
  ["float64 int64", runtime(int64OfFloat, INTEGER_RANGE)],
  ["float64 decimal", withShape(decimalOfFloat, NUMERIC_RANGE)],
  ["float64 string", runtime(formatFloat64)],
  ["decimal int32", decimalToInt(32)],
  ["decimal int64", decimalToInt(64)],
  ["decimal float64", decimalToFloat],
  ["decimal string", decimalToText],
  ["string boolean", runtime(parseBoolean, "invalid-cast")],
  ["string int32", runtime(parseInt32, "invalid-cast", INTEGER_RANGE)],
  ["string int64", runtime(parseInt64, "invalid-cast", INTEGER_RANGE)],
  ["string float64", runtime(parseFloat64, "invalid-cast", NUMERIC_RANGE)],
  ["string decimal", withShape(parseDecimal, "invalid-cast", NUMERIC_RANGE)],
  ["string bytes", runtime(parseBytes, "invalid-cast")],
  ["string json", runtime(parseJsonText, "invalid-cast")],
  ["string timestamp", runtime(parseTimestamp, "invalid-cast", TIME_RANGE)],
  ["string date", runtime(parseDate, "invalid-cast", TIME_RANGE)],
  ["string interval", runtime(parseInterval, "invalid-cast", TIME_RANGE)],
  ["bytes string", runtime(formatBytes)],
  ["bytes int32", runtime((bytes: Uint8Array) => Number(intOfBytes(bytes, 4)), INTEGER_RANGE)],
  ["bytes int64", runtime((bytes: Uint8Array) => intOfBytes(bytes, 8), INTEGER_RANGE)],
  ["json string", template((a) => a)],
  ["timestamp date", runtime(daysFromMicros)],
  ["timestamp string", runtime(formatTimestamp)],
  ["date timestamp", runtime(timestampOfDate, TIME_RANGE)],
  ["date string", runtime(formatDate)],
  ["interval string", runtime(formatInterval)],
])

/** The text of a value as its type's output function gives it: like a cast, but booleans are t and f. */
export function outputText(k: KernelContext, value: string, type: LogicalType): string {
  if (type.kind === "string") return value
  if (type.kind === "boolean") return `(${value} ? "t" : "f")`
  const kernel = castKernel(type, { kind: "string" })
  assert(kernel?.kind === "strict", `${type.kind} has a text form`)
  return kernel.code(k, [value], { type: { kind: "string" }, args: [type], literals: [undefined] })
}
