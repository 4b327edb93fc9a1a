/**
 * Comparisons per type, and what is built from them. NaN equals NaN and is above every number; strings and
 * bytes compare byte by byte (collation C); intervals by their length, a month being 30 days.
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { BOOLEAN } from "../../columns/types.ts"
import type { CodeWriter, Kernel, KernelContext, Operand } from "../compile/kernel.ts"
import { branch, inline, own, slices, template } from "../compile/kernel.ts"
import { shapeOf } from "../decimal-types.ts"
import type { Call, Expression } from "../expression.ts"
import type { CodeValue } from "../row-code.ts"
import { commonType } from "../type-rules.ts"
import { compareBytes, compareText } from "../values/compare.ts"
import { comparableMicros } from "../values/interval.ts"
import { bytesAt, compareSlices, encodeText, sliceEquals } from "../values/slices.ts"
import { scaledUp } from "./decimal-kernels.ts"

export type Comparison = "eq" | "ne" | "lt" | "lte" | "gt" | "gte"

const SYMBOL: Readonly<Record<Comparison, string>> = {
  eq: "===",
  ne: "!==",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
}

const FLOAT: Readonly<Record<Comparison, (a: string, b: string) => string>> = {
  eq: (a, b) => `(${a} === ${b} || (${a} !== ${a} && ${b} !== ${b}))`,
  ne: (a, b) => `(${a} !== ${b} && (${a} === ${a} || ${b} === ${b}))`,
  lt: (a, b) => `(${a} < ${b} || (${b} !== ${b} && ${a} === ${a}))`,
  lte: (a, b) => `(${a} <= ${b} || ${b} !== ${b})`,
  gt: (a, b) => `(${a} > ${b} || (${a} !== ${a} && ${b} === ${b}))`,
  gte: (a, b) => `(${a} >= ${b} || ${a} !== ${a})`,
}

/** The comparison of two values of `type`, as an expression. */
export function comparisonCode(
  k: KernelContext,
  comparison: Comparison,
  [a, b]: readonly [string, string],
  types: readonly LogicalType[],
  literals: readonly (Scalar | undefined)[] = [],
): string {
  const symbol = SYMBOL[comparison]
  const { kind } = types[0]!
  if (kind === "float64") return FLOAT[comparison](a, b)
  if (kind === "decimal") {
    const [x, y] = [shapeOf(types[0]).scale, shapeOf(types[1]).scale]
    const scale = Math.max(x, y)
    const [left, right] = [scaledUp(k, a, scale - x, literals[0]), scaledUp(k, b, scale - y, literals[1])]
    return `(${left} ${symbol} ${right})`
  }
  if (kind === "interval") {
    const micros = k.bind(comparableMicros)
    return `(${micros}(${a}) ${symbol} ${micros}(${b}))`
  }
  const equality = comparison === "eq" || comparison === "ne"
  if (kind === "bytes") return `(${k.bind(compareBytes)}(${a}, ${b}) ${symbol} 0)`
  if (kind === "string" && !equality) return `(${k.bind(compareText)}(${a}, ${b}) ${symbol} 0)`
  return `(${a} ${symbol} ${b})`
}

/** Slices compare as bytes with each other and with literals; anything else as values. */
function compareVariable(comparison: Comparison): Kernel {
  return slices((k, [left, right], { args }) => {
    const a = asSlice(k, left!)
    const b = asSlice(k, right!)
    if (a === null || b === null) return comparisonCode(k, comparison, [left!.value(), right!.value()], args)
    const equality = comparison === "eq" || comparison === "ne"
    if (equality) {
      const same = equalSlices(k, left!, right!) ?? `${k.bind(sliceEquals)}(${a}, ${b})`
      return comparison === "eq" ? same : `!${same}`
    }
    return `(${k.bind(compareSlices)}(${a}, ${b}) ${SYMBOL[comparison]} 0)`
  })
}

/** `data, start, end` of an operand that needs no decoding. */
function asSlice(k: KernelContext, operand: Operand): string | null {
  if (operand.slice !== null) return `${operand.slice.data}, ${operand.slice.start}, ${operand.slice.end}`
  const bytes = literalBytes(operand)
  return bytes === null ? null : `${k.bind(bytes)}, 0, ${bytes.length}`
}

export function literalBytes({ literal }: Operand): Uint8Array | null {
  if (literal instanceof Uint8Array) return literal
  return typeof literal === "string" ? encodeText(literal) : null
}

/** A slice against a literal: the length first, then the bytes. */
function equalSlices(k: KernelContext, left: Operand, right: Operand): string | null {
  const slice = left.slice ?? right.slice
  const bytes = literalBytes(left) ?? literalBytes(right)
  if (slice === null || bytes === null) return null
  const fits = `${slice.end} - ${slice.start} === ${bytes.length}`
  return `(${fits} && ${k.bind(bytesAt)}(${slice.data}, ${slice.start}, ${k.bind(bytes)}))`
}

export function comparisonKernel(comparison: Comparison, kind: LogicalType["kind"]): Kernel {
  if (kind === "string" || kind === "bytes") return compareVariable(comparison)
  if (kind === "interval")
    return branch((k, [a = "", b = ""], { args }) => comparisonCode(k, comparison, [a, b], args))
  return inline((k, [a = "", b = ""], { args, literals }) =>
    comparisonCode(k, comparison, [a, b], args, literals),
  )
}

function compare(comparison: Comparison, left: Expression, right: Expression): Call {
  const { kind } = left.type
  return {
    kind: "call",
    signature: `${comparison}(${kind},${kind})`,
    args: [left, right],
    type: BOOLEAN,
    nullable: left.nullable || right.nullable,
  }
}

function named(k: CodeWriter, hint: string, text: string): string {
  const name = k.local(hint)
  k.emit(`const ${name} = ${text};`)
  return name
}

export function distinct(isDistinct: boolean): Kernel {
  return own((k, { args: [left, right] }) => {
    const a = k.operand(left!)
    const b = k.operand(right!)
    const equal = k.evaluate(compare("eq", left!, right!)).value
    const [aNull, bNull] = [a.isNull ?? "false", b.isNull ?? "false"]
    const text = `((${aNull}) ? (${bNull}) : !(${bNull}) && ${equal})`
    return { value: named(k, "t", isDistinct ? `!${text}` : text), isNull: null }
  })
}

export function nullTest(isNull: boolean): Kernel {
  return own((k, { args: [input] }) => {
    const test = k.operand(input!).isNull ?? "false"
    return { value: isNull ? `(${test})` : `(!(${test}))`, isNull: null }
  })
}

/** IS [NOT] TRUE, FALSE, UNKNOWN. */
export function truthTest(state: "true" | "false" | "unknown", expected: boolean): Kernel {
  return own((k, { args: [input] }) => {
    const { value, isNull } = k.evaluate(input!)
    const known = isNull === null ? "true" : `!(${isNull})`
    const is = state === "unknown" ? `!(${known})` : `(${known} && ${state === "true" ? value : `!${value}`})`
    return { value: expected ? is : `(!${is})`, isNull: null }
  })
}

export const not = template((a) => `(!${a})`)

/** x >= low AND x <= high, lazily, as PostgreSQL rewrites it. */
export function between(inside: boolean): Kernel {
  return own((k, { args: [input, low, high], nullable }) => {
    const tests = inside
      ? [compare("gte", input!, low!), compare("lte", input!, high!)]
      : [compare("lt", input!, low!), compare("gt", input!, high!)]
    return k.evaluate({ kind: inside ? "and" : "or", args: tests, type: BOOLEAN, nullable })
  })
}

function castTo(input: Expression, type: LogicalType): Expression {
  return input.type.kind === type.kind ? input : { kind: "cast", input, type, nullable: input.nullable }
}

export const nullif = own((k, { args: [left, right] }) => {
  const a = k.evaluate(left!)
  const type = commonType([left!.type, right!.type])!
  const equal = k.evaluate(compare("eq", castTo(left!, type), castTo(right!, type)))
  const same = equal.isNull === null ? equal.value : `(!(${equal.isNull}) && ${equal.value})`
  const isNull = named(k, "n", a.isNull === null ? same : `(${a.isNull}) || ${same}`)
  return { value: a.value, isNull }
})

/** greatest and least leave NULLs out; only NULLs give NULL. */
export function extreme(comparison: "gt" | "lt"): Kernel {
  return own((k, { args, type }) => {
    const operands = args.map((arg): CodeValue => k.evaluate(arg))
    const [first, ...rest] = operands
    const best = k.variable("t", type)
    const isNull = k.local("n")
    k.emit(`${best} = ${first!.value};`)
    k.emit(`let ${isNull} = ${first!.isNull ?? "false"};`)
    for (const operand of rest) {
      const better = comparisonCode(k, comparison, [operand.value, best], [type, type])
      const present = operand.isNull === null ? "" : `!(${operand.isNull}) && `
      k.emit(`if (${present}(${isNull} || ${better})) { ${best} = ${operand.value}; ${isNull} = false; }`)
    }
    return { value: best, isNull: args.every((arg) => arg.nullable) ? isNull : null }
  })
}
