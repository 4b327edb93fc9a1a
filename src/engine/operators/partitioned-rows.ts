/**
 * The base of operators that say something about a row's place among those of its partition. Rows lie in one
 * ordered table, partition behind partition. When an epoch first touches a partition its old output is taken
 * down; at the epoch's end the difference to the new one goes out.
 *
 * Partitions of a window have the window's column first in their order, so that those which are gone are the
 * table's beginning and fall off as whole pages.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column, Scalar } from "../../columns/types.ts"
import { TIMESTAMP } from "../../columns/types.ts"
import { compareBytes } from "../../expr/values/compare.ts"
import { assert } from "../../std/assert.ts"
import { captureOrdered, restoreOrdered } from "../checkpoint/ordered-state.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import { equalBytes, HASH_SEED, mixBytes } from "../code/hashing.ts"
import type { OverSpec, RankSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import { copyEntries } from "../resharding/entries.ts"
import { OrderedRowCodec } from "../state/ordered-row.ts"
import { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import type { StateSize } from "../state/state-size.ts"
import { bytesOfTables } from "../state/state-size.ts"
import { LateBound } from "../time/late-bound.ts"
import { RowBuilder, setScalar } from "./row-builder.ts"
import type { CapturedState, RowOperator, StatefulOperator } from "./stateful-operator.ts"

/** A row of the output: an input row and what the operator says of it. */
export interface PlacedRow {
  /** The encoded input row. */
  readonly row: Uint8Array
  readonly said: readonly Scalar[]
  readonly weight: number
}

interface Touched {
  readonly partition: Uint8Array
  readonly before: readonly PlacedRow[]
  /** Another one of the same hash. */
  readonly next: Touched | undefined
}

export interface PartitionedOptions {
  readonly store: PageStore
  readonly share: Share
  readonly inputColumns: readonly Column[]
  readonly peerTerms: number
  readonly appendOnlyInput: boolean
  readonly appendOnlyOutput: boolean
}

export abstract class PartitionedRows<Spec extends RankSpec | OverSpec> implements RowOperator {
  readonly spec: Spec
  readonly table: OrderedTable
  protected readonly codec: OrderedRowCodec
  protected readonly options: PartitionedOptions
  readonly #changes: RowBuilder
  /** In the order of their first change. */
  #touched: Touched[] = []
  readonly #touchedByHash = new Map<number, Touched>()
  readonly #late = new LateBound()
  /** Windows that were closed by the last epoch. */
  closedUntilUs = NO_WATERMARK

  constructor(spec: Spec, options: PartitionedOptions) {
    this.spec = spec
    this.options = options
    const { at } = spec.expiry ?? { at: null }
    const partition = at === null ? spec.partition : [at, ...spec.partition.filter((column) => column !== at)]
    this.codec = new OrderedRowCodec(options.inputColumns, partition, spec.order, options.peerTerms)
    this.table = new OrderedTable(options.store)
    this.#changes = new RowBuilder(spec.columns.map(({ type }) => type))
  }

  /** What a partition's rows come to, in the table's order. */
  protected abstract place(partition: Uint8Array, final: boolean): PlacedRow[]

  /** False for a row that cannot matter, now or later, by its partition and order. */
  protected matters(): boolean {
    return true
  }

  /** After a partition's new output was taken. */
  protected trim(_partition: Uint8Array): void {}

  lateness(): { readonly column: number; readonly bound: LateBound } | null {
    const { expiry } = this.spec
    return expiry === null ? null : { column: expiry.at, bound: this.#late }
  }

  judgeBy(watermarkUs: bigint): void {
    if (this.spec.expiry !== null) this.#late.set(watermarkUs, this.spec.expiry.lateUs)
  }

  apply(_port: number, changes: ChangeBatch): void {
    const { codec, table } = this
    const { share } = this.options
    codec.begin(changes)
    for (let row = 0; row < changes.length; row++) {
      codec.encodeHead(row)
      if (!share.hasBytes(codec.bytes, 0, codec.partitionLength) || !this.matters()) continue
      codec.encodeRest(row)
      const { bytes, length, partitionLength } = codec
      this.#touch(bytes, partitionLength)
      table.add(bytes, length, changes.weights === null ? 1 : changes.weights[row]!)
    }
  }

  flush(watermarkUs: bigint): ChangeBatch | null {
    const closesUs = this.#closesAt(watermarkUs)
    for (const { partition, before } of this.#touched) {
      if (this.#isWaiting(partition, this.closedUntilUs)) continue
      this.#putDifference(before, this.place(partition, true))
      this.trim(partition)
    }
    this.#touched = []
    this.#touchedByHash.clear()
    if (this.spec.emit === "final") this.#putClosed(closesUs)
    this.closedUntilUs = closesUs
    this.#dropGone(watermarkUs)
    return this.#changes.take(!this.options.appendOnlyOutput)
  }

  heapBytes(): number {
    return 0
  }

  size(): StateSize {
    return { rows: this.table.count, bytes: bytesOfTables([this.table]) }
  }

  capture(losses: Losses): CapturedState {
    return captureOrdered(this, losses)
  }

  restore(saved: SavedState, losses: Losses): void {
    restoreOrdered(this, saved, losses)
  }

  takeKeys(other: StatefulOperator): void {
    assert(other instanceof PartitionedRows, "rows in order take over from such")
    const { share } = this.options
    const { codec } = this
    copyEntries(other.table, this.table, (row) => share.hasBytes(row, 0, codec.partitionLengthOf(row, 0)))
    this.closedUntilUs = other.closedUntilUs
  }

  #touch(bytes: Uint8Array, partitionLength: number): void {
    const hash = mixBytes(HASH_SEED, bytes, 0, partitionLength)
    const chain = this.#touchedByHash.get(hash)
    for (let touched = chain; touched !== undefined; touched = touched.next) {
      const { partition } = touched
      if (partition.length === partitionLength && equalBytes(partition, 0, bytes, 0, partitionLength)) return
    }
    const partition = bytes.slice(0, partitionLength)
    const before = this.#isWaiting(partition, this.closedUntilUs) ? [] : this.place(partition, false)
    const touched = { partition, before, next: chain }
    this.#touchedByHash.set(hash, touched)
    this.#touched.push(touched)
  }

  /** Its window is open, and its rows come when it closes. */
  #isWaiting(partition: Uint8Array, closedUntilUs: bigint): boolean {
    if (this.spec.emit === "changes" || this.spec.expiry === null) return false
    const bound = this.#boundary(closedUntilUs)
    return bound === null || compareBytes(partition, bound) >= 0
  }

  /** Partitions whose windows close now. */
  #putClosed(closesUs: bigint): void {
    const [from, to] = [this.#boundary(this.closedUntilUs), this.#boundary(closesUs)]
    if (to === null) return
    let at = from === null ? this.table.first() : this.table.seek(from, from.length)
    while (at.valid) {
      const bytes = at.bytes()
      const partition = bytes.subarray(0, this.codec.partitionLengthOf(bytes, 0))
      if (compareBytes(partition, to) >= 0) return
      this.#putDifference([], this.place(partition, true))
      const after = successor(partition)
      at = after === null ? at.next() : this.table.seek(after, after.length)
    }
  }

  #dropGone(watermarkUs: bigint): void {
    const { expiry } = this.spec
    if (expiry === null || watermarkUs === NO_WATERMARK) return
    const bound = this.#boundary(watermarkUs - expiry.keepUs)
    if (bound !== null) this.table.removeBelow(bound, bound.length)
  }

  /** Up to when windows are closed: their column is at most this. */
  #closesAt(watermarkUs: bigint): bigint {
    const { expiry } = this.spec
    return expiry === null || watermarkUs === NO_WATERMARK ? NO_WATERMARK : watermarkUs - expiry.closeUs
  }

  /** The least partition of a window whose column is above `untilUs`; null when there is no such bound. */
  #boundary(untilUs: bigint): Uint8Array | null {
    if (untilUs <= NO_WATERMARK) return null
    const column = this.options.inputColumns[this.spec.expiry!.at]!
    assert(column.type.kind === "timestamp", "a window's column is a timestamp")
    const single = new OrderedRowCodec([{ ...column, type: TIMESTAMP }], [0], [], 0)
    const next = new RowBuilder([TIMESTAMP], 1)
    setScalar(next.columns[0]!, 0, untilUs + 1n)
    single.begin({ vectors: [next.columns[0]!.take(1)] })
    single.encode(0)
    return single.bytes.slice(0, single.length)
  }

  /** Both are in order of their rows; equal rows stand together. */
  #putDifference(before: readonly PlacedRow[], after: readonly PlacedRow[]): void {
    let [i, j] = [0, 0]
    while (i < before.length || j < after.length) {
      const order =
        i === before.length ? 1 : j === after.length ? -1 : compareBytes(before[i]!.row, after[j]!.row)
      const row = order <= 0 ? before[i]!.row : after[j]!.row
      const [firstBefore, firstAfter] = [i, j]
      while (order <= 0 && i < before.length && compareBytes(before[i]!.row, row) === 0) i++
      while (order >= 0 && j < after.length && compareBytes(after[j]!.row, row) === 0) j++
      this.#putNet(before.slice(firstBefore, i), after.slice(firstAfter, j))
    }
  }

  /** What changed of one row: by what is said of it, what goes first. */
  #putNet(before: readonly PlacedRow[], after: readonly PlacedRow[]): void {
    const [was, is] = [before[0], after[0]]
    if (before.length + after.length === 1) {
      this.#put((was ?? is)!, was === undefined ? is!.weight : -was.weight)
      return
    }
    if (before.length === 1 && after.length === 1 && isSame(was!, is!)) return
    const net = new Map<string, { placed: PlacedRow; weight: number }>()
    for (const [side, sign] of [
      [before, -1],
      [after, 1],
    ] as const) {
      for (const placed of side) {
        const name = saidText(placed.said)
        const known = net.get(name) ?? { placed, weight: 0 }
        known.weight += sign * placed.weight
        net.set(name, known)
      }
    }
    for (const { placed, weight } of net.values()) if (weight !== 0) this.#put(placed, weight)
  }

  #put({ row, said }: PlacedRow, weight: number): void {
    const changes = this.#changes
    if (this.options.appendOnlyOutput) {
      assert(weight > 0, `${this.spec.id} takes no row back`)
      for (let time = 0; time < weight; time++) this.#write(row, said, 1)
      return
    }
    assert(changes.columns.length === this.options.inputColumns.length + said.length, "a value per column")
    this.#write(row, said, weight)
  }

  #write(row: Uint8Array, said: readonly Scalar[], weight: number): void {
    const changes = this.#changes
    if (changes.length === changes.capacity) changes.grow()
    const at = changes.length
    this.codec.decode(row, 0, changes.columns, at)
    said.forEach((value, k) => {
      setScalar(changes.columns[this.options.inputColumns.length + k]!, at, value)
    })
    changes.weights[changes.length++] = weight
  }
}

/** Of one row; values that do not compare so are left to their text. */
function isSame(a: PlacedRow, b: PlacedRow): boolean {
  return a.weight === b.weight && a.said.every((value, k) => value === b.said[k])
}

/** The least byte string that is greater than all that begin with `prefix`; null when there is none. */
function successor(prefix: Uint8Array): Uint8Array | null {
  for (let k = prefix.length - 1; k >= 0; k--) {
    if (prefix[k] === 255) continue
    const next = prefix.slice(0, k + 1)
    next[k]!++
    return next
  }
  return null
}

function saidText(said: readonly Scalar[]): string {
  let text = ""
  for (const value of said) {
    if (value instanceof Uint8Array) text += `x${value.join()};`
    else if (typeof value === "string") text += `${JSON.stringify(value)};`
    else if (typeof value === "number") text += `${value + 0};`
    else text += `${String(value)};`
  }
  return text
}
