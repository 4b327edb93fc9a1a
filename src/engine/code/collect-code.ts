/** Text that puts a row's tuples into the multisets of its group. */
import type { Scalar } from "../../columns/types.ts"
import { onlyWhere } from "../../expr/rewrite.ts"
import type { SketchKind } from "../../expr/sketch-aggregates.ts"
import type { Cells } from "../sketches/cells.ts"
import { cellsOf } from "../sketches/cells.ts"
import { bucketOf } from "../sketches/ddsketch.ts"
import { countValue } from "../sketches/heavy-hitters.ts"
import { decodeState } from "../sketches/state-bytes.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { AccumulateContext } from "./accumulate-code.ts"
import { leftOut } from "./accumulate-code.ts"
import type { CollectionState } from "./collections.ts"
import { RETAKE_VIEWS, STOP_WHEN_CROWDED } from "./slot-code.ts"

/** Of an int32 in an ordered row. */
const RANK_BYTES = 4

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
  const { items, valueAt, filter, keepsNull, sketch } = collection
  const { row } = context
  const out = filter === null ? [] : [leftOut(context, filter, lines)]
  const values = items.map(({ expression }, k) => {
    const cheap = filter === null || expression.kind === "column" || expression.kind === "literal"
    const { value, isNull } = row.evaluate(cheap ? expression : onlyWhere(filter, expression))
    lines.push(row.takeStatements())
    if (k === valueAt && isNull !== null && !keepsNull) out.push(isNull)
    // Bytes are a part of the batch, whose memory is used again; of a sketch they are gone with the row.
    const own = sketch === null && expression.type.kind === "bytes" ? `${value}.slice()` : value
    return isNull === null ? own : `(${isNull}) ? null : ${own}`
  })
  const condition = out.length === 0 ? null : out.join(" || ")
  const [first] = values
  if (sketch?.takes === "states") {
    return {
      collection,
      out: condition,
      tuple: loadState(context, sketch.kind, lines, { first: first!, out: condition }),
    }
  }
  return { collection, out: condition, tuple: tupleOf(context, collection, values) }
}

function tupleOf(
  { scope }: AccumulateContext,
  { items, kept, sketch }: CollectionState,
  values: readonly string[],
) {
  const [first] = values
  if (kept === "buckets") return `${scope.bind(bucketOf, "bucket")}(${first})`
  if (kept === "counters") return `${first}`
  if (sketch === null) return `[${values.join(", ")}]`
  const { type } = items[0]!.expression
  return `${scope.bind((value: Scalar) => cellsOf(sketch.kind, value, type), "cells")}(${first})`
}

/** A local with the cells of a state; the row fails where what it has is none. */
function loadState(
  { scope, fail }: AccumulateContext,
  kind: SketchKind,
  lines: string[],
  { first, out }: { readonly first: string; readonly out: string | null },
): string {
  const cells = scope.local("cells")
  const decode = scope.bind((bytes: Uint8Array) => decodeState(kind, bytes), "decode")
  const [decoded, failed] = [`${decode}(${first})`, `if (${cells} === null) ${fail("invalid-argument")}`]
  lines.push(
    out === null
      ? `const ${cells} = ${decoded}; ${failed}`
      : `let ${cells} = null; if (!(${out})) { ${cells} = ${decoded}; ${failed} }`,
  )
  return cells
}

/** HyperLogLog's cells: a register and a rank each. */
function addRegisters(values: OrderedMultiset, group: number, cells: Cells): void {
  for (let k = 0; k < cells.length; k += 2) values.keepGreatest(group, cells[k]!, cells[k + 1]!, RANK_BYTES)
}

/** Cells that are counts. */
function addCells(values: OrderedMultiset, group: number, cells: Cells, weight: number): void {
  for (let k = 0; k < cells.length; k += 2) values.add(group, cells[k]!, cells[k + 1]! * weight)
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
    case "registers":
      return `${scope.bind(addRegisters, "add")}(${target}, ${group}, ${tuple});`
    case "cells":
      return `${scope.bind(addCells, "add")}(${target}, ${group}, ${tuple}, ${weighted ? "w" : "1"});`
    default:
      return `${target}.add(${group}, ${tuple}, ${weighted ? "w" : "1"});`
  }
}
