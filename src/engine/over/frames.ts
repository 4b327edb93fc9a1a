/**
 * The frame of each row: a range of the partition's rows, [from, to). ROWS count rows; RANGE goes by peers,
 * or by a distance from the row's value in the order's one term, where NULLs reach each other only.
 */
import type { Scalar } from "../../columns/types.ts"
import type { FrameBound, OverFrame } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { OverRows } from "./functions.ts"

export class Frames {
  readonly count: number
  readonly #rows: OverRows
  readonly #frame: OverFrame | null
  readonly #peerStarts: number[] = []

  /** @param frame null: the whole partition */
  constructor(rows: OverRows, frame: OverFrame | null) {
    this.count = rows.count
    this.#rows = rows
    this.#frame = frame
    rows.peerOf.forEach((group, row) => {
      if (group === this.#peerStarts.length) this.#peerStarts.push(row)
    })
  }

  peersFrom(row: number): number {
    return this.#peerStarts[this.#rows.peerOf[row]!]!
  }

  peersTo(row: number): number {
    return this.#peerStarts[this.#rows.peerOf[row]! + 1] ?? this.count
  }

  from(row: number): number {
    if (this.#frame === null) return 0
    const { unit, start } = this.#frame
    switch (start.kind) {
      case "unbounded-preceding":
        return 0
      case "unbounded-following":
        return this.count
      case "current-row":
        return unit === "rows" ? row : this.peersFrom(row)
      default:
        return unit === "rows" ? this.#clamp(row + Number(start.offset)) : this.#reach(row, start, "from")
    }
  }

  to(row: number): number {
    if (this.#frame === null) return this.count
    const { unit, end } = this.#frame
    switch (end.kind) {
      case "unbounded-preceding":
        return 0
      case "unbounded-following":
        return this.count
      case "current-row":
        return unit === "rows" ? row + 1 : this.peersTo(row)
      default:
        return unit === "rows" ? this.#clamp(row + Number(end.offset) + 1) : this.#reach(row, end, "to")
    }
  }

  isEmpty(row: number): boolean {
    return this.from(row) >= this.to(row)
  }

  /** Every frame begins with the partition: what was added up for one row goes on for the next. */
  get areRunning(): boolean {
    return this.#frame === null || this.#frame.start.kind === "unbounded-preceding"
  }

  #clamp(row: number): number {
    return Math.max(0, Math.min(this.count, row))
  }

  /** The first row within the distance (from), or the first row beyond it (to). */
  #reach(row: number, bound: Extract<FrameBound, { kind: "offset" }>, side: "from" | "to"): number {
    const { order, descending } = this.#rows
    assert(order !== null, "a RANGE with a distance has one term of order")
    const value = order[row]!
    if (value === null) return side === "from" ? this.peersFrom(row) : this.peersTo(row)
    const distance = descending ? -bound.offset : bound.offset
    const limit = typeof value === "bigint" ? value + BigInt(distance) : (value as number) + Number(distance)
    const isBefore = (at: number): boolean => {
      const order_ = compareOrder(order[at]!, limit)
      const along = descending ? -order_ : order_
      return side === "from" ? along < 0 : along <= 0
    }
    let [low, high] = this.#timed(order)
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(middle)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Rows whose value is not NULL: NULLs stand at one end. */
  #timed(order: readonly Scalar[]): [from: number, to: number] {
    let [from, to] = [0, this.count]
    while (from < to && order[from] === null) from++
    while (to > from && order[to - 1] === null) to--
    return [from, to]
  }
}

function compareOrder(value: Scalar, limit: bigint | number): number {
  const a = value as bigint | number
  if (Number.isNaN(a)) return Number.isNaN(limit) ? 0 : 1
  if (Number.isNaN(limit)) return -1
  return a < limit ? -1 : a > limit ? 1 : 0
}
