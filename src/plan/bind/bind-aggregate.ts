/** Calls of aggregates: their argument, DISTINCT and FILTER. */
import type { FuncCall } from "libpg-query"
import { BOOLEAN, FLOAT64 } from "../../columns/types.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { resolveOperator } from "../../expr/resolve.ts"
import { APPENDING_ONLY, resolveAggregate } from "../../expr/resolve-aggregate.ts"
import type { SketchAggregateName } from "../../expr/sketch-aggregates.ts"
import { sketchAggregate } from "../../expr/sketch-aggregates.ts"
import { findings, Refused } from "../errors.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { unsupported } from "../unsupported.ts"
import { bindOrderedAggregate, orderedAggregateNames } from "./bind-ordered-aggregate.ts"
import { bindPairAggregate, pairAggregateNames } from "./bind-pair-aggregate.ts"
import { bindSketchAggregate } from "./bind-sketch-aggregate.ts"
import type { Bound } from "./bound.ts"
import { castTo, coerce, demand, typed, typeOf, typeText } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"
import { makeCall } from "./expression-context.ts"

export function bindAggregate(name: string, call: FuncCall, context: ExpressionContext): Bound {
  const byte = call.location ?? null
  if (context.aggregates === null) throw new Refused(findings.aggregateNotAllowed(name, context.clause), byte)
  const inside = { ...context, aggregates: null, overs: null, groupings: null, clause: "another aggregate" }
  const exact = APPENDING_ONLY.get(name)
  if (exact !== undefined && context.scope.rows.node.changes !== "append") {
    throw new Refused(findings.approximateRetraction(name, exact), byte)
  }
  const calls = bindCalls(name, call, inside)
  const where = bindFilter(call, context)
  const [first, second] = calls.map((bare) => {
    const conditions = [...where, ...(bare.filter === undefined ? [] : [bare.filter])]
    const filter = conditions.length === 0 ? {} : { filter: conjunction(conditions) }
    const reference = context.aggregates!.add({ ...bare, ...filter })
    if (byte !== null) context.origins.set(reference, byte)
    return reference
  })
  if (second === undefined) return typed(first!, byte)
  const args = [typed(first!, byte), typed(castTo(second, FLOAT64), byte)]
  return makeCall({ name, resolution: resolveOperator("*", [FLOAT64, FLOAT64]), args, byte })
}

/** Most are one aggregate; some are the product of two. */
function bindCalls(name: string, call: FuncCall, inside: ExpressionContext): readonly AggregateCall[] {
  if (orderedAggregateNames().includes(name)) return [bindOrderedAggregate(name, call, inside)]
  if (sketchAggregate(name) !== null) return [bindSketchAggregate(name as SketchAggregateName, call, inside)]
  if (pairAggregateNames().includes(name)) return bindPairAggregate(name, call, inside)
  return [bindPlain(name, call, inside)]
}

/** Aggregates of one argument in any order. */
function bindPlain(name: string, call: FuncCall, inside: ExpressionContext): AggregateCall {
  const byte = call.location ?? null
  if (call.agg_within_group || (call.agg_order ?? []).length > 0) {
    throw new Refused(unsupported("ordered-aggregate", name), byte)
  }
  const nodes = call.args ?? []
  if (nodes.length !== (call.agg_star ? 0 : 1)) {
    const given = nodes.map(() => "…")
    const note = name === "count" ? "write count(*) or count(expression)" : `write ${name}(expression)`
    throw new Refused(findings.noOverload(name, given, note, []), byte)
  }
  const bound = nodes[0] === undefined ? null : inside.bind(nodes[0], inside)
  const asked = call.agg_distinct ?? false
  const resolution = resolveAggregate(name, bound === null ? null : typeOf(bound), asked)
  if (!resolution.ok) {
    const types = bound === null ? ["*"] : [typeText(bound)]
    throw new Refused(findings.noOverload(name, types, resolution.note ?? null, []), byte)
  }
  const { argumentType, type, nullable, mindsDuplicates } = resolution
  const argument = bound === null || argumentType === null ? null : coerce(bound, argumentType)
  const distinct = asked && mindsDuplicates
  return { kind: "aggregate", name: resolution.name, argument, distinct, type, nullable }
}

/** The rows that an aggregate takes: those for which its FILTER is true. */
function bindFilter(call: FuncCall, context: ExpressionContext): readonly Expression[] {
  if (call.agg_filter === undefined) return []
  const inside = { ...context, aggregates: null, overs: null, groupings: null, clause: "FILTER" }
  return [demand(context.bind(call.agg_filter, inside), BOOLEAN, "the condition of FILTER")]
}
