/**
 * The first rows of each partition, by number, over rows that only come: a row that was pushed out never
 * comes back, so that the table keeps no more than the limit. What an epoch brings to a partition is put in
 * order and merged with what is there in one walk, which numbers the rows as they were and as they are:
 *
 *   there   a     c  d  e      before   1     2  3  4
 *   came       b               after    1  2  3  4  -      with a limit of 4
 */
import { assert } from "../../std/assert.ts"
import { compareBytes } from "../code/extremes.ts"
import { equalBytes } from "../code/hashing.ts"
import type { RankSpec } from "../dataflow.ts"
import { OrderedCursor } from "../state/ordered-cursor.ts"
import { type ArrivedPartition, NO_ROW } from "./arrived-rows.ts"
import { NOTHING, RankOperator } from "./rank.ts"

/** Partitions whose last row is remembered at a time; what one row less finds is only found again. */
const MAX_LAST_ROWS = 65_536

/** What the operator can do: anything else is RankOperator's. */
export function keepsTopRows(spec: RankSpec, appendOnlyInput: boolean): boolean {
  const { function: name, offset, limit } = spec
  return name === "row_number" && limit !== null && offset + limit > 0n && appendOnlyInput
}

export class TopRowsOperator extends RankOperator {
  readonly #at = new OrderedCursor(this.table)
  /** Of full partitions, by hash. */
  readonly #lastRows = new Map<number, Uint8Array>()

  /** The last row of a full partition: rows before it only get more. */
  protected override boundOf(hash: number): Uint8Array | null {
    const { bytes, start, partitionLength } = this.codec
    const known = this.#lastRows.get(hash)
    if (known !== undefined && startsWith(known, bytes, start, partitionLength)) return known
    const at = this.table.find(this.#at, bytes, partitionLength, start)
    for (let seen = 0; at.valid && at.startsWith(bytes, partitionLength, start); at.next()) {
      seen += at.weight
      if (seen >= this.last) return this.#remember(hash, at.bytes())
    }
    return null
  }

  /** Of the rows that wait, no more are kept than there can be among the first ones. */
  protected override noteArrived(partition: ArrivedPartition): void {
    if (partition.count < 2 * this.last) return
    const rows = this.#inOrder(partition).slice(0, this.last)
    this.arrived.replace(partition, rows)
    partition.bound = this.#copyOf(rows.at(-1)!)
  }

  protected override takeIn(partition: ArrivedPartition, isWaiting: boolean): void {
    const { arrived, table, last } = this
    const { bytes, starts, lengths } = arrived
    const rows = this.#inOrder(partition)
    const at = table.find(this.#at, bytes, partition.length, partition.start)
    let next = 0
    let before = 0
    let after = 0
    while (true) {
      const isThere = at.valid && at.startsWith(bytes, partition.length, partition.start)
      if (next === rows.length && (!isThere || before === after)) return
      const row = rows[next] ?? NO_ROW
      const order = row === NO_ROW ? -1 : !isThere ? 1 : at.compare(bytes, lengths[row]!, starts[row]!)
      const was = order <= 0 ? at.weight : 0
      const came = order >= 0 ? this.#copies(rows, next) : 0
      const is = Math.min(was + came, last - after)
      if (!isWaiting) {
        if (order < 0) this.#putMoved(this.options.store.u8, at.start, before, was, after, is)
        else this.#putMoved(bytes, starts[row]!, before, was, after, is)
      }
      next += came
      before += was
      after += is
      if (is > 0 && after === last) this.#remember(partition.hash, order < 0 ? at.bytes() : this.#copyOf(row))
      if (was === 0 && is > 0) table.insertBefore(at, bytes, lengths[row]!, is, starts[row]!)
      if (was > 0 && is !== was) table.addAt(at, is - was)
      if (was > 0 && is > 0) at.next()
      if (after === last) next = rows.length
    }
  }

  /** Of a row that was so often behind `before` others, and is so often behind `after` others now. */
  #putMoved(bytes: Uint8Array, start: number, before: number, was: number, after: number, is: number): void {
    const { first, last } = this
    const wasFrom = Math.max(first, before + 1)
    const wasTo = Math.min(last, before + was)
    const isFrom = Math.max(first, after + 1)
    const isTo = Math.min(last, after + is)
    if (!this.spec.ranked) {
      const weight = Math.max(0, isTo - isFrom + 1) - Math.max(0, wasTo - wasFrom + 1)
      if (weight !== 0) this.put(bytes, start, NOTHING, weight)
      return
    }
    // Numbers only grow: those that go are in front of those that come.
    const goneTo = Math.min(wasTo, isFrom - 1)
    for (let number = wasFrom; number <= goneTo; number++) this.put(bytes, start, [BigInt(number)], -1)
    const newFrom = Math.max(isFrom, wasTo + 1)
    for (let number = newFrom; number <= isTo; number++) this.put(bytes, start, [BigInt(number)], 1)
  }

  /** The partition's rows in the table's order. */
  #inOrder(partition: ArrivedPartition): number[] {
    const { bytes, starts, lengths, nexts, weights } = this.arrived
    const rows: number[] = []
    for (let row = partition.first; row !== NO_ROW; row = nexts[row]!) {
      assert(weights[row] === 1, `${this.spec.id} takes rows that only come`)
      rows.push(row)
    }
    if (rows.length === 1) return rows
    const { length } = partition
    return rows.sort((a, b) => {
      const restOfA = lengths[a]! - length
      const restOfB = lengths[b]! - length
      return compareBytes(bytes, starts[a]! + length, restOfA, bytes, starts[b]! + length, restOfB)
    })
  }

  /** How many rows from `next` on are the same. */
  #copies(rows: readonly number[], next: number): number {
    const { bytes, starts, lengths } = this.arrived
    const row = rows[next]!
    let count = 1
    for (; next + count < rows.length; count++) {
      const other = rows[next + count]!
      if (lengths[other] !== lengths[row]) break
      if (!equalBytes(bytes, starts[other]!, bytes, starts[row]!, lengths[row]!)) break
    }
    return count
  }

  #copyOf(row: number): Uint8Array {
    const start = this.arrived.starts[row]!
    return this.arrived.bytes.slice(start, start + this.arrived.lengths[row]!)
  }

  #remember(hash: number, row: Uint8Array): Uint8Array {
    if (this.#lastRows.size >= MAX_LAST_ROWS) this.#lastRows.clear()
    this.#lastRows.set(hash, row)
    return row
  }
}

function startsWith(row: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  return row.length >= length && equalBytes(row, 0, bytes, start, length)
}
