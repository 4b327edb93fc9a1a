/**
 * The first rows of each partition. Over rows that only come, what lies behind the limit is not kept: a row
 * that was pushed out never comes back.
 */
import type { Scalar } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { RankSpec } from "../dataflow.ts"
import type { OrderedCursor } from "../state/ordered-cursor.ts"
import type { PartitionedOptions, PlacedRow } from "./partitioned-rows.ts"
import { PartitionedRows } from "./partitioned-rows.ts"

export const NOTHING: readonly Scalar[] = []

export class RankOperator extends PartitionedRows<RankSpec> {
  /** Of the numbers or ranks whose rows are put out. */
  protected readonly first: number
  protected readonly last: number

  constructor(spec: RankSpec, options: Omit<PartitionedOptions, "peerTerms">) {
    super(spec, { ...options, peerTerms: spec.order.length })
    this.first = Number(spec.offset) + 1
    this.last = spec.limit === null ? Number.POSITIVE_INFINITY : Number(spec.offset + spec.limit)
  }

  protected override place(partition: Uint8Array): PlacedRow[] {
    const placed: PlacedRow[] = []
    this.#walk(partition, (at, first, last) => {
      if (first > this.last) return false
      const { weight } = at
      assert(weight > 0, `${this.spec.id} takes back only rows that it was given`)
      const [from, to] = [Math.max(first, this.first), Math.min(last, this.last)]
      if (from > to) return true
      const row = at.bytes()
      const { ranked } = this.spec
      if (this.spec.function !== "row_number") {
        placed.push({ row, said: ranked ? [BigInt(first)] : NOTHING, weight })
      } else if (!ranked) {
        placed.push({ row, said: NOTHING, weight: to - from + 1 })
      } else {
        for (let number = from; number <= to; number++)
          placed.push({ row, said: [BigInt(number)], weight: 1 })
      }
      return true
    })
    return placed
  }

  protected override trim(partition: Uint8Array): void {
    if (!this.options.appendOnlyInput || !Number.isFinite(this.last)) return
    const behind: { readonly row: Uint8Array; readonly weight: number }[] = []
    this.#walk(partition, (at, rank) => {
      if (rank > this.last) behind.push({ row: at.bytes(), weight: at.weight })
      return true
    })
    for (const { row, weight } of behind) this.table.add(row, row.length, -weight)
  }

  /** Visits a partition's entries with first and last number, or their rank, until told to stop. */
  #walk(partition: Uint8Array, visit: (at: OrderedCursor, first: number, last: number) => boolean): void {
    const { function: name } = this.spec
    const { store } = this.options
    let seen = 0
    let rank = 0
    let peers: Uint8Array | null = null
    const at = this.table.seek(partition, partition.length)
    for (; at.valid && at.startsWith(partition, partition.length); at.next()) {
      const before = seen
      seen += at.weight
      if (name === "row_number") {
        if (!visit(at, before + 1, seen)) return
        continue
      }
      if (peers === null || !at.startsWith(peers, peers.length)) {
        rank = name === "rank" ? before + 1 : rank + 1
        peers = at.bytes().subarray(0, this.codec.peerLength(store.u8, at.start))
      }
      if (!visit(at, rank, rank)) return
    }
  }
}
