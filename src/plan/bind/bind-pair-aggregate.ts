/**
 * Statistics over pairs, as PostgreSQL has them: f(y, x) over floats, of rows in which neither is NULL. Those
 * that need one of the two are aggregates of that one, over the rows that have the other.
 */
import type { FuncCall } from "libpg-query"
import { BOOLEAN, FLOAT64 } from "../../columns/types.ts"
import type { AggregateCall, AggregateName, Expression, PairAggregateName } from "../../expr/expression.ts"
import { PAIR_AGGREGATES } from "../../expr/expression.ts"
import { castAllowed } from "../../expr/resolve.ts"
import { resolveAggregate } from "../../expr/resolve-aggregate.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { unsupported } from "../unsupported.ts"
import type { Bound } from "./bound.ts"
import { castTo, parseUntyped, typeText } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"

/** What is asked of one side of the pairs; `times`: the sum of squared deviations is n variances. */
const OVER_ONE = {
  regr_count: { of: "y", name: "count" },
  regr_avgy: { of: "y", name: "avg" },
  regr_avgx: { of: "x", name: "avg" },
  regr_syy: { of: "y", name: "var_pop", times: "count" },
  regr_sxx: { of: "x", name: "var_pop", times: "count" },
} as const

type OverOne = keyof typeof OVER_ONE

export const pairAggregateNames = (): readonly string[] => [...PAIR_AGGREGATES, ...Object.keys(OVER_ONE)]

/** One aggregate, or two whose product it is. */
export type PairCalls = readonly [AggregateCall] | readonly [AggregateCall, AggregateCall]

/** @param inside the context of what stands inside an aggregate. */
export function bindPairAggregate(name: string, call: FuncCall, inside: ExpressionContext): PairCalls {
  const byte = call.location ?? null
  if (call.agg_within_group || (call.agg_order ?? []).length > 0) {
    throw new Refused(unsupported("ordered-aggregate", name), byte)
  }
  const nodes = call.args ?? []
  if (nodes.length !== 2)
    throw new Refused(findings.aggregateArguments(name, "takes pairs", usage(name)), byte)
  if (call.agg_distinct) {
    const note = `takes no DISTINCT; select the different pairs in a WITH query`
    throw new Refused(findings.aggregateArguments(name, note, usage(name)), byte)
  }
  const bound = nodes.map((node) => inside.bind(node, inside))
  const [y, x] = bound.map((each) => toFloat(name, each, { bound, byte }))
  assert(y !== undefined && x !== undefined, "a pair has two values")
  if (isOverOne(name)) return overOne(name, y, x)
  const common = { kind: "aggregate", distinct: false, type: FLOAT64, nullable: true } as const
  return [{ ...common, name: name as PairAggregateName, argument: y, other: x }]
}

const usage = (name: string) => `${name}(y, x)`
const isOverOne = (name: string): name is OverOne => Object.hasOwn(OVER_ONE, name)

function toFloat(
  name: string,
  bound: Bound,
  all: { readonly bound: readonly Bound[]; readonly byte: number | null },
): Expression {
  if (bound.kind === "untyped") return parseUntyped(bound, FLOAT64)
  if (castAllowed(bound.expression.type, FLOAT64, "implicit")) return castTo(bound.expression, FLOAT64)
  throw new Refused(findings.noOverload(name, all.bound.map(typeText), `${name} takes numbers`, []), all.byte)
}

function overOne(name: OverOne, y: Expression, x: Expression): PairCalls {
  const { of, name: single, ...rest } = OVER_ONE[name]
  const [argument, other] = of === "y" ? [y, x] : [x, y]
  const first = ofSide(single, argument, other)
  return "times" in rest ? [first, ofSide(rest.times, argument, other)] : [first]
}

function ofSide(name: AggregateName, argument: Expression, other: Expression): AggregateCall {
  const resolved = resolveAggregate(name, argument.type, false)
  assert(resolved.ok, `${name} takes floats`)
  const { type, nullable } = resolved
  const call: AggregateCall = {
    kind: "aggregate",
    name: resolved.name,
    argument,
    distinct: false,
    type,
    nullable,
  }
  return other.nullable ? { ...call, filter: isNotNull(other) } : call
}

function isNotNull(expression: Expression): Expression {
  const signature = "is_not_null(any)"
  return { kind: "call", signature, args: [expression], type: BOOLEAN, nullable: false }
}
