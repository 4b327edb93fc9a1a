/** Comparisons in PostgreSQL's order, tests for NULL and truth, and functions that choose among values. */
import type { LogicalType } from "../../columns/types.ts"
import { shapeOf } from "../decimal-types.ts"
import { commonType } from "../type-rules.ts"
import { castSql } from "./casts.ts"
import { comparableInterval } from "./intervals.ts"
import type { ClickHouseSpelling, SpellingCall } from "./spelling.ts"
import { spelled, template } from "./spelling.ts"
import type { Names } from "./sql-writer.ts"
import { clickhouseType, floatOfRank, floatRank, rescaleSql } from "./sql-writer.ts"

const SYMBOLS: Readonly<Record<string, string>> = {
  eq: "=",
  ne: "!=",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
}
const ORDERED = [
  ...["boolean", "int32", "int64", "float64", "decimal", "string"],
  ...["bytes", "timestamp", "date", "interval"],
]

/** What compares in ClickHouse as the value does in PostgreSQL, at a decimal's `scale`. */
export function comparable(names: Names, value: string, type: LogicalType, scale?: number): string {
  switch (type.kind) {
    case "float64":
      return floatRank(names, value)
    case "decimal":
      return rescaleSql(names, value, (scale ?? type.scale) - type.scale)
    case "interval":
      return comparableInterval(names, value)
    default:
      return value
  }
}

function compared(call: SpellingCall, symbol: string, a: number, b: number): string {
  const { names, args, types } = call
  const scale = Math.max(shapeOf(types[a]).scale, shapeOf(types[b]).scale)
  const [left, right] = [a, b].map((i) => comparable(names, args[i]!, types[i]!, scale))
  return `(${left} ${symbol} ${right})`
}

const distinct = (isDistinct: boolean) =>
  spelled((call) => {
    const { names, types } = call
    const scale = Math.max(shapeOf(types[0]).scale, shapeOf(types[1]).scale)
    const values = call.args.map((arg, i) => comparable(names, arg, types[i]!, scale))
    return names.bind(values, (a, b) => {
      const nulls = [a, b].map((value) => `isNull(${value})`)
      const same = `if(${nulls.join(" OR ")}, ${nulls.join(" AND ")}, assumeNotNull(${a} = ${b}))`
      return `toUInt8(${isDistinct ? "NOT " : ""}(${same}))`
    })
  })

const membership = (expected: boolean) =>
  spelled((call) =>
    call.names.bind(call.args, (...names) => {
      const bound = { ...call, args: names }
      const tests = names.slice(1).map((_, i) => compared(bound, "=", 0, i + 1))
      const found = tests.length === 1 ? tests[0]! : `or(${tests.join(", ")})`
      return expected ? `(${found})` : `(NOT ${found})`
    }),
  )

const between = (inside: boolean) =>
  spelled((call) =>
    call.names.bind(call.args, (...names) => {
      const bound = { ...call, args: names }
      return inside
        ? `(${compared(bound, ">=", 0, 1)} AND ${compared(bound, "<=", 0, 2)})`
        : `(${compared(bound, "<", 0, 1)} OR ${compared(bound, ">", 0, 2)})`
    }),
  )

/** Aggregates leave NULLs out, as greatest and least do. */
const extreme = (name: "max" | "min") =>
  spelled(({ names, args, type }) => {
    const values = args.map((arg) => {
      const value = type.kind === "float64" ? floatRank(names, arg) : arg
      return `CAST(${value}, 'Nullable(${type.kind === "float64" ? "Int64" : clickhouseType(type)})')`
    })
    if (type.kind === "interval") return intervalExtreme(names, args, name)
    const best = `arrayReduce('${name}', [${values.join(", ")}])`
    return type.kind === "float64" ? floatOfRank(names, best) : best
  })

/** The first of the greatest or least. */
function intervalExtreme(names: Names, args: readonly string[], name: "max" | "min"): string {
  const symbol = name === "max" ? ">" : "<"
  return args.reduce((best, arg) =>
    names.bind([best, arg], (a, b) => {
      const better = `${comparableInterval(names, b)} ${symbol} ${comparableInterval(names, a)}`
      return `multiIf(isNull(${a}), ${b}, isNull(${b}), ${a}, ${better}, ${b}, ${a})`
    }),
  )
}

const nullif = spelled(({ names, args, types }) => {
  const common = commonType(types)!
  return names.bind([args[0]!, args[1]!], (a, b) => {
    const wide = [a, b].map((value, i) => {
      const cast = castSql({ names, value, from: types[i]!, to: common })
      return comparable(names, cast, common)
    })
    return `if(${wide.join(" = ")}, NULL, ${a})`
  })
})

const truth = (state: "true" | "false" | "unknown"): readonly [string, ClickHouseSpelling][] => {
  const tests = { true: "ifNull($1, 0) = 1", false: "ifNull($1, 1) = 0", unknown: "isNull($1)" }
  return [
    [`is_${state}(boolean)`, template(`toUInt8(${tests[state]})`)],
    [`is_not_${state}(boolean)`, template(`toUInt8(NOT (${tests[state]}))`)],
  ]
}

export const comparisonSpellings: Readonly<Record<string, ClickHouseSpelling>> = {
  ...Object.fromEntries(
    Object.entries(SYMBOLS).flatMap(([word, symbol]) =>
      ORDERED.map((kind) => [`${word}(${kind},${kind})`, spelled((call) => compared(call, symbol, 0, 1))]),
    ),
  ),
  ...Object.fromEntries((["true", "false", "unknown"] as const).flatMap(truth)),
  "is_distinct(any,any)": distinct(true),
  "is_not_distinct(any,any)": distinct(false),
  "is_null(any)": template("toUInt8(isNull($1))"),
  "is_not_null(any)": template("toUInt8(isNotNull($1))"),
  "not(boolean)": template("(NOT $1)"),
  "in(any,any...)": membership(true),
  "not_in(any,any...)": membership(false),
  "between(any,any,any)": between(true),
  "not_between(any,any,any)": between(false),
  "greatest(any...)": extreme("max"),
  "least(any...)": extreme("min"),
  "nullif(any,any)": nullif,
}
