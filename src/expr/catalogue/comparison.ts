/** Comparisons, tests for NULL and truth, and the functions that choose among values. */
import type { LogicalType } from "../../columns/types.ts"
import { STRING } from "../../columns/types.ts"
import {
  between,
  comparisonKernel,
  distinct,
  extreme,
  not,
  nullif,
  nullTest,
  truthTest,
} from "../kernels/comparison-kernels.ts"
import { membership } from "../kernels/membership-kernels.ts"
import { commonType } from "../type-rules.ts"
import type { CatalogueEntry, Unify } from "./entry.ts"
import { fn, op } from "./entry.ts"

const ORDERED = [
  "boolean",
  "int32",
  "int64",
  "float64",
  "decimal",
  "string",
  "bytes",
  "timestamp",
  "date",
  "interval",
] as const
const COMPARISONS = [
  ["=", "eq"],
  ["<>", "ne"],
  ["<", "lt"],
  ["<=", "lte"],
  [">", "gt"],
  [">=", "gte"],
] as const

/** All arguments become one type that can be compared; json cannot. */
export const comparable: Unify = (args, literals) => {
  const type = commonType(args, literals)
  if (type === null || type.kind === "json") return null
  return args.map(() => type)
}

/**
 * nullif gives its first argument, which PostgreSQL promotes only where no operator compares the two as they
 * are.
 */
const comparableAsIs: Unify = (args, literals) => {
  const kinds = args.map((arg) => (arg === "unknown" ? arg : arg.kind)).sort()
  const asIs = kinds.join() === "int32,int64" || kinds.join() === "date,timestamp"
  return asIs ? (args as readonly LogicalType[]) : comparable(args, literals)
}

/** Each argument stays as it is; an untyped one is a string. */
export const each: Unify = (args) => args.map((arg): LogicalType => (arg === "unknown" ? STRING : arg))

const first = (args: readonly LogicalType[]): LogicalType => args[0] ?? STRING
const choice = { type: first, unify: comparable, nulls: "own" } as const
const test = { unify: each, nulls: "never" } as const
const truth = { nulls: "never" } as const
const bothComparable = { unify: comparable, nulls: "never" } as const
const list = { unify: comparable, nulls: "own" } as const

export const comparison: readonly CatalogueEntry[] = [
  ...COMPARISONS.flatMap(([symbol, word]) =>
    ORDERED.map((kind) => op(symbol, `${word}(${kind},${kind}) -> boolean`, comparisonKernel(word, kind))),
  ),
  op("is distinct from", "is_distinct(any,any) -> boolean", distinct(true), bothComparable),
  op("is not distinct from", "is_not_distinct(any,any) -> boolean", distinct(false), bothComparable),
  op("is null", "is_null(any) -> boolean", nullTest(true), test),
  op("is not null", "is_not_null(any) -> boolean", nullTest(false), test),
  ...(["true", "false", "unknown"] as const).flatMap((state) => [
    op(`is ${state}`, `is_${state}(boolean) -> boolean`, truthTest(state, true), truth),
    op(`is not ${state}`, `is_not_${state}(boolean) -> boolean`, truthTest(state, false), truth),
  ]),
  op("not", "not(boolean) -> boolean", not),
  op("in", "in(any,any...) -> boolean", membership(true), { ...list, postgres: "($1 IN ($rest))" }),
  op("not in", "not_in(any,any...) -> boolean", membership(false), {
    ...list,
    postgres: "($1 NOT IN ($rest))",
  }),
  op("between", "between(any,any,any) -> boolean", between(true), {
    ...list,
    postgres: "($1 BETWEEN $2 AND $3)",
  }),
  op("not between", "not_between(any,any,any) -> boolean", between(false), {
    ...list,
    postgres: "($1 NOT BETWEEN $2 AND $3)",
  }),
  fn("greatest(any...) -> any", extreme("gt"), choice),
  fn("least(any...) -> any", extreme("lt"), choice),
  fn("nullif(any,any) -> any", nullif, {
    ...choice,
    unify: comparableAsIs,
  }),
]
