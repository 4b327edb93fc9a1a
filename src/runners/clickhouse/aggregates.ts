/** Aggregates by our rules: exact sums and averages, NULL over no rows, NaN the greatest, -0 is 0. */
import { INEXACT_SCALE, shapeOf } from "../../expr/decimal-types.ts"
import { comparable } from "../../expr/clickhouse/comparison.ts"
import {
  divideRoundedSql,
  floatOfRank,
  floatRank,
  type Names,
  powerLiteral,
} from "../../expr/clickhouse/sql-writer.ts"
import type { AggregateCall } from "../../expr/expression.ts"
import { assert, assertNever } from "../../std/assert.ts"

/** @param argument its argument as SQL; null for count(*). */
export function aggregateSql(names: Names, call: AggregateCall, argument: string | null): string {
  if (argument === null) return "toInt64(count())"
  assert(call.argument !== null, "an aggregate with SQL for its argument has one")
  const { type } = call.argument
  const value = `toNullable(${argument})`
  const distinct = call.distinct ? "DISTINCT " : ""
  switch (call.name) {
    case "count":
      return call.distinct
        ? `toInt64(uniqExact(${comparable(names, value, type)}))`
        : `toInt64(count(${value}))`
    case "min":
    case "max":
      if (type.kind !== "float64") return `${call.name}(${value})`
      return floatOfRank(names, `${call.name}(${floatRank(names, value)})`)
    case "sum":
      return sumSql(call, value, distinct)
    case "avg":
      return averageSql(names, call, value, distinct)
    default:
      return assertNever(call.name)
  }
}

function sumSql(call: AggregateCall, value: string, distinct: string): string {
  if (call.type.kind === "float64") return floatSum(value, distinct)
  const exact = `sum(${distinct}toInt256(${value}))`
  return call.type.kind === "int64" ? `toInt64(${exact})` : exact
}

/** Compensated as the engine's, and infinities as they are, which compensation would make NaN. */
function floatSum(value: string, distinct: string): string {
  if (distinct !== "") return `sum(${distinct}(${value}) + 0.)`
  return `if(isFinite(sum(${value})), sumKahan(${value}), sum(${value}))`
}

function averageSql(names: Names, call: AggregateCall, value: string, distinct: string): string {
  const count = distinct === "" ? `count(${value})` : `uniqExact(${value})`
  if (call.type.kind === "float64") return `(${floatSum(value, distinct)} / ${count})`
  const scale = call.argument!.type.kind === "decimal" ? shapeOf(call.argument!.type).scale : 0
  const wanted = shapeOf(call.type).scale
  assert(wanted >= scale && wanted >= INEXACT_SCALE, "an average has at least its argument's places")
  const sum = `sum(${distinct}toInt256(${value})) * ${powerLiteral(wanted - scale)}`
  return divideRoundedSql(names, `(${sum})`, `toInt256(nullIf(${count}, 0))`)
}

