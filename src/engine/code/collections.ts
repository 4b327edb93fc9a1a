/**
 * What aggregates keep whose result depends on an order: an ordered multiset of tuples per group. Aggregates
 * over the same tuples share one.
 *
 *   lists, percentiles, mode   all values that came
 *   first, last                one value while rows only come, else all
 *   approx_percentile          counts of buckets (sketches/ddsketch.ts), however many values came
 *   approx_top_k               counts of some values (sketches/heavy-hitters.ts)
 *   approx_*_state, _merge     cells of sketches (sketches/cells.ts)
 */
import { INT32 } from "../../columns/types.ts"
import type { AggregateCall, Expression, SortTerm } from "../../expr/expression.ts"
import type { SketchAggregate } from "../../expr/sketch-aggregates.ts"
import { isSketch, sketchAggregate } from "../../expr/sketch-aggregates.ts"
import { assert } from "../../std/assert.ts"
import { COUNTERS_PER_VALUE, ERROR } from "../sketches/heavy-hitters.ts"
import type { MultisetItem } from "../state/ordered-multiset.ts"
import { structuralKey } from "./structural-key.ts"

export interface CollectionState {
  /** Position among the window's multisets. */
  readonly multiset: number
  /** The tuple's items. */
  readonly items: readonly SortTerm[]
  /** Item that holds the argument. */
  readonly valueAt: number
  readonly filter: Expression | null
  /** Rows whose argument is NULL are taken too. */
  readonly keepsNull: boolean
  readonly kept: "all" | "min" | "max" | "buckets" | "counters" | "registers" | "cells"
  /** Of which cells are kept. */
  readonly sketch: Pick<SketchAggregate, "kind" | "takes"> | null
  /** How many counters a group has. */
  readonly capacity: number
}

/** Of a sketch; a register's rank is one, too. */
const CELL: MultisetItem = { type: INT32, nullable: false, descending: false, nullsFirst: false }

export const isCollected = ({ name, order }: AggregateCall): boolean => order !== undefined || isSketch(name)

/** Calls with the same state have the same key. */
export function collectionKey(call: AggregateCall, retracting: boolean): string {
  const terms = itemsOf(call).map(({ expression, ...direction }) => {
    return `${structuralKey(expression)} ${JSON.stringify(direction)}`
  })
  const argument = call.argument === null ? "" : structuralKey(call.argument)
  const where = call.filter === undefined ? "" : structuralKey(call.filter)
  const { kind, takes } = sketchAggregate(call.name) ?? {}
  const kept = [keepsNull(call), keptOf(call, retracting), capacityOf(call), kind, takes]
  return JSON.stringify([argument, terms, where, ...kept])
}

export function planCollection(
  call: AggregateCall,
  { multiset, retracting }: { readonly multiset: number; readonly retracting: boolean },
): CollectionState {
  const { argument, filter } = call
  assert(argument !== null, `${call.name} has an argument`)
  const items = itemsOf(call)
  const value = structuralKey(argument)
  const valueAt = items.findIndex(({ expression }) => structuralKey(expression) === value)
  assert(valueAt >= 0, `${call.name} is sorted by its argument at last`)
  const kept = keptOf(call, retracting)
  const takesBack = kept !== "counters" && kept !== "registers"
  assert(takesBack || !retracting, "what is counted approximately is not taken back")
  return {
    multiset,
    items,
    valueAt,
    filter: filter ?? null,
    keepsNull: keepsNull(call),
    kept,
    sketch: sketchAggregate(call.name),
    capacity: capacityOf(call),
  }
}

const keepsNull = ({ name }: AggregateCall): boolean => name === "json_agg" || name === "array_agg"

const capacityOf = ({ name, constant }: AggregateCall): number =>
  name === "approx_top_k" ? COUNTERS_PER_VALUE * (constant as number) : 0

function itemsOf({ argument, order }: AggregateCall): readonly SortTerm[] {
  return order ?? [{ expression: argument!, descending: false, nullsFirst: false }]
}

function keptOf({ name }: AggregateCall, retracting: boolean): CollectionState["kept"] {
  if (name === "approx_percentile") return "buckets"
  if (name === "approx_top_k") return "counters"
  const sketch = sketchAggregate(name)
  if (sketch !== null) return sketch.kind === "count_distinct" ? "registers" : "cells"
  if (retracting || (name !== "first" && name !== "last")) return "all"
  return name === "first" ? "min" : "max"
}

/** What a multiset of the state has in order. */
export function heldItems({ items, kept }: CollectionState): readonly MultisetItem[] {
  if (kept === "buckets" || kept === "cells") return [CELL]
  if (kept === "registers") return [CELL, CELL]
  const held = items.map(({ expression: { type, nullable }, descending, nullsFirst }) => {
    return { type, nullable, descending, nullsFirst }
  })
  return kept === "counters" ? [...held, ERROR] : held
}
