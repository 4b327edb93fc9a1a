/**
 * The frame of each row: a range of the partition's rows, [from, to), of which EXCLUDE takes some out again.
 * ROWS count rows and GROUPS groups of peers; RANGE goes by peers, or by a distance from the row's value in
 * the order's one term, where NULLs reach each other only.
 *
 *   from          peersFrom   row   peersTo            to
 *    |---------------|---------*------|----------------|     group: all between the two peers; ties: but the
 *    row
 */
import type { Scalar } from "../../columns/types.ts"
import type { FrameBound, OverFrame } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { OverRows } from "./functions.ts"

/** [from, to) */
export type Range = readonly [from: number, to: number]

const NOTHING: readonly Range[] = []

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
        if (unit === "groups") return this.#groupStart(row, Number(start.offset))
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
        if (unit === "groups") return this.#groupStart(row, Number(end.offset) + 1)
        return unit === "rows" ? this.#clamp(row + Number(end.offset) + 1) : this.#reach(row, end, "to")
    }
  }

  /** Rows of [from, to) that are not in the frame: up to two ranges, in order. */
  excluded(row: number): readonly Range[] {
    const exclude = this.#frame?.exclude
    if (exclude === undefined) return NOTHING
    const [from, to] = [this.from(row), this.to(row)]
    const inside = ([first, last]: Range): Range => [Math.max(first, from), Math.min(last, to)]
    const peers: Range = [this.peersFrom(row), this.peersTo(row)]
    const ranges: readonly Range[] =
      exclude === "group"
        ? [peers]
        : exclude === "current row"
          ? [[row, row + 1]]
          : [
              [peers[0], row],
              [row + 1, peers[1]],
            ]
    return ranges.map(inside).filter(([first, last]) => first < last)
  }

  /** The frame's row at `place`, counted from 0, or from -1 backwards; null when there is none. */
  rowAt(row: number, place: number): number | null {
    const pieces = this.#pieces(row)
    let left = place < 0 ? -1 - place : place
    for (const [from, to] of place < 0 ? pieces.toReversed() : pieces) {
      if (left < to - from) return place < 0 ? to - 1 - left : from + left
      left -= to - from
    }
    return null
  }

  /** What is left of [from, to). */
  #pieces(row: number): readonly Range[] {
    const to = this.to(row)
    const pieces: Range[] = []
    let from = this.from(row)
    for (const [first, last] of this.excluded(row)) {
      if (first > from) pieces.push([from, first])
      from = last
    }
    if (from < to) pieces.push([from, to])
    return pieces
  }

  /** The first row of the group of peers that is so many behind the row's, or the border of the partition. */
  #groupStart(row: number, offset: number): number {
    const group = this.#rows.peerOf[row]! + offset
    return group < 0 ? 0 : (this.#peerStarts[group] ?? this.count)
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
