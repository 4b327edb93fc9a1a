/** What an aggregate's name and argument mean, and the type of its result, as PostgreSQL has them. */
import type { LogicalType, TypeKind } from "../columns/types.ts"
import { BOOLEAN, decimal, FLOAT64, INT64, MAX_PRECISION, STRING, typeName } from "../columns/types.ts"
import type { ArgumentType } from "./catalogue/entry.ts"
import { INEXACT_SCALE } from "./decimal-types.ts"
import type { AggregateName } from "./expression.ts"
import type { Refusal } from "./resolve.ts"

export interface ResolvedAggregate {
  readonly ok: true
  readonly name: AggregateName
  readonly argumentType: LogicalType | null
  readonly type: LogicalType
  readonly nullable: boolean
  /** False where equal values count once or several times with the same result. */
  readonly mindsDuplicates: boolean
}

type ResultOf = (type: LogicalType) => LogicalType | null

interface Aggregate {
  readonly name: AggregateName
  readonly takes: string
  /** Null for arguments that it does not take. */
  readonly resultOf: ResultOf
  readonly mindsDuplicates: boolean
}

const UNORDERED: ReadonlySet<TypeKind> = new Set(["boolean", "json", "interval"])

const sumOf: ResultOf = (type) => {
  if (type.kind === "int32") return INT64
  if (type.kind === "int64") return decimal(MAX_PRECISION, 0)
  if (type.kind === "decimal") return decimal(MAX_PRECISION, type.scale)
  return type.kind === "float64" ? FLOAT64 : null
}

/** Averages, variances and deviations. */
const quotientOf: ResultOf = (type) => {
  if (type.kind === "float64") return FLOAT64
  if (type.kind === "int32" || type.kind === "int64") return decimal(MAX_PRECISION, INEXACT_SCALE)
  return type.kind === "decimal" ? decimal(MAX_PRECISION, Math.max(INEXACT_SCALE, type.scale)) : null
}

const itselfIfOrdered: ResultOf = (type) => (UNORDERED.has(type.kind) ? null : type)
const countable: ResultOf = (type) => (type.kind === "json" || type.kind === "interval" ? null : INT64)
const booleanOnly: ResultOf = (type) => (type.kind === "boolean" ? BOOLEAN : null)

function aggregate(
  name: AggregateName,
  takes: string,
  resultOf: ResultOf,
  { mindsDuplicates = true } = {},
): Aggregate {
  return { name, takes, resultOf, mindsDuplicates }
}

const ONCE = { mindsDuplicates: false }

/** By the name in SQL. */
const AGGREGATES: ReadonlyMap<string, Aggregate> = new Map([
  ["count", aggregate("count", "*", () => INT64)],
  ["sum", aggregate("sum", "number", sumOf)],
  ["avg", aggregate("avg", "number", quotientOf)],
  ["min", aggregate("min", "number", itselfIfOrdered, ONCE)],
  ["max", aggregate("max", "number", itselfIfOrdered, ONCE)],
  ["bool_and", aggregate("bool_and", "boolean", booleanOnly, ONCE)],
  ["every", aggregate("bool_and", "boolean", booleanOnly, ONCE)],
  ["bool_or", aggregate("bool_or", "boolean", booleanOnly, ONCE)],
  ["var_pop", aggregate("var_pop", "number", quotientOf)],
  ["var_samp", aggregate("var_samp", "number", quotientOf)],
  ["variance", aggregate("var_samp", "number", quotientOf)],
  ["stddev_pop", aggregate("stddev_pop", "number", quotientOf)],
  ["stddev_samp", aggregate("stddev_samp", "number", quotientOf)],
  ["stddev", aggregate("stddev_samp", "number", quotientOf)],
  ["approx_count_distinct", aggregate("approx_count_distinct", "any", countable, ONCE)],
])

/** Aggregates that cannot give a row back, each with the exact form that can. */
export const APPENDING_ONLY: ReadonlyMap<string, string> = new Map([
  ["approx_count_distinct", "count(DISTINCT x)"],
  ["approx_count_distinct_state", "count(DISTINCT x)"],
  ["approx_count_distinct_merge", "count(DISTINCT x) over the rows themselves"],
  ["approx_count_distinct_merge_state", "count(DISTINCT x) over the rows themselves"],
  ["approx_top_k", "GROUP BY x with count(*) in a WITH query, and json_agg over its rows"],
])

export const aggregateNames = (): readonly string[] => [...AGGREGATES.keys()]

/** `arg` null stands for count(*). */
export function resolveAggregate(
  name: string,
  arg: ArgumentType | null,
  distinct: boolean,
): ResolvedAggregate | Refusal {
  const found = AGGREGATES.get(name)
  if (found === undefined) return { ok: false, reason: "no-such-function", candidates: aggregateNames() }
  const candidates = [`${name}(${found.takes})`]
  const refuse = (note: string): Refusal => ({ ok: false, reason: "no-overload", candidates, note })
  const { mindsDuplicates } = found
  if (arg === null) {
    if (name !== "count" || distinct) return refuse(`${name} needs an argument`)
    return { ok: true, name: "count", argumentType: null, type: INT64, nullable: false, mindsDuplicates }
  }
  const type = arg === "unknown" ? unknownAs(found) : arg
  if (distinct && type.kind === "json") return refuse("json values cannot be compared; cast to text")
  const result = found.resultOf(type)
  if (result === null) return refuse(`${name} does not take ${typeName(type)}`)
  const nullable = found.name !== "count" && found.name !== "approx_count_distinct"
  return { ok: true, name: found.name, argumentType: type, type: result, nullable, mindsDuplicates }
}

/** What an untyped literal becomes: text, unless only booleans are taken. */
const unknownAs = ({ resultOf }: Aggregate): LogicalType => (resultOf === booleanOnly ? BOOLEAN : STRING)
