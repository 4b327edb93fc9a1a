/** From a group's ordered values to output columns. */
import type { Scalar } from "../../columns/types.ts"
import type { AggregateCall } from "../../expr/expression.ts"
import { jsonOf } from "../../expr/values/to-json.ts"
import { assert } from "../../std/assert.ts"
import type { RowColumn } from "../operators/row-builder.ts"
import { setScalar } from "../operators/row-builder.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { OverflowCount } from "./aggregate-output.ts"
import type { CollectionState } from "./collections.ts"
import { mostFrequentJson } from "./heavy-hitters.ts"
import { valueOfBucket } from "./sketches.ts"

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
    setScalar(column, row, values.count(group) === 0 ? null : this.#result(state, values, group))
  }

  #result({ call, collection }: OrderedState, values: OrderedMultiset, group: number): Scalar {
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
      case "approx_percentile": {
        const place = Math.floor((call.constant as number) * (values.count(group) - 1))
        return valueOfBucket(values.at(group, place)[0] as number)
      }
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
