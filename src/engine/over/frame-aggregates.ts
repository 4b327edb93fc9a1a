/**
 * Aggregates over frames. Running frames add row by row; others add and take away while that is exact
 * (integers, decimals, counts) and look at each frame anew where it is not (floats, least and greatest). Rows
 * that EXCLUDE leaves out are taken away for the one row, or passed over.
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { averageDecimal } from "../../expr/decimal.ts"
import type { OverAggregateName, OverCall } from "../../expr/expression.ts"
import { compareValues } from "../../expr/values/compare.ts"
import { assert } from "../../std/assert.ts"
import type { Frames, Range } from "./frames.ts"
import type { OverOptions } from "./functions.ts"

type AggregateOver = OverCall & { readonly name: OverAggregateName }

const MAX_DECIMAL = 10n ** 38n

/** `values` null: count(*). */
export function aggregateFrames(
  call: AggregateOver,
  frames: Pick<Frames, "count" | "from" | "to"> & Partial<Pick<Frames, "excluded">>,
  values: readonly Scalar[] | null,
  { taken, overflowed }: OverOptions,
): Scalar[] {
  const total = totalOf(call)
  const takes = (row: number) => (taken === null || taken[row]!) && (values === null || values[row] !== null)
  const change = (row: number, sign: 1 | -1) => {
    if (takes(row)) total.add(values === null ? null : values[row]!, sign)
  }
  const changeAll = (ranges: readonly Range[], sign: 1 | -1) => {
    for (const [first, last] of ranges) for (let row = first; row < last; row++) change(row, sign)
  }
  let [from, to] = [0, 0]
  return Array.from({ length: frames.count }, (_, row) => {
    const [wantedFrom, wantedTo] = [frames.from(row), Math.max(frames.from(row), frames.to(row))]
    const excluded = frames.excluded?.(row) ?? []
    if (excluded.length > 0 && !total.takesBack) {
      total.reset()
      ;[from, to] = [0, 0]
      for (let other = wantedFrom; other < wantedTo; other++) {
        if (!excluded.some(([first, last]) => other >= first && other < last)) change(other, 1)
      }
      const result = total.result()
      total.reset()
      if (result === undefined) overflowed()
      return result ?? null
    }
    const goesOn = wantedFrom >= from && wantedTo >= to && (total.takesBack || wantedFrom === from)
    if (!goesOn || wantedFrom > to) {
      total.reset()
      from = wantedFrom
      to = wantedFrom
    }
    for (; to < wantedTo; to++) change(to, 1)
    for (; from < wantedFrom; from++) change(from, -1)
    changeAll(excluded, -1)
    const result = total.result()
    changeAll(excluded, 1)
    if (result === undefined) overflowed()
    return result ?? null
  })
}

interface Total {
  /** Adding and taking away leaves exactly what was there before. */
  readonly takesBack: boolean
  add(value: Scalar, sign: 1 | -1): void
  /** Undefined when it does not fit its column. */
  result(): Scalar | undefined
  reset(): void
}

function totalOf(call: AggregateOver): Total {
  const type = call.args[0]?.type ?? null
  if (call.name === "count") return new Counted()
  assert(type !== null, `${call.name} has an argument`)
  if (call.name === "min" || call.name === "max") return new Extreme(call.name)
  if (type.kind === "float64") return new FloatTotal(call.name === "avg")
  return new ExactTotal(call, type)
}

class Counted implements Total {
  readonly takesBack = true
  #count = 0n

  add(_value: Scalar, sign: 1 | -1): void {
    this.#count += BigInt(sign)
  }

  result(): Scalar {
    return this.#count
  }

  reset(): void {
    this.#count = 0n
  }
}

class ExactTotal implements Total {
  readonly takesBack = true
  readonly #call: AggregateOver
  readonly #scale: number
  #sum = 0n
  #count = 0n

  constructor(call: AggregateOver, type: LogicalType) {
    this.#call = call
    this.#scale = type.kind === "decimal" ? type.scale : 0
  }

  add(value: Scalar, sign: 1 | -1): void {
    this.#sum += BigInt(sign) * BigInt(value as bigint | number)
    this.#count += BigInt(sign)
  }

  result(): Scalar | undefined {
    if (this.#count === 0n) return null
    const { name, type } = this.#call
    if (name === "sum" && type.kind === "int64") {
      return this.#sum === BigInt.asIntN(64, this.#sum) ? this.#sum : undefined
    }
    const shift = (type.kind === "decimal" ? type.scale : 0) - this.#scale
    const value =
      name === "sum" ? this.#sum : averageDecimal(this.#sum, this.#count, { sum: 0, result: shift })
    return value < MAX_DECIMAL && value > -MAX_DECIMAL ? value : undefined
  }

  reset(): void {
    this.#sum = 0n
    this.#count = 0n
  }
}

/** Neumaier's compensated sum; infinities and NaN are counted apart. */
class FloatTotal implements Total {
  readonly takesBack = false
  readonly #averages: boolean
  #sum = 0
  #compensation = 0
  #special = 0
  #count = 0

  constructor(averages: boolean) {
    this.#averages = averages
  }

  add(value: Scalar): void {
    const added = value as number
    this.#count++
    if (!Number.isFinite(added)) {
      this.#special += added
      return
    }
    const sum = this.#sum + added
    this.#compensation +=
      Math.abs(this.#sum) >= Math.abs(added) ? this.#sum - sum + added : added - sum + this.#sum
    this.#sum = sum
  }

  result(): Scalar | undefined {
    if (this.#count === 0) return null
    if (this.#special !== 0) return this.#special
    const sum = this.#sum + this.#compensation
    if (!Number.isFinite(sum)) return undefined
    return (this.#averages ? sum / this.#count : sum) + 0
  }

  reset(): void {
    this.#sum = 0
    this.#compensation = 0
    this.#special = 0
    this.#count = 0
  }
}

class Extreme implements Total {
  readonly takesBack = false
  readonly #sign: 1 | -1
  #found: Scalar = null

  constructor(name: "min" | "max") {
    this.#sign = name === "min" ? 1 : -1
  }

  add(value: Scalar): void {
    if (this.#found === null || this.#sign * compareValues(value, this.#found) < 0) this.#found = value
  }

  result(): Scalar {
    return this.#found
  }

  reset(): void {
    this.#found = null
  }
}
