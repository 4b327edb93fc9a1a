/**
 * Aggregates whose result depends on an order: lists, the first and last of a group, percentiles, mode. What
 * the SQL leaves open is settled here, so that the result does not depend on how rows came: behind the terms
 * of ORDER BY come the event time, where the input has one, and the value itself.
 */
import type { FuncCall, Node } from "libpg-query"
import type { LogicalType } from "../../columns/types.ts"
import { BOOLEAN, FLOAT64, JSON_TEXT, STRING } from "../../columns/types.ts"
import type { AggregateCall, AggregateName, Expression, SortTerm } from "../../expr/expression.ts"
import { castAllowed } from "../../expr/resolve.ts"
import { findings, Refused } from "../errors.ts"
import { canonical } from "../expressions/canonical.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { startOf } from "../sql/tree.ts"
import type { Bound } from "./bound.ts"
import { asWritten, castTo, settle, typed, typeText } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"

type Form = "list" | "pick" | "within" | "sketch"

interface Ordered {
  readonly name: AggregateName
  readonly form: Form
  readonly usage: string
}

const pick = (name: "first" | "last"): Ordered => {
  return { name, form: "pick", usage: `${name}(x ORDER BY t) or ${name}(x, t)` }
}
const FIRST = pick("first")
const LAST = pick("last")
const within = (name: "percentile_cont" | "percentile_disc"): Ordered => {
  return { name, form: "within", usage: `${name}(0.5) WITHIN GROUP (ORDER BY x)` }
}

/** By the name in SQL; Flink, Trino, DuckDB and ClickHouse have names of their own for the first and last. */
const ORDERED: ReadonlyMap<string, Ordered> = new Map([
  ["string_agg", { name: "string_agg", form: "list", usage: "string_agg(x, ',' ORDER BY x)" }],
  ["json_agg", { name: "json_agg", form: "list", usage: "json_agg(x ORDER BY x)" }],
  ["array_agg", { name: "array_agg", form: "list", usage: "array_agg(x ORDER BY x)" }],
  ...["first", "first_value", "min_by", "arg_min", "argmin"].map((name) => [name, FIRST] as const),
  ...["last", "last_value", "max_by", "arg_max", "argmax"].map((name) => [name, LAST] as const),
  ["percentile_cont", within("percentile_cont")],
  ["percentile_disc", within("percentile_disc")],
  ["mode", { name: "mode", form: "within", usage: "mode() WITHIN GROUP (ORDER BY x)" }],
  ["approx_percentile", { name: "approx_percentile", form: "sketch", usage: "approx_percentile(x, 0.99)" }],
  [
    "approx_top_k",
    { name: "approx_top_k", form: "sketch", usage: "approx_top_k(x, 10), for 1 to 100 values" },
  ],
])

export const orderedAggregateNames = (): readonly string[] => [...ORDERED.keys()]

/** What a call says, bound inside the aggregate. */
interface Parts {
  /** As the SQL calls it. */
  readonly name: string
  readonly ordered: Ordered
  readonly args: readonly Bound[]
  readonly terms: readonly SortTerm[]
  readonly distinct: boolean
  /** The input's event time; null when it has none. */
  readonly time: Expression | null
  readonly byte: number | null
}

type Settled = Pick<AggregateCall, "argument" | "type" | "distinct"> &
  Partial<Pick<AggregateCall, "order" | "constant">> & { readonly takes?: readonly Expression[] }

/** @param inside the context of what stands inside an aggregate. */
export function bindOrderedAggregate(name: string, call: FuncCall, inside: ExpressionContext): AggregateCall {
  const ordered = ORDERED.get(name)!
  const byte = call.location ?? null
  const parts: Parts = {
    name,
    ordered,
    args: (call.args ?? []).map((arg) => inside.bind(arg, inside)),
    terms: (call.agg_order ?? []).map((node) => bindTerm(node, inside)),
    distinct: call.agg_distinct ?? false,
    time: timeOf(inside),
    byte,
  }
  const grouped = call.agg_within_group ?? false
  if (call.agg_star || grouped !== (ordered.form === "within")) throw wrong(parts, "is called in another way")
  const { takes = [], ...settled } = BINDERS[ordered.form](parts)
  return {
    kind: "aggregate",
    name: ordered.name,
    nullable: true,
    ...settled,
    ...(takes.length === 0 ? {} : { filter: conjunction(takes) }),
  }
}

const BINDERS: Readonly<Record<Form, (parts: Parts) => Settled>> = {
  list: bindList,
  pick: bindPick,
  within: bindWithin,
  sketch: bindSketch,
}

function wrong({ name, ordered, byte }: Parts, what: string): Refused {
  return new Refused(findings.aggregateArguments(name, what, ordered.usage), byte)
}

function bindTerm(node: Node, inside: ExpressionContext): SortTerm {
  const byte = startOf(node)
  if (!("SortBy" in node) || node.SortBy.node === undefined || node.SortBy.useOp !== undefined) {
    throw new Refused(findings.aggregateArguments("ORDER BY", "takes no operator", "ORDER BY x DESC"), byte)
  }
  const { sortby_dir: direction, sortby_nulls: nulls } = node.SortBy
  const expression = settle(inside.bind(node.SortBy.node, inside))
  const name = expression.kind === "column" ? expression.name : "this expression"
  if (expression.type.kind === "json") throw new Refused(findings.jsonKey(name), byte)
  if (expression.type.kind === "interval") throw new Refused(findings.intervalColumn(name), byte)
  const descending = direction === "SORTBY_DESC"
  const stated = nulls === "SORTBY_NULLS_FIRST" || nulls === "SORTBY_NULLS_LAST"
  return { expression, descending, nullsFirst: stated ? nulls === "SORTBY_NULLS_FIRST" : descending }
}

function timeOf({ scope }: ExpressionContext): Expression | null {
  const { node } = scope.rows
  if (node.timeColumn === null) return null
  return { kind: "column", index: node.timeColumn, ...node.columns[node.timeColumn]! }
}

const ascending = (expression: Expression): SortTerm => {
  return { expression, descending: false, nullsFirst: false }
}

/** The terms, then event time and value where they are not among them. */
function complete(terms: readonly SortTerm[], time: Expression | null, value: Expression): SortTerm[] {
  const all = [...terms, ...(time === null ? [] : [ascending(time)]), ascending(value)]
  const texts = all.map(({ expression }) => canonical(expression))
  return all.filter((_, k) => texts.indexOf(texts[k]!) === k)
}

function bindList(parts: Parts): Settled {
  const { name, args, terms, distinct, time, byte } = parts
  const isText = name === "string_agg"
  const value = args[0]
  if (value === undefined || args.length !== (isText ? 2 : 1)) throw wrong(parts, "has other arguments")
  const argument = asWritten(settle(value))
  if (isText && argument.type.kind !== "string") {
    const note = "cast the value to text: string_agg(x::text, ',')"
    throw new Refused(findings.noOverload(name, args.map(typeText), note, []), byte)
  }
  if (argument.type.kind === "interval") throw new Refused(findings.intervalColumn(name), byte)
  const text = { argument, distinct, type: isText ? STRING : JSON_TEXT }
  const constant = isText ? { constant: delimiterOf(parts) } : {}
  if (!distinct) return { ...text, ...constant, order: complete(terms, time, argument) }
  if (argument.type.kind === "json") throw new Refused(findings.jsonKey(name), byte)
  if (terms.some(({ expression }) => canonical(asWritten(expression)) !== canonical(argument))) {
    throw wrong(parts, "with DISTINCT can be sorted by its argument only")
  }
  return { ...text, ...constant, order: [{ ...(terms[0] ?? ascending(argument)), expression: argument }] }
}

function delimiterOf(parts: Parts): string {
  const delimiter = parts.args[1]!
  if (delimiter.kind === "untyped") return delimiter.text ?? ""
  const { expression } = delimiter
  if (expression.kind === "literal" && expression.type.kind === "string") {
    return (expression.value as string | null) ?? ""
  }
  throw wrong(parts, "takes a delimiter that is a constant text")
}

/** A row is not taken where the value, or what it is sorted by, is NULL. */
function bindPick(parts: Parts): Settled {
  const { args, time } = parts
  const [value, by] = args
  if (value === undefined || args.length > 2) throw wrong(parts, "has other arguments")
  if (by !== undefined && parts.terms.length > 0) throw wrong(parts, "is sorted twice")
  const given = by === undefined ? parts.terms : [ascending(settle(by))]
  if (given.length === 0 && time === null) throw wrong(parts, "has nothing to be sorted by")
  const argument = settle(value)
  const { type } = argument
  if (type.kind === "interval") throw new Refused(findings.intervalColumn(parts.name), parts.byte)
  const sorted = given.map(({ expression }) => expression)
  const unsorted = sorted.find((expression) => ["json", "interval"].includes(expression.type.kind))
  if (unsorted !== undefined) throw wrong(parts, `cannot be sorted by ${unsorted.type.kind}`)
  const takes = [argument, ...sorted].filter(({ nullable }) => nullable).map(isNotNull)
  // DISTINCT does not change the first of a set.
  return { argument, type, distinct: false, order: complete(given, time, argument), takes }
}

function isNotNull(expression: Expression): Expression {
  const signature = "is_not_null(any)"
  return { kind: "call", signature, args: [expression], type: BOOLEAN, nullable: false }
}

function bindWithin(parts: Parts): Settled {
  const { ordered, args, terms, distinct, byte } = parts
  const term = terms[0]
  if (term === undefined || terms.length > 1) throw wrong(parts, "is sorted by one expression")
  if (distinct) throw wrong(parts, "does not take DISTINCT")
  if (args.length !== (ordered.name === "mode" ? 0 : 1)) throw wrong(parts, "has other arguments")
  const given = term.expression
  if (ordered.name !== "percentile_cont") {
    const constant = ordered.name === "mode" ? {} : { constant: fractionOf(parts, args[0]!) }
    return { argument: given, type: given.type, distinct, order: [term], ...constant }
  }
  const argument = toFloat(parts.name, given, byte)
  const order = [{ ...term, expression: argument }]
  return { argument, type: FLOAT64, distinct, order, constant: fractionOf(parts, args[0]!) }
}

function bindSketch(parts: Parts): Settled {
  const { name, args, terms, distinct, byte } = parts
  const [value, constant] = args
  if (value === undefined || constant === undefined || args.length > 2) {
    throw wrong(parts, "has other arguments")
  }
  if (distinct || terms.length > 0) throw wrong(parts, "takes neither DISTINCT nor ORDER BY")
  if (name === "approx_top_k") {
    const counted = settle(value)
    if (counted.type.kind === "json") throw new Refused(findings.jsonKey(name), byte)
    if (counted.type.kind === "interval") throw new Refused(findings.intervalColumn(name), byte)
    return { argument: counted, type: JSON_TEXT, distinct, constant: limitOf(parts, constant) }
  }
  const argument = toFloat(name, settle(value), byte)
  return { argument, type: FLOAT64, distinct, constant: fractionOf(parts, constant) }
}

function toFloat(name: string, expression: Expression, byte: number | null): Expression {
  if (castAllowed(expression.type, FLOAT64, "implicit")) return castTo(expression, FLOAT64)
  const note = `${name} takes numbers`
  throw new Refused(findings.noOverload(name, [typeText(typed(expression, byte))], note, []), byte)
}

/** More counters would make every row slow. */
const MAX_TOP = 100

function limitOf(parts: Parts, bound: Bound): number {
  const limit = bound.kind === "untyped" ? Number.NaN : numberOf(bound.expression)
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_TOP) return limit
  throw wrong(parts, `takes a constant from 1 to ${MAX_TOP}`)
}

/** A constant from 0 to 1. */
function fractionOf(parts: Parts, bound: Bound): number {
  const value = bound.kind === "untyped" ? Number(bound.text ?? Number.NaN) : numberOf(bound.expression)
  if (value >= 0 && value <= 1) return value
  throw wrong(parts, "takes a constant fraction from 0 to 1")
}

function numberOf(expression: Expression): number {
  if (expression.kind !== "literal" || expression.value === null) return Number.NaN
  const { value, type } = expression
  return isNumber(type) ? Number(value) / 10 ** (type.kind === "decimal" ? type.scale : 0) : Number.NaN
}

const isNumber = ({ kind }: LogicalType) => ["int32", "int64", "decimal", "float64"].includes(kind)
