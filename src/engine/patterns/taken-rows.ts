/** The rows that a search has taken so far, and the values that conditions and results read from them. */
import { readScalar } from "../../columns/scalar.ts"
import type { Scalar } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import type { PatternValue } from "../../expr/pattern.ts"
import { assertNever } from "../../std/assert.ts"
import { aggregateFrames } from "../over/frame-aggregates.ts"

/** Rows of one key in order, as far as they can be looked at. */
export interface KeyRows {
  readonly count: number
  readonly vectors: readonly Vector[]
  readonly timesUs: readonly bigint[]
}

export interface Taken {
  readonly row: number
  readonly step: number
}

export class TakenRows {
  readonly #rows: KeyRows
  readonly #withinUs: bigint
  readonly #all: Taken[] = []
  readonly #ofStep: number[][]

  constructor(rows: KeyRows, steps: number, withinUs: bigint) {
    this.#rows = rows
    this.#withinUs = withinUs
    this.#ofStep = Array.from({ length: steps }, () => [])
  }

  get length(): number {
    return this.#all.length
  }

  push(row: number, step: number): void {
    this.#all.push({ row, step })
    this.#ofStep[step]!.push(row)
  }

  pop(): void {
    this.#ofStep[this.#all.pop()!.step]!.pop()
  }

  copy(): Taken[] {
    return [...this.#all]
  }

  /** Of a boolean column, in the row that was taken last. */
  isTrue(column: number): boolean {
    return isTrue(this.#rows.vectors[column]!, this.#all[this.#all.length - 1]!.row)
  }

  /** @param overflowed told of an aggregate that does not fit its column, which is NULL then */
  value(value: PatternValue, timedOut: boolean, overflowed: () => void): Scalar {
    switch (value.kind) {
      case "row": {
        const { step, from, offset, column } = value
        const count = step === null ? this.#all.length : this.#ofStep[step]!.length
        const place = from === "first" ? offset : count - 1 - offset
        if (place < 0 || place >= count) return null
        const row = step === null ? this.#all[place]!.row : this.#ofStep[step]![place]!
        return readScalar(this.#rows.vectors[column]!, row)
      }
      case "previous": {
        const { timesUs, vectors } = this.#rows
        const { row } = this.#all.at(-1)!
        if (row === 0 || timesUs[row]! - timesUs[row - 1]! > this.#withinUs) return null
        return readScalar(vectors[value.column]!, row - 1)
      }
      case "aggregate":
        return this.#aggregate(value, overflowed)
      case "timed-out":
        return timedOut
      default:
        return assertNever(value)
    }
  }

  #aggregate({ step, call }: PatternValue & { readonly kind: "aggregate" }, overflowed: () => void): Scalar {
    const rows = step === null ? this.#all.map(({ row }) => row) : this.#ofStep[step]!
    const [argument] = call.args
    if (argument === undefined) return BigInt(rows.length)
    const column = argument.kind === "column" ? this.#rows.vectors[argument.index]! : null
    const values = rows.map((row) => (column === null ? null : readScalar(column, row)))
    const whole = { count: 1, from: () => 0, to: () => values.length }
    return aggregateFrames(call, whole, values, { taken: null, overflowed })[0]!
  }
}

export const isTrue = ({ nulls, values }: Vector, row: number): boolean =>
  nulls[row] === 0 && values[row] === 1
