/**
 * Aggregates by our rules: exact sums and averages, NULL over no rows, NaN the greatest, -0 is 0. Each is an
 * argument made ready for each row, some of ClickHouse's aggregates, and the result made of them.
 */

import { BOOLEAN } from "../../columns/types.ts"
import { comparable } from "../../expr/clickhouse/comparison.ts"
import type { Names } from "../../expr/clickhouse/sql-writer.ts"
import { divideRoundedSql, floatOfRank, powerLiteral } from "../../expr/clickhouse/sql-writer.ts"
import { shapeOf } from "../../expr/decimal-types.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { onlyWhere } from "../../expr/rewrite.ts"
import { assert, assertNever } from "../../std/assert.ts"

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
    case "count":
      return `toNullable(${call.distinct ? comparable(names, argument, type) : argument})`
    case "min":
    case "max":
      return `toNullable(${type.kind === "float64" ? comparable(names, argument, type) : argument})`
    case "sum":
    case "avg":
      return isFloat(call) ? `toNullable((${argument}) + 0.)` : `toInt256(toNullable(${argument}))`
    default:
      return assertNever(call.name)
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
    default:
      return assertNever(call.name)
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
    case "avg":
      if (isFloat(call)) return `(${floatSum(first, second)} / ${parts[2]})`
      return exactAverage(names, call, first, second)
    default:
      return assertNever(call.name)
  }
}

const floatSum = (compensated: string, plain: string) => `if(isFinite(${plain}), ${compensated}, ${plain})`

function exactAverage(names: Names, call: AggregateCall, sum: string, count: string): string {
  const { type } = call.argument!
  const [from, to] = [type.kind === "decimal" ? type.scale : 0, shapeOf(call.type).scale]
  assert(to >= from, "an average has at least its argument's places")
  return divideRoundedSql(names, `(${sum} * ${powerLiteral(to - from)})`, `toInt256(nullIf(${count}, 0))`)
}
