/**
 * The base of operators that say something about a row's place among those of its partition. Rows lie in one
 * ordered table, partition behind partition. Those that an epoch brings wait for its end; then each partition
 * that has some takes them in, and the difference between what was said of its rows and what is goes out.
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
import { finished, HASH_SEED, mixBytes } from "../code/hashing.ts"
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
import { type ArrivedPartition, ArrivedRows, NO_ROW } from "./arrived-rows.ts"
import { RowBuilder, setScalar } from "./row-builder.ts"
import {
  type CapturedState,
  HELD_BATCH,
  type HoldingOperator,
  type RowOperator,
  type StatefulOperator,
} from "./stateful-operator.ts"

/** A row of the output: an input row and what the operator says of it. */
export interface PlacedRow {
  /** The encoded input row. */
  readonly row: Uint8Array
  readonly said: readonly Scalar[]
  readonly weight: number
}

export interface PartitionedOptions {
  readonly store: PageStore
  readonly share: Share
  readonly inputColumns: readonly Column[]
  readonly peerTerms: number
  readonly appendOnlyInput: boolean
  readonly appendOnlyOutput: boolean
}

const NO_ROWS: readonly PlacedRow[] = []
const BEFORE_ALL = new Uint8Array(0)

export abstract class PartitionedRows<Spec extends RankSpec | OverSpec>
  implements RowOperator, HoldingOperator
{
  readonly spec: Spec
  readonly table: OrderedTable
  protected readonly codec: OrderedRowCodec
  protected readonly options: PartitionedOptions
  protected readonly arrived: ArrivedRows
  readonly #changes: RowBuilder
  readonly #late = new LateBound()
  /** Windows that were closed by the last epoch. */
  closedUntilUs = NO_WATERMARK

  constructor(spec: Spec, options: PartitionedOptions) {
    this.spec = spec
    this.options = options
    const { at } = spec.expiry ?? { at: null }
    const partition = at === null ? spec.partition : [at, ...spec.partition.filter((column) => column !== at)]
    this.codec = new OrderedRowCodec(options.inputColumns, partition, spec.order, options.peerTerms)
    this.arrived = new ArrivedRows(this.codec)
    this.table = new OrderedTable(options.store)
    this.#changes = new RowBuilder(spec.columns.map(({ type }) => type))
  }

  /** What a partition's rows come to, in the table's order. */
  protected abstract place(partition: Uint8Array, final: boolean): PlacedRow[]

  /** A row of the partition whose head is encoded, behind which none matters, now or later; null: all do. */
  protected boundOf(_hash: number): Uint8Array | null {
    return null
  }

  /** After the partition was given one more row in this epoch. */
  protected noteArrived(_partition: ArrivedPartition): void {}

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
    const { arrived, codec } = this
    const { share } = this.options
    codec.begin(changes)
    for (let row = 0; row < changes.length; row++) {
      codec.encodeHead(row)
      const { bytes, start, partitionLength } = codec
      const hash = mixBytes(HASH_SEED, bytes, start, start + partitionLength)
      if (!share.has(finished(hash))) continue
      const known = arrived.find(hash)
      const bound = known === undefined ? this.boundOf(hash) : known.bound
      if (bound !== null && codec.isBehind(bound)) continue
      codec.encodeRest(row)
      const partition = known ?? arrived.begin(hash, bound)
      arrived.add(partition, changes.weights === null ? 1 : changes.weights[row]!)
      this.noteArrived(partition)
    }
  }

  flush(watermarkUs: bigint): ChangeBatch | null {
    const { arrived } = this
    const closesUs = this.#closesAt(watermarkUs)
    const openFrom = this.#openFrom()
    for (const partition of arrived.partitions) {
      const isWaiting = openFrom !== null && compareBytes(arrived.keyOf(partition), openFrom) >= 0
      this.takeIn(partition, isWaiting)
    }
    arrived.clear()
    if (this.spec.emit === "final") this.#putClosed(closesUs)
    this.closedUntilUs = closesUs
    this.#dropGone(watermarkUs)
    return this.#changes.take(!this.options.appendOnlyOutput)
  }

  /** The partition's rows go into the table; `isWaiting`: what comes of it is not asked for yet. */
  protected takeIn(partition: ArrivedPartition, isWaiting: boolean): void {
    const { arrived, table } = this
    const key = arrived.keyOf(partition)
    const before = isWaiting ? NO_ROWS : this.place(key, false)
    for (let row = partition.first; row !== NO_ROW; row = arrived.nexts[row]!) {
      table.add(arrived.bytes, arrived.lengths[row]!, arrived.weights[row]!, arrived.starts[row]!)
    }
    if (isWaiting) return
    this.#putDifference(before, this.place(key, true))
    this.trim(key)
  }

  putHeld(take: (held: ChangeBatch) => void): void {
    for (const partition of this.#partitions(null)) {
      this.options.store.relieve()
      this.#putDifference(NO_ROWS, this.place(partition, false))
      this.#changes.giveTo(take, HELD_BATCH)
    }
    this.#changes.giveTo(take)
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

  /** The least partition whose window is open, and whose rows come when it closes; null where none waits. */
  #openFrom(): Uint8Array | null {
    if (this.spec.emit === "changes" || this.spec.expiry === null) return null
    return this.#boundary(this.closedUntilUs) ?? BEFORE_ALL
  }

  /** Partitions whose windows close now. */
  #putClosed(closesUs: bigint): void {
    const [from, to] = [this.#boundary(this.closedUntilUs), this.#boundary(closesUs)]
    if (to === null) return
    for (const partition of this.#partitions(from)) {
      if (compareBytes(partition, to) >= 0) return
      this.#putDifference(NO_ROWS, this.place(partition, true))
    }
  }

  /** Keys in order, beginning with `from` or what comes behind it; null: with the first. */
  *#partitions(from: Uint8Array | null): Generator<Uint8Array> {
    let at = from === null ? this.table.first() : this.table.seek(from, from.length)
    while (at.valid) {
      const bytes = at.bytes()
      const partition = bytes.subarray(0, this.codec.partitionLengthOf(bytes, 0))
      yield partition
      const after = successor(partition)
      if (after === null) return
      at = this.table.seek(after, after.length)
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
      this.#putRow((was ?? is)!, was === undefined ? is!.weight : -was.weight)
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
    for (const { placed, weight } of net.values()) if (weight !== 0) this.#putRow(placed, weight)
  }

  #putRow({ row, said }: PlacedRow, weight: number): void {
    assert(this.spec.columns.length === this.options.inputColumns.length + said.length, "a value per column")
    this.put(row, 0, said, weight)
  }

  /** Puts the encoded row at `start` out, with what is said of it. */
  protected put(bytes: Uint8Array, start: number, said: readonly Scalar[], weight: number): void {
    if (!this.options.appendOnlyOutput) {
      this.#write(bytes, start, said, weight)
      return
    }
    assert(weight > 0, `${this.spec.id} takes no row back`)
    for (let time = 0; time < weight; time++) this.#write(bytes, start, said, 1)
  }

  #write(bytes: Uint8Array, start: number, said: readonly Scalar[], weight: number): void {
    const changes = this.#changes
    if (changes.length === changes.capacity) changes.grow()
    const at = changes.length
    const added = this.options.inputColumns.length
    this.codec.decode(bytes, start, changes.columns, at)
    for (let k = 0; k < said.length; k++) setScalar(changes.columns[added + k]!, at, said[k]!)
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
