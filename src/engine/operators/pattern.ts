/**
 * Patterns: the rows of each key wait in order until the watermark has passed them; then the matches that
 * begin at them are looked for. State is the rows that a match may still need, and no more: which row a match
 * begins at, and with which rows it goes on, is found anew whenever the key has more to look at.
 *
 *   rows    key, time, … of each row; weight: how often it is there + TRIED for each that is done with
 *   times   time, key of each row: which keys have rows that come into sight, or run out of time
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { assert } from "../../std/assert.ts"
import { captureOrdered, restoreOrdered } from "../checkpoint/ordered-state.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import type { PatternSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import type { SearchFailures } from "../patterns/matcher.ts"
import { Matcher } from "../patterns/matcher.ts"
import type { KeyRows, Taken } from "../patterns/taken-rows.ts"
import { copyEntries } from "../resharding/entries.ts"
import { OrderedRowCodec } from "../state/ordered-row.ts"
import { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import type { StateSize } from "../state/state-size.ts"
import { bytesOfTables } from "../state/state-size.ts"
import { LateBound } from "../time/late-bound.ts"
import { RowBuilder, setScalar } from "./row-builder.ts"
import type { CapturedState, RowOperator, StatefulOperator } from "./stateful-operator.ts"

/** In a weight: one of the equal rows was tried as a match's first row. Beyond so many, equal rows are left
 *  out and counted. */
const TRIED = 65_536
const TIME_BYTES = 8

interface PatternOptions {
  readonly store: PageStore
  readonly losses: Losses
  readonly share: Share
}

interface Entry {
  readonly bytes: Uint8Array
  readonly copies: number
  readonly tried: number
}

export class PatternOperator implements RowOperator {
  readonly spec: PatternSpec
  readonly #rows: OrderedTable
  readonly #times: OrderedTable
  /** Where a row's time and key are written for a look-up. */
  #due = new Uint8Array(64)
  readonly #codec: OrderedRowCodec
  readonly #matcher: Matcher
  readonly #losses: Losses
  readonly #share: Share
  readonly #changes: RowBuilder
  /** Rows of the key that is looked at, in the same memory for every key. */
  readonly #waiting: RowBuilder
  readonly #late = new LateBound()
  /** A condition or a result looks at the row before the one taken. */
  readonly #looksBack: boolean
  /** Rows up to this time are in sight. */
  #seenUntilUs = NO_WATERMARK

  constructor(spec: PatternSpec, { store, losses, share }: PatternOptions) {
    const { inputColumns, partition, order, steps, outputs, withinUs } = spec
    const time = inputColumns[order[0]!.column]!
    assert(time.type.kind === "timestamp" && !time.nullable, "rows of a pattern have a time")
    assert(
      !order[0]!.descending && !partition.includes(order[0]!.column),
      "rows of a key are in order of time",
    )
    assert(steps.length <= 30 && !steps[0]!.negated && steps[0]!.least > 0, "a match begins with a row")
    this.spec = spec
    this.#rows = new OrderedTable(store)
    this.#times = new OrderedTable(store)
    this.#codec = new OrderedRowCodec(inputColumns, partition, order, order.length)
    this.#matcher = new Matcher(steps, inputColumns, withinUs)
    this.#losses = losses
    this.#share = share
    this.#waiting = new RowBuilder(inputColumns.map(({ type }) => type))
    this.#changes = new RowBuilder(spec.columns.map(({ type }) => type))
    this.#looksBack = [...steps.flatMap(({ values }) => values), ...outputs].some(
      ({ kind }) => kind === "previous",
    )
  }

  lateness(): { readonly column: number; readonly bound: LateBound } {
    return { column: this.spec.order[0]!.column, bound: this.#late }
  }

  judgeBy(watermarkUs: bigint): void {
    this.#late.set(watermarkUs, this.spec.lateUs)
  }

  apply(_port: number, changes: ChangeBatch): void {
    const codec = this.#codec
    codec.begin(changes)
    for (let row = 0; row < changes.length; row++) {
      const weight = changes.weights === null ? 1 : changes.weights[row]!
      assert(weight > 0, `${this.spec.id} takes no row back`)
      codec.encode(row)
      if (!this.#share.hasBytes(codec.bytes, 0, codec.partitionLength)) continue
      if (this.#rows.add(codec.bytes, codec.length, weight) >= TRIED) {
        this.#rows.add(codec.bytes, codec.length, -weight)
        this.#losses.failedChanges++
        continue
      }
      this.#addTime(codec.bytes, codec.partitionLength, weight)
    }
  }

  flush(watermarkUs: bigint): ChangeBatch | null {
    const { lateUs, withinUs } = this.spec
    if (watermarkUs === NO_WATERMARK || watermarkUs - lateUs <= this.#seenUntilUs) return null
    const untilUs = watermarkUs - lateUs
    const due = new Map<string, Uint8Array>()
    this.#collect(due, NO_WATERMARK, untilUs - withinUs)
    this.#collect(due, this.#seenUntilUs, untilUs)
    this.#seenUntilUs = untilUs
    for (const partition of due.values()) this.#search(partition)
    return this.#changes.take(false)
  }

  heapBytes(): number {
    return 0
  }

  size(): StateSize {
    return { rows: this.#rows.count, bytes: bytesOfTables([this.#rows, this.#times]) }
  }

  capture(losses: Losses): CapturedState {
    const closedUntilUs = this.#seenUntilUs
    const parts = [
      captureOrdered({ spec: { id: `${this.spec.id}/rows` }, table: this.#rows, closedUntilUs }, losses),
      captureOrdered({ spec: { id: `${this.spec.id}/times` }, table: this.#times, closedUntilUs }, losses),
    ]
    return {
      *parts() {
        for (const part of parts) yield* part.parts()
      },
      *groups() {
        for (const part of parts) yield* part.groups()
      },
      [Symbol.dispose]: () => {
        for (const part of parts) part[Symbol.dispose]()
      },
    }
  }

  restore(saved: SavedState, losses: Losses): void {
    for (const [name, table] of [
      ["rows", this.#rows],
      ["times", this.#times],
    ] as const) {
      const restored = { spec: { id: `${this.spec.id}/${name}` }, table, closedUntilUs: NO_WATERMARK }
      restoreOrdered(restored, saved, losses)
      this.#seenUntilUs = restored.closedUntilUs
    }
  }

  takeKeys(other: StatefulOperator): void {
    assert(other instanceof PatternOperator, "a pattern takes over from one")
    const share = this.#share
    const codec = this.#codec
    copyEntries(other.#rows, this.#rows, (row) => share.hasBytes(row, 0, codec.partitionLengthOf(row, 0)))
    copyEntries(other.#times, this.#times, (due) => share.hasBytes(due, TIME_BYTES, due.length))
    this.#seenUntilUs = other.#seenUntilUs
  }

  /** Keys with a row whose time is above `fromUs` and at most `untilUs`. */
  #collect(due: Map<string, Uint8Array>, fromUs: bigint, untilUs: bigint): void {
    if (untilUs <= NO_WATERMARK) return
    const from = timeBytes(fromUs === NO_WATERMARK ? fromUs : fromUs + 1n)
    const until = timeBytes(untilUs + 1n)
    for (const at = this.#times.seek(from, TIME_BYTES); at.valid; at.next()) {
      if (at.compareHead(until, TIME_BYTES) >= 0) return
      const partition = at.bytes().subarray(TIME_BYTES)
      due.set(Buffer.from(partition).toString("latin1"), partition)
    }
  }

  #search(partition: Uint8Array): void {
    const entries = this.#entries(partition)
    if (entries.length === 0) return
    const { rows, entryOf, tried } = this.#decode(entries, partition)
    const failures: SearchFailures = { failedConditions: 0 }
    let next = 0
    for (let start = 0; start < rows.count; start++) {
      if (start < next) tried[start] = 1
      if (tried[start] === 1) continue
      // Of equal rows, one waits for the other.
      if (start > 0 && entryOf[start] === entryOf[start - 1] && tried[start - 1] === 0) continue
      failures.failedConditions = 0
      const end = this.#endOf(rows, start)
      const complete = end < rows.count || this.#isOver(rows.timesUs[start]!)
      const result = this.#matcher.find({ rows, start, end, complete }, failures)
      if (result.kind === "pending") {
        if (this.spec.afterMatch.kind === "next-row") continue
        break
      }
      this.#losses.failedChanges += failures.failedConditions
      tried[start] = 1
      if (result.kind === "none" || (result.kind === "timed-out" && !this.spec.timeouts)) continue
      this.#put(rows, result.taken, result.kind === "timed-out")
      next = this.#goesOn(result.taken)
    }
    this.#keep(entries, { entryOf, tried, partition })
  }

  /** The key's rows that are in sight. */
  #entries(partition: Uint8Array): Entry[] {
    const entries: Entry[] = []
    const seen = timeBytes(this.#seenUntilUs + 1n)
    const at = this.#rows.seek(partition, partition.length)
    for (; at.valid && at.startsWith(partition, partition.length); at.next()) {
      const bytes = at.bytes()
      if (Buffer.compare(bytes.subarray(partition.length, partition.length + TIME_BYTES), seen) >= 0) break
      entries.push({ bytes, copies: at.weight % TRIED, tried: Math.floor(at.weight / TRIED) })
    }
    return entries
  }

  #decode(entries: readonly Entry[], partition: Uint8Array) {
    const builder = this.#waiting
    builder.length = 0
    for (const column of builder.columns) column.used = 0
    const timesUs: bigint[] = []
    const entryOf: number[] = []
    const tried: number[] = []
    entries.forEach((entry, k) => {
      const timeUs = timeOf(entry.bytes, partition.length)
      for (let copy = 0; copy < entry.copies; copy++) {
        if (builder.length === builder.capacity) builder.grow()
        this.#codec.decode(entry.bytes, 0, builder.columns, builder.length++)
        timesUs.push(timeUs)
        entryOf.push(k)
        tried.push(copy < entry.tried ? 1 : 0)
      }
    })
    const count = builder.length
    const vectors = builder.columns.map((column) => column.take(count))
    return { rows: { count, vectors, timesUs }, entryOf, tried }
  }

  /** Behind the last row that a match from `start` can have. */
  #endOf({ count, timesUs }: KeyRows, start: number): number {
    const lastUs = timesUs[start]! + this.spec.withinUs
    let [low, high] = [start + 1, count]
    while (low < high) {
      const middle = (low + high) >> 1
      if (timesUs[middle]! <= lastUs) low = middle + 1
      else high = middle
    }
    return low
  }

  #isOver(timeUs: bigint): boolean {
    return timeUs + this.spec.withinUs <= this.#seenUntilUs
  }

  /** Whether a row can be looked back at from the next one to be tried, which may be yet to come. */
  #isNear(timeUs: bigint, nextUs: bigint | null): boolean {
    return nextUs === null ? !this.#isOver(timeUs) : nextUs - timeUs <= this.spec.withinUs
  }

  /** A row waits by its time, then its key. */
  #addTime(row: Uint8Array, partitionLength: number, weight: number): void {
    const length = TIME_BYTES + partitionLength
    if (this.#due.length < length) this.#due = new Uint8Array(2 * length)
    for (let k = 0; k < TIME_BYTES; k++) this.#due[k] = row[partitionLength + k]!
    for (let k = 0; k < partitionLength; k++) this.#due[TIME_BYTES + k] = row[k]!
    this.#times.add(this.#due, length, weight)
  }

  /** The row that the next match may begin at. */
  #goesOn(taken: readonly Taken[]): number {
    const { afterMatch } = this.spec
    const first = taken[0]!.row
    switch (afterMatch.kind) {
      case "past-last":
        return taken.at(-1)!.row + 1
      case "next-row":
        return first + 1
      default: {
        const rows = taken.filter(({ step }) => step === afterMatch.step)
        const found = afterMatch.kind === "to-first" ? rows[0] : rows.at(-1)
        return Math.max(first + 1, found?.row ?? 0)
      }
    }
  }

  #put(rows: KeyRows, taken: readonly Taken[], timedOut: boolean): void {
    const values = this.#matcher.begin(rows)
    for (const { row, step } of taken) values.push(row, step)
    const overflowed = () => void this.#losses.overflowedResults++
    const changes = this.#changes
    if (changes.length === changes.capacity) changes.grow()
    const at = changes.length++
    changes.weights[at] = 1
    this.spec.outputs.forEach((output, k) => {
      setScalar(changes.columns[k]!, at, values.value(output, timedOut, overflowed))
    })
  }

  /** Rows before the first that is still to be tried go; the last of them stays while it is looked at. */
  #keep(
    entries: readonly Entry[],
    {
      entryOf,
      tried,
      partition,
    }: {
      readonly entryOf: readonly number[]
      readonly tried: readonly number[]
      readonly partition: Uint8Array
    },
  ): void {
    const done = entries.map(() => 0)
    for (const [row, entry] of entryOf.entries()) done[entry]! += tried[row]!
    const isDone = (entry: Entry, k: number) => done[k] === entry.copies
    const firstOpen = entries.findIndex((entry, k) => !isDone(entry, k))
    const gone = firstOpen < 0 ? entries.length : firstOpen
    const timeUs = (k: number) => timeOf(entries[k]!.bytes, partition.length)
    entries.forEach((entry, k) => {
      const { bytes, copies, tried: before } = entry
      const isBefore =
        this.#looksBack && k === gone - 1 && this.#isNear(timeUs(k), firstOpen < 0 ? null : timeUs(gone))
      if (k < gone && !isBefore) {
        this.#rows.add(bytes, bytes.length, -(copies + before * TRIED))
        this.#addTime(bytes, partition.length, -copies)
      } else if (done[k] !== before) this.#rows.add(bytes, bytes.length, (done[k]! - before) * TRIED)
    })
  }
}

/** As the rows' codec writes timestamps. */
function timeBytes(timeUs: bigint): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES)
  new DataView(bytes.buffer).setBigInt64(0, timeUs ^ SIGN)
  return bytes
}

function timeOf(row: Uint8Array, partitionLength: number): bigint {
  return new DataView(row.buffer, row.byteOffset + partitionLength).getBigInt64(0) ^ SIGN
}

const SIGN = -(2n ** 63n)
