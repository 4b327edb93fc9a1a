/** From a group's ordered values to output columns. */
import type { Scalar } from "../../columns/types.ts"
import type { AggregateCall } from "../../expr/expression.ts"
import type { SketchAggregate, SketchKind } from "../../expr/sketch-aggregates.ts"
import { sketchAggregate } from "../../expr/sketch-aggregates.ts"
import { jsonOf } from "../../expr/values/to-json.ts"
import { assert } from "../../std/assert.ts"
import type { RowColumn } from "../operators/row-builder.ts"
import { setScalar } from "../operators/row-builder.ts"
import { cellsOfText } from "../sketches/cells.ts"
import { valueOfBucket } from "../sketches/ddsketch.ts"
import { estimateOf, MAX_RANK, REGISTERS } from "../sketches/distinct-sketch.ts"
import { mostFrequentJson } from "../sketches/heavy-hitters.ts"
import { encodeState } from "../sketches/state-bytes.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { OverflowCount } from "./aggregate-output.ts"
import type { CollectionState } from "./collections.ts"

/** A longer list is not put into its row: the row is marked instead. In UTF-16 units; a row has 64 MB. */
export const MAX_LIST_LENGTH = 1_048_576

export interface OrderedState {
  readonly call: AggregateCall
  readonly collection: CollectionState
}

export class OrderedOutput {
  readonly #losses: OverflowCount

  constructor(losses: OverflowCount) {
    this.#losses = losses
  }

  write(column: RowColumn, row: number, state: OrderedState, values: OrderedMultiset, group: number): void {
    const isEmpty = values.count(group) === 0
    setScalar(column, row, isEmpty ? overNone(state.call) : this.#result(state, values, group))
  }

  #result({ call, collection }: OrderedState, values: OrderedMultiset, group: number): Scalar {
    const sketch = sketchAggregate(call.name)
    if (sketch !== null) return sketchResult(sketch, call, values, group)
    const valueIn = (items: readonly Scalar[]) => items[collection.valueAt]!
    switch (call.name) {
      case "string_agg":
        return this.#list(call, values, group, {
          between: call.constant as string,
          show: (items) => valueIn(items) as string,
        })
      case "json_agg":
      case "array_agg": {
        const type = call.argument!.type
        const list = this.#list(call, values, group, {
          // As PostgreSQL's json_agg and its to_json of an array write them.
          between: call.name === "json_agg" ? ", " : ",",
          show: (items) => jsonOf(valueIn(items), type),
        })
        return list === null ? null : `[${list}]`
      }
      case "first":
        return valueIn(values.extreme(group, "min"))
      case "last":
        return valueIn(values.extreme(group, "max"))
      case "mode":
        return valueIn(values.mostFrequent(group)!)
      case "percentile_disc":
        return valueIn(values.at(group, discretePlace(call.constant as number, values.count(group))))
      case "percentile_cont":
        return interpolated(
          call.constant as number,
          values.count(group),
          (place) => valueIn(values.at(group, place)) as number,
        )
      case "approx_percentile":
        return percentileIn(call.constant as number, values, group)
      case "approx_top_k":
        return mostFrequentJson(values, group, {
          limit: call.constant as number,
          type: call.argument!.type,
        })
      default:
        assert(false, `${call.name} has an order`)
    }
  }

  /** Null, and counted, when it is too long. */
  #list(
    { distinct }: AggregateCall,
    values: OrderedMultiset,
    group: number,
    { between, show }: { readonly between: string; readonly show: (items: readonly Scalar[]) => string },
  ): string | null {
    const parts: string[] = []
    let length = -between.length
    for (const { items, count } of values.entries(group)) {
      const text = show(items)
      const times = distinct ? 1 : count
      length += (text.length + between.length) * times
      if (length > MAX_LIST_LENGTH) {
        this.#losses.overflowedResults++
        return null
      }
      for (let k = 0; k < times; k++) parts.push(text)
    }
    return parts.join(between)
  }
}

/** Counts are 0 over no rows. */
function overNone({ name }: AggregateCall): Scalar {
  const sketch = sketchAggregate(name)
  return sketch?.gives === "estimate" && sketch.kind !== "percentile" ? 0n : null
}

function sketchResult(
  { kind, gives }: SketchAggregate,
  { constant }: AggregateCall,
  values: OrderedMultiset,
  group: number,
): Scalar {
  if (gives === "state") return encodeState(kind, cellsIn(kind, values, group))
  switch (kind) {
    case "count_distinct":
      return BigInt(estimateOf(ranksIn(values, group)))
    case "percentile":
      return percentileIn(constant as number, values, group)
    case "frequency": {
      const counts = cellsOfText(constant as string).map((cell) => values.countOf(group, cell))
      return BigInt(Math.min(...counts))
    }
  }
}

function* cellsIn(
  kind: SketchKind,
  values: OrderedMultiset,
  group: number,
): Generator<readonly [number, number]> {
  for (const { items, count } of values.entries(group)) {
    yield [items[0] as number, kind === "count_distinct" ? (items[1] as number) : count]
  }
}

function ranksIn(values: OrderedMultiset, group: number): Int32Array {
  const ranks = new Int32Array(MAX_RANK + 1)
  ranks[0] = REGISTERS
  for (const { items } of values.entries(group)) {
    ranks[0]!--
    ranks[items[1] as number]!++
  }
  return ranks
}

function percentileIn(fraction: number, values: OrderedMultiset, group: number): number {
  const place = Math.floor(fraction * (values.count(group) - 1))
  return valueOfBucket(values.at(group, place)[0] as number)
}

/** PostgreSQL: the first value whose position, counted from 1, is not below fraction * count. */
function discretePlace(fraction: number, count: number): number {
  return Math.max(0, Math.ceil(fraction * count) - 1)
}

/** PostgreSQL: between the two values around fraction * (count - 1). */
function interpolated(fraction: number, count: number, at: (place: number) => number): number {
  const place = fraction * (count - 1)
  const [low, high] = [at(Math.floor(place)), at(Math.ceil(place))]
  if (Math.floor(place) === Math.ceil(place)) return low
  return low + (place - Math.floor(place)) * (high - low) + 0
}
