/** Function calls; those of aggregates go on to bind-aggregate.ts. */
import type { FuncCall } from "libpg-query"
import { refusedName, resolveFunction, suggestName } from "../../expr/resolve.ts"
import { aggregateNames } from "../../expr/resolve-aggregate.ts"
import { SKETCH_AGGREGATES } from "../../expr/sketch-aggregates.ts"
import { findings, Refused } from "../errors.ts"
import { names } from "../sql/tree.ts"
import { unsupported, unsupportedAggregate } from "../unsupported.ts"
import { bindAggregate } from "./bind-aggregate.ts"
import { orderedAggregateNames } from "./bind-ordered-aggregate.ts"
import { pairAggregateNames } from "./bind-pair-aggregate.ts"
import { isWindowFunction } from "./bind-window.ts"
import { bindZone } from "./bind-zone.ts"
import type { Bound } from "./bound.ts"
import { constantOf, typeOf } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"
import { makeCall } from "./expression-context.ts"

const AGGREGATES: ReadonlySet<string> = new Set([
  ...aggregateNames(),
  ...orderedAggregateNames(),
  ...pairAggregateNames(),
  ...SKETCH_AGGREGATES,
])

/** PostgreSQL's other aggregates: known words, so that they are not called unknown functions. */
const OTHER_AGGREGATES = new Set(
  (
    "any_value bit_and bit_or bit_xor cume_dist dense_rank " +
    "json_object_agg jsonb_agg jsonb_object_agg percent_rank range_agg range_intersect_agg rank xmlagg"
  ).split(" "),
)

/** Giving another value at each call or run; the catalogue's own notes say the same of some. */
const NONDETERMINISTIC = new Set(
  (
    "now random random_normal gen_random_uuid uuidv4 uuidv7 clock_timestamp statement_timestamp " +
    "transaction_timestamp timeofday nextval txid_current uuid_generate_v4 setseed"
  ).split(" "),
)

export function bindFunction(call: FuncCall, context: ExpressionContext): Bound {
  const byte = call.location ?? null
  const path = names(call.funcname)
  const name = path.at(-1) ?? ""
  if (path.length > 1 && path[0] !== "pg_catalog")
    throw new Refused(unsupported("schema", path.join(".")), byte)
  if (call.over !== undefined) return bindWindowFunction(name, call, context)
  refuseDecorations(call, name)
  if (ONLY_OVER.has(name) && !(call.agg_within_group ?? false) && !isOrderedCall(name, call))
    throw new Refused(findings.overMissing(name), byte)
  if (AGGREGATES.has(name)) return bindAggregate(name, call, context)
  if (OTHER_AGGREGATES.has(name)) throw new Refused(unsupportedAggregate(name), byte)
  if (NONDETERMINISTIC.has(name)) throw new Refused(findings.nondeterministic(`${name}()`), byte)
  if (isWindowFunction(name) || name === "session") throw new Refused(findings.windowPlace(name), byte)
  const instead = refusedName(name)
  if (instead !== null) {
    const given = (call.args ?? []).map(() => "…")
    throw new Refused(findings.noOverload(name, given, instead, []), byte)
  }
  refuseAggregateClauses(call, name)
  if (name === "timezone") return bindZone(call, context)
  if (call.agg_star || call.agg_distinct) throw new Refused(findings.noOverload(name, ["*"], null, []), byte)
  const args = (call.args ?? []).map((arg) => context.bind(arg, context))
  const resolution = resolveFunction(name, args.map(typeOf), args.map(constantOf))
  if (!resolution.ok && resolution.reason === "no-such-function") {
    throw new Refused(
      findings.unknownFunction(name, suggestName(name, [...orderedAggregateNames(), ...SKETCH_AGGREGATES])),
      byte,
    )
  }
  return makeCall({ name, resolution, args, byte })
}

/** Without OVER they mean nothing (or, WITHIN GROUP, something else). */
/** first_value and last_value of a group: with an order, or a second argument that stands for it. */
function isOrderedCall(name: string, call: FuncCall): boolean {
  return AGGREGATES.has(name) && ((call.agg_order ?? []).length > 0 || (call.args ?? []).length > 1)
}

const ONLY_OVER = new Set(
  "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value".split(
    " ",
  ),
)

function bindWindowFunction(name: string, call: FuncCall, context: ExpressionContext): Bound {
  if (context.overs !== null) return context.overs.bind(call, context)
  throw new Refused(findings.overNotAllowed(name, context.clause), call.location ?? null)
}

function refuseDecorations(call: FuncCall, name: string): void {
  const byte = call.location ?? null
  if (call.func_variadic || (call.args ?? []).some((arg) => "NamedArgExpr" in arg)) {
    throw new Refused(unsupported("named-argument", name), byte)
  }
}

/** What only aggregates take, met in the call of another function. */
function refuseAggregateClauses(call: FuncCall, name: string): void {
  const clause =
    call.agg_filter !== undefined
      ? "FILTER"
      : call.agg_within_group
        ? "WITHIN GROUP"
        : (call.agg_order ?? []).length > 0
          ? "ORDER BY inside the call"
          : null
  if (clause !== null) throw new Refused(findings.notAnAggregate(name, clause), call.location ?? null)
}
