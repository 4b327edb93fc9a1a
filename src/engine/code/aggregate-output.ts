/**
 * From accumulator words to output columns. A result that does not fit its column is NULL there and counted:
 * the output row is marked, no input row is refused (which one would depend on the order they came in).
 */
import { writeWide } from "../../columns/scalar.ts"
import type { LogicalType } from "../../columns/types.ts"
import { averageDecimal } from "../../expr/decimal.ts"
import type { PairAggregateName } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { RowColumn } from "../operators/row-builder.ts"
import type { PageStore } from "../state/page-store.ts"
import { readFloatSum, readLimbs, readTriple, readWords, type SumKind } from "./exact-sums.ts"
import type { PairsState } from "./pairs.ts"
import { pairStatistic } from "./pairs.ts"
import type { Spread, SquaresKind } from "./squares.ts"
import { exactSpread, floatSpread, readSquares } from "./squares.ts"

/** Counts results that were marked. */
export interface OverflowCount {
  overflowedResults: number
}

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)
const MAX_DECIMAL = 10n ** 38n

/** What sums of this type are kept in. */
export function sumKind(type: LogicalType): SumKind {
  if (type.kind === "int32") return "limbs"
  if (type.kind === "float64") return "float"
  return type.kind === "decimal" && type.precision > 18 ? "wide" : "words"
}

export const SUM_WORDS: Readonly<Record<SumKind, number>> = { limbs: 2, words: 3, wide: 3, float: 5 }

/** A variance or deviation: from which words, of which kind, and the scales of argument and result. */
export interface SpreadState extends Spread {
  readonly squares: { readonly kind: SquaresKind; readonly at: number }
  readonly sum: { readonly kind: SumKind; readonly at: number } | null
  readonly scale: number
  readonly result: number
}

export interface PairOutput {
  readonly name: PairAggregateName
  readonly pairs: PairsState
}

export class AggregateOutput {
  readonly #store: PageStore
  readonly #losses: OverflowCount

  constructor(store: PageStore, losses: OverflowCount) {
    this.#store = store
    this.#losses = losses
  }

  count(column: RowColumn, row: number, rows: number): void {
    column.nulls[row] = 0
    setSafeInteger(column, row, rows)
  }

  sum(column: RowColumn, row: number, kind: SumKind, at: number, rows: number): void {
    if (rows === 0) {
      column.nulls[row] = 1
    } else if (kind === "float") {
      this.#setFloat(column, row, readFloatSum(this.#store, at))
    } else {
      this.#setExactSum(column, row, kind, at)
    }
  }

  /** `shift`: by how many digits the result's scale exceeds the argument's. */
  average(column: RowColumn, row: number, kind: SumKind, at: number, rows: number, shift: number): void {
    if (rows === 0) {
      column.nulls[row] = 1
    } else if (kind === "float") {
      const sum = readFloatSum(this.#store, at)
      this.#setFloat(column, row, sum === undefined ? undefined : sum / rows)
    } else {
      const average = averageDecimal(this.#exactSum(kind, at), BigInt(rows), { sum: 0, result: shift })
      this.#setInteger(column, row, average)
    }
  }

  spread(column: RowColumn, row: number, state: SpreadState, address: number, count: number): void {
    const { squares, sum } = state
    const at = address + squares.at
    if (squares.kind === "running" || squares.kind === "exact") {
      const value = floatSpread(this.#store, state, { kind: squares.kind, at, count })
      if (value === null) column.nulls[row] = 1
      else this.#setFloat(column, row, value)
      return
    }
    assert(sum !== null, "an exact variance has a sum")
    const sums = {
      sum: this.#exactSum(sum.kind, address + sum.at),
      squares: readSquares(this.#store, at, squares.kind),
    }
    const value = exactSpread(state, BigInt(count), sums, state)
    if (value === null) column.nulls[row] = 1
    else this.#setInteger(column, row, value)
  }

  statistic(
    column: RowColumn,
    row: number,
    { name, pairs }: PairOutput,
    address: number,
    count: number,
  ): void {
    const state = { ...pairs, at: address + pairs.at }
    const value = count === 0 ? null : pairStatistic(name, this.#store, state, count)
    if (value === null) column.nulls[row] = 1
    else this.#setFloat(column, row, value)
  }

  /** Of booleans: all of them are true, or any. */
  truth(column: RowColumn, row: number, rows: number, holds: boolean): void {
    column.nulls[row] = rows === 0 ? 1 : 0
    ;(column.values as Uint8Array)[row] = holds ? 1 : 0
  }

  /** Most sums are far from the limits of a double and need no BigInt. */
  #setExactSum(column: RowColumn, row: number, kind: SumKind, at: number): void {
    const { f64 } = this.#store
    if (kind !== "wide" && (kind === "limbs" || f64[at + 2] === 0)) {
      const sum = f64[at]! + f64[at + 1]! * 4_294_967_296
      if (sum < Number.MAX_SAFE_INTEGER && sum > -Number.MAX_SAFE_INTEGER) {
        column.nulls[row] = 0
        setSafeInteger(column, row, sum)
        return
      }
    }
    this.#setInteger(column, row, this.#exactSum(kind, at))
  }

  #exactSum(kind: SumKind, at: number): bigint {
    if (kind === "limbs") return readLimbs(this.#store, at)
    return kind === "words" ? readWords(this.#store, at) : readTriple(this.#store, at)
  }

  #setInteger(column: RowColumn, row: number, value: bigint): void {
    const values = column.values as BigInt64Array
    const fits =
      column.words === 2
        ? value < MAX_DECIMAL && value > -MAX_DECIMAL
        : value <= MAX_INT64 && value >= MIN_INT64
    column.nulls[row] = fits ? 0 : 1
    if (!fits) this.#losses.overflowedResults++
    const stored = fits ? value : 0n
    if (column.words === 2) writeWide(values, row, stored)
    else values[row] = stored
  }

  #setFloat(column: RowColumn, row: number, value: number | undefined): void {
    column.nulls[row] = value === undefined ? 1 : 0
    if (value === undefined) this.#losses.overflowedResults++
    ;(column.values as Float64Array)[row] = value ?? 0
  }
}

/** An integer below 2^53 into an int64 or a wide decimal column, as halves. */
function setSafeInteger(column: RowColumn, row: number, value: number): void {
  const { halves } = column
  const high = Math.floor(value / 4_294_967_296)
  if (column.words === 1) {
    halves[2 * row] = value
    halves[2 * row + 1] = high
    return
  }
  halves[4 * row] = value
  halves[4 * row + 1] = high
  halves[4 * row + 2] = value < 0 ? -1 : 0
  halves[4 * row + 3] = value < 0 ? -1 : 0
}
