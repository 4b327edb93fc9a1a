/** Text that puts a row's tuples into the multisets of its group. */
import { isVariableWidth } from "../../columns/types.ts"
import { onlyWhere } from "../../expr/rewrite.ts"
import type { AccumulateContext } from "./accumulate-code.ts"
import { leftOut } from "./accumulate-code.ts"
import type { CollectionState } from "./collections.ts"
import { countValue } from "./heavy-hitters.ts"
import { bucketOf } from "./sketches.ts"
import { RETAKE_VIEWS, STOP_WHEN_CROWDED } from "./slot-code.ts"

export interface LoadedTuple {
  readonly collection: CollectionState
  /** A condition under which the row is not taken; null: it always is. */
  readonly out: string | null
  /** An expression that makes the tuple. */
  readonly tuple: string
}

/** Evaluates all items; the row may fail here. */
export function loadTuples(context: AccumulateContext, lines: string[]): LoadedTuple[] {
  return context.plan.collections.map((collection) => loadTuple(context, collection, lines))
}

function loadTuple(context: AccumulateContext, collection: CollectionState, lines: string[]): LoadedTuple {
  const { items, valueAt, filter, keepsNull, kept } = collection
  const { row, scope } = context
  const out = filter === null ? [] : [leftOut(context, filter, lines)]
  const values = items.map(({ expression }, k) => {
    const cheap = filter === null || expression.kind === "column" || expression.kind === "literal"
    const { value, isNull } = row.evaluate(cheap ? expression : onlyWhere(filter, expression))
    lines.push(row.takeStatements())
    if (k === valueAt && isNull !== null && !keepsNull) out.push(isNull)
    // Bytes are a part of the batch, whose memory is used again.
    const own =
      isVariableWidth(expression.type) && expression.type.kind === "bytes" ? `${value}.slice()` : value
    return isNull === null ? own : `(${isNull}) ? null : ${own}`
  })
  const [first] = values
  const tuple =
    kept === "buckets"
      ? `${scope.bind(bucketOf, "bucket")}(${first})`
      : kept === "counters"
        ? `${first}`
        : `[${values.join(", ")}]`
  return { collection, out: out.length === 0 ? null : out.join(" || "), tuple }
}

export function collect(context: AccumulateContext, tuples: readonly LoadedTuple[]): string {
  const { place, plan } = context
  const lines = tuples.map(({ collection, out, tuple }) => {
    const { multiset } = collection
    const target = `${context.multiset(multiset)}`
    const group = `f64[${place.address} + ${plan.groupAt}]`
    const add = addition(context, collection, { target, group, tuple })
    const retaken = `${add} ${RETAKE_VIEWS} ${STOP_WHEN_CROWDED}`
    return out === null ? retaken : `if (!(${out})) { ${retaken} }`
  })
  return lines.join("\n")
}

function addition(
  { scope, weighted }: AccumulateContext,
  { kept, capacity }: CollectionState,
  { target, group, tuple }: { readonly target: string; readonly group: string; readonly tuple: string },
): string {
  switch (kept) {
    case "min":
    case "max":
      return `${target}.keep(${group}, ${tuple}, "${kept}");`
    case "counters":
      return `${scope.bind(countValue, "count")}(${target}, ${group}, ${tuple}, ${capacity});`
    default:
      return `${target}.add(${group}, ${tuple}, ${weighted ? "w" : "1"});`
  }
}
