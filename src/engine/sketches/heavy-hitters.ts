/**
 * The most frequent values by Space-Saving (Metwally, Agrawal, El Abbadi, ICDT 2005): a fixed number of
 * counters; a value without one takes over the least and its count. After n rows with c counters
 *   - every value that came more than n / c times has a counter;
 *   - a count is never too small, and too large by its counter's error at most, which is n / c at most.
 * Nothing can be taken back. Which of equally frequent values have a counter depends on the order of the
 * rows.
 */
import { FLOAT64, type LogicalType, type Scalar } from "../../columns/types.ts"
import { compareValues } from "../../expr/values/compare.ts"
import { jsonOf } from "../../expr/values/to-json.ts"
import type { MultisetItem, OrderedMultiset } from "../state/ordered-multiset.ts"

/** Counters for each value that is asked for. */
export const COUNTERS_PER_VALUE = 10

/** Beside each value: by how much its count is too large at most. */
export const ERROR: MultisetItem = { type: FLOAT64, nullable: false, descending: false, nullsFirst: false }
const ERROR_BYTES = 8

export function countValue(counters: OrderedMultiset, group: number, value: Scalar, capacity: number): void {
  if (counters.countFirst(group, value, ERROR_BYTES)) return
  if (counters.entryCount(group) < capacity) {
    counters.add(group, [value, 0], 1)
    return
  }
  const { count } = counters.removeLeastFrequent(group)
  counters.add(group, [value, count], count + 1)
}

/** The `limit` greatest counts as json, equal ones by their values. */
export function mostFrequentJson(
  counters: OrderedMultiset,
  group: number,
  { limit, type }: { readonly limit: number; readonly type: LogicalType },
): string {
  const entries = Array.from(counters.entries(group), ({ items: [value, error], count }) => {
    return { value: value!, count, error: error as number }
  })
  entries.sort((a, b) => b.count - a.count || compareValues(a.value, b.value))
  const objects = entries.slice(0, limit).map(({ value, count, error }) => {
    return `{"value": ${jsonOf(value, type)}, "count": ${count}, "error": ${error}}`
  })
  return `[${objects.join(", ")}]`
}
