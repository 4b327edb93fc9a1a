/** Aggregates that make sketches as values, merge them, and answer from them. */
import type { FuncCall } from "libpg-query"
import type { LogicalType, TypeKind } from "../../columns/types.ts"
import { BYTES, FLOAT64, INT64 } from "../../columns/types.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { castAllowed } from "../../expr/resolve.ts"
import type { SketchAggregate, SketchAggregateName, SketchKind } from "../../expr/sketch-aggregates.ts"
import { sketchAggregate } from "../../expr/sketch-aggregates.ts"
import { sketchedText } from "../../expr/values/sketched-text.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import type { Bound } from "./bound.ts"
import { castTo, settle, typeText } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"

interface Parts {
  readonly name: SketchAggregateName
  readonly sketch: SketchAggregate
  readonly args: readonly Bound[]
  readonly byte: number | null
}

/** Behind the state, of a merge. */
const ASKED: Readonly<Record<SketchKind, string | null>> = {
  count_distinct: null,
  percentile: "0.99",
  frequency: "'value'",
}

/** Values that have one text each. */
const COUNTED: ReadonlySet<TypeKind> = new Set(["string", "boolean", "int32", "int64", "decimal", "float64"])
const NOT_DISTINCT: ReadonlySet<TypeKind> = new Set(["json", "interval"])

/** @param inside the context of what stands inside an aggregate. */
export function bindSketchAggregate(
  name: SketchAggregateName,
  call: FuncCall,
  inside: ExpressionContext,
): AggregateCall {
  const sketch = sketchAggregate(name)
  assert(sketch !== null, `${name} is an aggregate over sketches`)
  const args = (call.args ?? []).map((arg) => inside.bind(arg, inside))
  const parts: Parts = { name, sketch, args, byte: call.location ?? null }
  const isPlain =
    !call.agg_star && !call.agg_within_group && !call.agg_distinct && call.agg_order === undefined
  if (!isPlain) throw wrong(parts, "takes neither DISTINCT nor ORDER BY")
  const [value, asked] = args
  if (value === undefined || args.length !== (asksFor(sketch) === null ? 1 : 2)) {
    throw wrong(parts, "has other arguments")
  }
  return {
    kind: "aggregate",
    name,
    argument: sketch.takes === "states" ? stateOf(parts, value) : countedOf(parts, value),
    distinct: false,
    ...(asked === undefined ? {} : { constant: constantOf(parts, asked) }),
    ...resultOf(sketch),
  }
}

const asksFor = ({ kind, gives }: SketchAggregate) => (gives === "estimate" ? ASKED[kind] : null)

function wrong({ name, sketch, byte }: Parts, what: string): Refused {
  const asked = asksFor(sketch)
  const usage = `${name}(${sketch.takes === "states" ? "s" : "x"}${asked === null ? "" : `, ${asked}`})`
  return new Refused(findings.aggregateArguments(name, what, usage), byte)
}

function noOverload({ name, byte }: Parts, value: Bound, note: string): Refused {
  return new Refused(findings.noOverload(name, [typeText(value)], note, []), byte)
}

function stateOf(parts: Parts, value: Bound): Expression {
  const state = settle(value)
  if (state.type.kind === "bytes") return state
  throw noOverload(parts, value, `it takes what approx_${parts.sketch.kind}_state gave`)
}

function countedOf(parts: Parts, value: Bound): Expression {
  const expression = settle(value)
  const { type } = expression
  switch (parts.sketch.kind) {
    case "percentile":
      if (castAllowed(type, FLOAT64, "implicit")) return castTo(expression, FLOAT64)
      throw noOverload(parts, value, `${parts.name} takes numbers`)
    case "frequency":
      if (COUNTED.has(type.kind)) return expression
      throw noOverload(parts, value, "cast the value to text")
    case "count_distinct":
      if (!NOT_DISTINCT.has(type.kind)) return expression
      throw noOverload(parts, value, "cast the value to text")
  }
}

/** Counts are 0 over no rows. */
function resultOf({ kind, gives }: SketchAggregate): {
  readonly type: LogicalType
  readonly nullable: boolean
} {
  if (gives === "state") return { type: BYTES, nullable: true }
  return kind === "percentile" ? { type: FLOAT64, nullable: true } : { type: INT64, nullable: false }
}

function constantOf(parts: Parts, asked: Bound): string | number {
  if (asked.kind === "untyped" && asked.text !== null && parts.sketch.kind === "frequency") return asked.text
  const literal = settle(asked)
  if (literal.kind !== "literal" || literal.value === null) throw wrong(parts, "takes a constant")
  const { value, type } = literal
  if (parts.sketch.kind === "frequency") {
    if (COUNTED.has(type.kind)) return sketchedText(value, type)
    throw wrong(parts, "counts numbers, truths and text")
  }
  const fraction = Number(sketchedText(value, type))
  if (fraction >= 0 && fraction <= 1) return fraction
  throw wrong(parts, "takes a constant fraction from 0 to 1")
}
