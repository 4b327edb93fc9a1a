/** Aggregates over arrays of values, straight from their definitions. */
import type { Scalar } from "../../columns/types.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { jsonOf } from "../../expr/values/to-json.ts"
import type { Row } from "./batches.ts"
import { scalarKey } from "./batches.ts"
import { evaluate } from "./naive-expressions.ts"

const DECIMAL_LIMIT = 10n ** 38n

/** What one aggregate remembers of a row: whether it is taken, then its argument. */
export function naiveArguments({ argument, other, filter, order = [] }: AggregateCall, row: Row): Row {
  const taken = filter === undefined || evaluate(filter, row) === true
  const value = (part: Expression | null) => (taken && part !== null ? evaluate(part, row) : null)
  const second = other === undefined ? [] : [value(other)]
  return [taken, value(argument), ...second, ...order.map(({ expression }) => value(expression))]
}

/** How many values that is. */
export const argumentWidth = ({ other, order = [] }: AggregateCall): number =>
  2 + (other === undefined ? 0 : 1) + order.length

export function naiveAggregate(call: AggregateCall, remembered: readonly Row[]): Scalar {
  const taken = remembered.filter(([isTaken]) => isTaken)
  if (call.argument === null) return BigInt(taken.length)
  if (call.order !== undefined) return inOrder(call, taken)
  if (call.other !== undefined) return overPairs(call.name, taken)
  let values = taken.map(([, value]) => value!).filter((value) => value !== null)
  if (call.distinct) values = [...new Map(values.map((value) => [scalarKey(value), value])).values()]
  if (call.name === "count") return BigInt(values.length)
  if (values.length === 0) return null
  if (call.name === "min" || call.name === "max") return extreme(call.name, values)
  if (call.name === "bool_and") return !values.includes(false)
  if (call.name === "bool_or") return values.includes(true)
  if (call.name.startsWith("var_") || call.name.startsWith("stddev_")) return spread(call, values)
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

/** Of lists, first and last, percentiles and mode: from the rows in order. */
function inOrder(
  { name, argument, order = [], distinct, constant }: AggregateCall,
  taken: readonly Row[],
): Scalar {
  const rows = taken
    .filter(([, value]) => value !== null || name === "json_agg" || name === "array_agg")
    .toSorted(([, , ...a], [, , ...b]) => {
      for (const [k, { descending, nullsFirst }] of order.entries()) {
        const [x, y] = [a[k]!, b[k]!]
        if (x === null && y === null) continue
        if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1
        const step = compare(x, y)
        if (step !== 0) return descending ? -step : step
      }
      return 0
    })
  const all = rows.map(([, value]) => (value === 0 ? 0 : value!))
  const values = distinct
    ? all.filter((value, k) => k === 0 || scalarKey(value) !== scalarKey(all[k - 1]!))
    : all
  if (values.length === 0) return null
  const fraction = constant as number
  switch (name) {
    case "string_agg":
      return values.join(constant as string)
    case "json_agg":
      return `[${values.map((value) => jsonOf(value, argument!.type)).join(", ")}]`
    case "array_agg":
      return `[${values.map((value) => jsonOf(value, argument!.type)).join(",")}]`
    case "first":
      return values[0]!
    case "last":
      return values.at(-1)!
    case "percentile_disc":
      return values.find((_, k) => k + 1 >= fraction * values.length)!
    case "percentile_cont": {
      const place = fraction * (values.length - 1)
      const [low, high] = [values[Math.floor(place)] as number, values[Math.ceil(place)] as number]
      return Number.isInteger(place) ? low : low + (place % 1) * (high - low) + 0
    }
    default: {
      const counts = values.map(
        (value) => values.filter((other) => scalarKey(other) === scalarKey(value)).length,
      )
      return values[counts.indexOf(Math.max(...counts))]!
    }
  }
}

/** Pairs (y, x) by their definitions, in whole numbers: the values of tests are multiples of 1/8. */
function overPairs(name: string, taken: readonly Row[]): Scalar {
  const pairs = taken.filter(([, y, x]) => y !== null && x !== null).map(([, y, x]) => [y, x] as number[])
  const n = BigInt(pairs.length)
  if (n === 0n) return null
  const finite = (side: 0 | 1) => pairs.every((pair) => Number.isFinite(pair[side]))
  const whole = (side: 0 | 1) => pairs.map((pair) => (finite(side) ? BigInt(pair[side]! * 8) : 0n))
  const [ys, xs] = [whole(0), whole(1)]
  const sum = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n)
  const products = (a: readonly bigint[], b: readonly bigint[]) =>
    Number(n * sum(a.map((value, k) => value * b[k]!)) - sum(a) * sum(b)) / (64 * pairs.length)
  const yy = finite(0) ? products(ys, ys) : Number.NaN
  const xx = finite(1) ? products(xs, xs) : Number.NaN
  const xy = finite(0) && finite(1) ? products(ys, xs) : Number.NaN
  switch (name) {
    case "covar_pop":
      return xy / pairs.length
    case "covar_samp":
      return n === 1n ? null : xy / (pairs.length - 1)
    case "regr_sxy":
      return xy
    case "corr":
      return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy)
    case "regr_r2":
      return xx === 0 ? null : yy === 0 ? 1 : (xy * xy) / (xx * yy)
    case "regr_slope":
      return xx === 0 ? null : xy / xx
    default:
      return xx === 0 ? null : (Number(sum(ys)) / 8 - (Number(sum(xs)) / 8) * (xy / xx)) / pairs.length
  }
}

/** Floats by their mean in twice the precision that the values of tests need: all are multiples of 1/8. */
function spread(call: AggregateCall, values: readonly Scalar[]): Scalar {
  const less = values.length - (call.name.endsWith("_samp") ? 1 : 0)
  if (less === 0) return null
  const root = call.name.startsWith("stddev")
  const n = BigInt(values.length)
  const float = call.argument!.type.kind === "float64"
  if (float && values.some((value) => !Number.isFinite(value))) return Number.NaN
  const whole = values.map((value) => (float ? BigInt((value as number) * 8) : BigInt(value as number)))
  const total = whole.reduce((a, b) => a + b, 0n)
  const squares = whole.reduce((a, b) => a + b * b, 0n)
  const [top, bottom] = [n * squares - total * total, n * BigInt(less)]
  if (float) {
    const variance = Number(top) / Number(bottom * 64n)
    return root ? Math.sqrt(variance) : variance
  }
  const scale = call.argument!.type.kind === "decimal" ? call.argument!.type.scale : 0
  const places = call.type.kind === "decimal" ? call.type.scale : 0
  if (!root) return fit(call, roundedQuotient(top * 10n ** BigInt(places), bottom * 10n ** BigInt(2 * scale)))
  let [low, high] = [0n, 10n ** 60n]
  const [goal, unit] = [4n * top * 10n ** BigInt(2 * (places - scale)), bottom]
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    if (middle * middle * unit <= goal) low = middle
    else high = middle - 1n
  }
  return fit(call, (low + 1n) / 2n)
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

/** PostgreSQL's order of two values that are not NULL. */
export function compare(a: Scalar, b: Scalar): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0
}
