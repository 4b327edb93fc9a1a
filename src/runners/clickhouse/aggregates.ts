/**
 * Aggregates by our rules: exact sums and averages, NULL over no rows, NaN the greatest, -0 is 0. Each is an
 * argument made ready for each row, some of ClickHouse's aggregates, and the result made of them.
 */

import { BOOLEAN, MAX_NARROW_PRECISION } from "../../columns/types.ts"
import { comparable } from "../../expr/clickhouse/comparison.ts"
import type { Names } from "../../expr/clickhouse/sql-writer.ts"
import { bigLiteral, divideRoundedSql, floatOfRank, powerLiteral } from "../../expr/clickhouse/sql-writer.ts"
import { shapeOf } from "../../expr/decimal-types.ts"
import { noClickHouseSpelling } from "../../expr/errors.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { onlyWhere } from "../../expr/rewrite.ts"
import { assert } from "../../std/assert.ts"

const isFloat = (call: AggregateCall) => call.argument?.type.kind === "float64"

/** FILTER as a condition around the argument: all these aggregates leave NULL out. */
export function filterIntoArgument(call: AggregateCall): AggregateCall {
  if (call.filter === undefined) return call
  const { filter, ...rest } = call
  const each: Expression = call.argument ?? { kind: "literal", value: true, type: BOOLEAN, nullable: false }
  return { ...rest, argument: onlyWhere(filter, each) }
}

/** Nullable, so that there is NULL over no rows. */
export function argumentSql(names: Names, call: AggregateCall, argument: string): string {
  const { type } = call.argument!
  switch (call.name) {
    case "corr":
    case "covar_pop":
    case "covar_samp":
    case "regr_slope":
    case "regr_intercept":
    case "regr_r2":
    case "regr_sxy":
      throw noClickHouseSpelling(call.name, "products that cancel each other leave other digits there")
    case "approx_count_distinct":
      throw noClickHouseSpelling(call.name, "its sketch has other hashes there")
    case "count":
      return `toNullable(${call.distinct ? comparable(names, argument, type) : argument})`
    case "min":
    case "max":
      return `toNullable(${type.kind === "float64" ? comparable(names, argument, type) : argument})`
    case "bool_and":
    case "bool_or":
      return `toNullable(${argument})`
    case "sum":
    case "avg":
    case "var_pop":
    case "var_samp":
    case "stddev_pop":
    case "stddev_samp":
      return isFloat(call) ? `toNullable((${argument}) + 0.)` : `toInt256(toNullable(${argument}))`
    default:
      assert(false, `${call.name} takes its values in any order`)
  }
}

/** ClickHouse's aggregates over the column of the argument. */
export function aggregateParts(call: AggregateCall, column: string): readonly string[] {
  if (call.argument === null) return ["count()"]
  const distinct = call.distinct ? "DISTINCT " : ""
  switch (call.name) {
    case "count":
      return [call.distinct ? `uniqExact(${column})` : `count(${column})`]
    case "min":
    case "max":
      return [`${call.name}(${column})`]
    case "sum":
      return sums(call, column, distinct)
    case "avg":
      return [...sums(call, column, distinct), call.distinct ? `uniqExact(${column})` : `count(${column})`]
    case "bool_and":
      return [`min(${column})`]
    case "bool_or":
      return [`max(${column})`]
    case "var_pop":
    case "var_samp":
    case "stddev_pop":
    case "stddev_samp":
      return spreadParts(call, column)
    default:
      assert(false, `${call.name} takes its values in any order`)
  }
}

/** Floats compensated as the engine's, and plain too: compensation would make NaN of infinities. */
function sums(call: AggregateCall, column: string, distinct: string): readonly string[] {
  const sum = `sum(${distinct}${column})`
  return isFloat(call) ? [distinct === "" ? `sumKahan(${column})` : sum, sum] : [sum]
}

export function aggregateResult(names: Names, call: AggregateCall, parts: readonly string[]): string {
  const [first = "", second = ""] = parts
  switch (call.name) {
    case "count":
      return `toInt64(${first})`
    case "min":
    case "max":
      return isFloat(call) ? floatOfRank(names, first) : first
    case "sum":
      if (isFloat(call)) return floatSum(first, second)
      return call.type.kind === "int64" ? `toInt64(${first})` : first
    case "bool_and":
    case "bool_or":
      return first
    case "var_pop":
    case "var_samp":
    case "stddev_pop":
    case "stddev_samp":
      return spread(names, call, parts)
    case "avg":
      if (isFloat(call)) return `(${floatSum(first, second)} / ${parts[2]})`
      return exactAverage(names, call, first, second)
    default:
      assert(false, `${call.name} takes its values in any order`)
  }
}

const floatSum = (compensated: string, plain: string) => `if(isFinite(${plain}), ${compensated}, ${plain})`

function exactAverage(names: Names, call: AggregateCall, sum: string, count: string): string {
  const { type } = call.argument!
  const [from, to] = [type.kind === "decimal" ? type.scale : 0, shapeOf(call.type).scale]
  assert(to >= from, "an average has at least its argument's places")
  return divideRoundedSql(names, `(${sum} * ${powerLiteral(to - from)})`, `toInt256(nullIf(${count}, 0))`)
}

/** Exact ones from sums that a 256-bit integer holds. */
function spreadParts(call: AggregateCall, column: string): readonly string[] {
  const { type } = call.argument!
  const distinct = call.distinct ? "DISTINCT " : ""
  const count = call.distinct ? `uniqExact(${column})` : `count(${column})`
  if (isFloat(call)) {
    const variance = call.name.endsWith("_pop") ? "varPopStable" : "varSampStable"
    return [`${variance}(${distinct}${column})`, count]
  }
  if (type.kind === "decimal" && type.precision > MAX_NARROW_PRECISION) {
    throw noClickHouseSpelling(call.name, "the squares of so wide a decimal exceed 256 bits")
  }
  return [`sum(${distinct}${column})`, `sum(${distinct}${column} * ${column})`, count]
}

function spread(names: Names, call: AggregateCall, parts: readonly string[]): string {
  const { type } = call.argument!
  const [first = "", squares = "", count = ""] = parts
  if (isFloat(call)) {
    const few = call.name.endsWith("_pop") ? 1 : 2
    const root = call.name.startsWith("stddev") ? `sqrt(${first})` : first
    return `if(${squares} < ${few}, NULL, ${root})`
  }
  const n = `toInt256(${count})`
  const numerator = `(${n} * ${squares} - ${first} * ${first})`
  const denominator = `nullIf(${call.name.endsWith("_pop") ? `${n} * ${n}` : `${n} * (${n} - 1)`}, 0)`
  const [from, to] = [type.kind === "decimal" ? type.scale : 0, shapeOf(call.type).scale]
  return names.bind([numerator, denominator], (top, bottom) => {
    if (!call.name.startsWith("stddev")) return quotientSql(names, { top, bottom, places: to - 2 * from })
    const quadruple = `(${wholes(top, bottom, 2 * (to - from), 4n)})`
    return `intDivOrZero(${rootSql(names, quadruple)} + 1, 2)`
  })
}

/** floor(top * factor * 10^places / bottom); whole and rest apart, so that 256 bits are enough. */
function wholes(top: string, bottom: string, places: number, factor = 1n): string {
  const power = bigLiteral(factor * 10n ** BigInt(places))
  const rest = `(${top} - intDivOrZero(${top}, ${bottom}) * ${bottom})`
  return `intDivOrZero(${top}, ${bottom}) * ${power} + intDivOrZero(${rest} * ${power}, ${bottom})`
}

interface Quotient {
  /** Not negative. */
  readonly top: string
  readonly bottom: string
  readonly places: number
}

/** top * 10^places / bottom, rounded half up. */
function quotientSql(names: Names, { top, bottom, places }: Quotient): string {
  if (places < 0) return divideRoundedSql(names, top, `(${bottom} * ${powerLiteral(-places)})`)
  return `intDivOrZero(${wholes(top, bottom, places, 2n)} + 1, 2)`
}

/** The largest whole number whose square is at most `value`: the double's root and two steps of Newton. */
function rootSql(names: Names, value: string): string {
  return names.bind([value], (v) => {
    const step = (root: string) => `intDivOrZero(${root} + intDivOrZero(${v}, ${root}), 2)`
    return names.bind([`toInt256(greatest(floor(sqrt(toFloat64(${v}))), 1))`], (first) =>
      names.bind([step(first)], (second) =>
        names.bind([step(second)], (root) => {
          const over = `${root} * ${root} > ${v}`
          const under = `(${root} + 1) * (${root} + 1) <= ${v}`
          return `(${root} + multiIf(${over}, -1, ${under}, 1, 0))`
        }),
      ),
    )
  })
}
