/** Calls of aggregates: their argument, DISTINCT and FILTER. */
import type { FuncCall } from "libpg-query"
import { BOOLEAN } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { resolveAggregate } from "../../expr/resolve-aggregate.ts"
import { findings, Refused } from "../errors.ts"
import { conjunction } from "../expressions/conjunction.ts"
import type { Bound } from "./bound.ts"
import { coerce, demand, typed, typeOf, typeText } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"

export function bindAggregate(name: string, call: FuncCall, context: ExpressionContext): Bound {
  const byte = call.location ?? null
  if (context.aggregates === null) throw new Refused(findings.aggregateNotAllowed(name, context.clause), byte)
  const nodes = call.args ?? []
  if (nodes.length !== (call.agg_star ? 0 : 1)) {
    const given = nodes.map(() => "…")
    const note = name === "count" ? "write count(*) or count(expression)" : `write ${name}(expression)`
    throw new Refused(findings.noOverload(name, given, note, []), byte)
  }
  const inside = { ...context, aggregates: null, clause: "another aggregate" }
  const bound = nodes[0] === undefined ? null : context.bind(nodes[0], inside)
  const asked = call.agg_distinct ?? false
  const resolution = resolveAggregate(name, bound === null ? null : typeOf(bound), asked)
  if (!resolution.ok) {
    const types = bound === null ? ["*"] : [typeText(bound)]
    throw new Refused(findings.noOverload(name, types, resolution.note ?? null, []), byte)
  }
  const argument =
    bound === null || resolution.argumentType === null ? null : coerce(bound, resolution.argumentType)
  const distinct = asked && resolution.mindsDuplicates
  const reference = context.aggregates.add({
    kind: "aggregate",
    name: resolution.name,
    argument,
    distinct,
    type: resolution.type,
    nullable: resolution.nullable,
    ...bindFilter(call, context),
  })
  if (byte !== null) context.origins.set(reference, byte)
  return typed(reference, byte)
}

/** The rows that an aggregate takes: those for which its FILTER is true. */
function bindFilter(call: FuncCall, context: ExpressionContext): { readonly filter?: Expression } {
  if (call.agg_filter === undefined) return {}
  const inside = { ...context, aggregates: null, clause: "FILTER" }
  const condition = demand(context.bind(call.agg_filter, inside), BOOLEAN, "the condition of FILTER")
  return { filter: conjunction([condition]) }
}
