/**
 * The most frequent values by Space-Saving (Metwally, Agrawal, El Abbadi, ICDT 2005): a fixed number of
 * counters; a value without one takes over the least and its count. After n rows with c counters
 *   - every value that came more than n / c times has a counter;
 *   - a count is never too small, and too large by its counter's error at most, which is n / c at most.
 * Nothing can be taken back. Which of equally frequent values have a counter depends on the order of the
 * rows.
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { jsonOf } from "../../expr/values/to-json.ts"
import { compareValues } from "../state/ordered-multiset.ts"

/** Counters for each value that is asked for. */
export const COUNTERS_PER_VALUE = 10

/** Triples: value, count, error. Never changed, so that a checkpoint can hold on to one. */
export type Counters = readonly Scalar[]

export function countValue(counters: Counters | null, value: Scalar, capacity: number): Counters {
  const next = counters === null ? [] : counters.slice()
  let least = 0
  for (let at = 0; at < next.length; at += 3) {
    if (compareValues(next[at]!, value) === 0) {
      next[at + 1] = (next[at + 1] as number) + 1
      return next
    }
    if ((next[at + 1] as number) < (next[least + 1] as number)) least = at
  }
  const own = value === 0 ? 0 : value
  if (next.length < capacity * 3) {
    next.push(own, 1, 0)
    return next
  }
  const taken = next[least + 1] as number
  next.splice(least, 3, own, taken + 1, taken)
  return next
}

/** The `limit` greatest counts as json, equal ones by their values. */
export function mostFrequentJson(counters: Counters, limit: number, type: LogicalType): string {
  const entries: { value: Scalar; count: number; error: number }[] = []
  for (let at = 0; at < counters.length; at += 3) {
    const [value, count, error] = [counters[at]!, counters[at + 1] as number, counters[at + 2] as number]
    entries.push({ value, count, error })
  }
  entries.sort((a, b) => b.count - a.count || compareValues(a.value, b.value))
  const objects = entries.slice(0, limit).map(({ value, count, error }) => {
    return `{"value": ${jsonOf(value, type)}, "count": ${count}, "error": ${error}}`
  })
  return `[${objects.join(", ")}]`
}
