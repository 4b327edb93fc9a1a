/** Aggregates over arrays of values, straight from their definitions. */
import type { Scalar } from "../../columns/types.ts"
import type { AggregateCall } from "../../expr/expression.ts"
import type { Row } from "./batches.ts"
import { scalarKey } from "./batches.ts"
import { evaluate } from "./naive-expressions.ts"

const DECIMAL_LIMIT = 10n ** 38n

/** What one aggregate remembers of a row: whether it is taken, then its argument. */
export function naiveArguments({ argument, filter }: AggregateCall, row: Row): Row {
  const taken = filter === undefined || evaluate(filter, row) === true
  return [taken, taken && argument !== null ? evaluate(argument, row) : null]
}

export const argumentWidth = (_call: AggregateCall): number => 2

export function naiveAggregate(call: AggregateCall, remembered: readonly Row[]): Scalar {
  const taken = remembered.filter(([isTaken]) => isTaken)
  if (call.argument === null) return BigInt(taken.length)
  let values = taken.map(([, value]) => value!).filter((value) => value !== null)
  if (call.distinct) values = [...new Map(values.map((value) => [scalarKey(value), value])).values()]
  if (call.name === "count") return BigInt(values.length)
  if (values.length === 0) return null
  if (call.name === "min" || call.name === "max") return extreme(call.name, values)
  if (call.argument.type.kind === "float64") {
    const sum = (values as number[]).reduce((a, b) => a + b, 0)
    return (call.name === "sum" ? sum : sum / values.length) + 0
  }
  const sum = values.reduce<bigint>((a, b) => a + BigInt(b as number | bigint), 0n)
  if (call.name === "sum") return fit(call, sum)
  const shift =
    call.type.kind === "decimal" && call.argument.type.kind === "decimal"
      ? call.type.scale - call.argument.type.scale
      : 16
  return fit(call, roundedQuotient(sum * 10n ** BigInt(shift), BigInt(values.length)))
}

function fit(call: AggregateCall, value: bigint): bigint | null {
  if (call.type.kind === "int64") return value === BigInt.asIntN(64, value) ? value : null
  return value < DECIMAL_LIMIT && value > -DECIMAL_LIMIT ? value : null
}

function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n
  const magnitude = negative ? -dividend : dividend
  const quotient = magnitude / divisor
  const rounded = (magnitude % divisor) * 2n >= divisor ? quotient + 1n : quotient
  return negative ? -rounded : rounded
}

function extreme(name: "min" | "max", values: readonly Scalar[]): Scalar {
  const sorted = [...values].sort(compare)
  const found = (name === "min" ? sorted[0] : sorted.at(-1))!
  return found === 0 ? 0 : found
}

function compare(a: Scalar, b: Scalar): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0
}
