/**
 * Makes one group of two whose rows nobody keeps. Only of what two results say alone, and a slot holds:
 * distinct values, ordered multisets, variances, sketches and texts have no such form here.
 */
import { isVariableWidth, type LogicalType } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import { assert } from "../../std/assert.ts"
import type { PageStore } from "../state/page-store.ts"
import { hasHalves } from "./accumulate-code.ts"
import type { AccumulatorPlan, ExtremeState } from "./accumulators.ts"
import { addSum } from "./exact-sums.ts"
import { readWideWord, writeWideWord } from "./extremes.ts"

/** Of groups whose rows only come. */
export function canMerge({ groupAt, arguments: all }: AccumulatorPlan): boolean {
  if (groupAt !== null) return false
  return all.every(({ expression, extremes, squares, pairs, sketch }) => {
    if (extremes.length > 0 && isVariableWidth(expression.type)) return false
    return squares === null && pairs === null && sketch === null
  })
}

/** What the slot at `from` holds is held at `to`, too. */
export function mergeSlots(store: PageStore, plan: AccumulatorPlan, to: number, from: number): void {
  const { f64 } = store
  for (const { expression, countAt, sum, extremes, truesAt } of plan.arguments) {
    if (f64[from + countAt] === 0) continue
    const isFirst = f64[to + countAt] === 0
    for (const extreme of extremes) {
      mergeExtreme(store, { ...extreme, type: expression.type, isFirst }, to, from)
    }
    if (sum !== null) addSum(store, sum.kind, to + sum.at, from + sum.at)
    if (truesAt !== null) f64[to + truesAt]! += f64[from + truesAt]!
    if (countAt !== plan.rowsAt) f64[to + countAt]! += f64[from + countAt]!
  }
  f64[to + plan.rowsAt]! += f64[from + plan.rowsAt]!
}

interface MergedExtreme extends ExtremeState {
  readonly type: LogicalType
  /** There is none at `to`. */
  readonly isFirst: boolean
}

function mergeExtreme(store: PageStore, extreme: MergedExtreme, to: number, from: number): void {
  const { name, at, type, isFirst } = extreme
  assert(at !== null, "values that only come are in the slot")
  const wins = (value: number | bigint, other: number | bigint) => {
    return isFirst || (name === "min" ? isBelow(value, other) : isBelow(other, value))
  }
  if (wordsPerRow(type) === 2) {
    const value = readWideWord(store, from + at)
    if (wins(value, readWideWord(store, to + at))) writeWideWord(store, to + at, value)
    return
  }
  const words = hasHalves(type) ? store.i64 : store.f64
  if (wins(words[from + at]!, words[to + at]!)) words[to + at] = words[from + at]!
}

/** As PostgreSQL orders floats: NaN is above all others. */
function isBelow(a: number | bigint, b: number | bigint): boolean {
  return a < b || (Number.isNaN(b) && !Number.isNaN(a))
}
