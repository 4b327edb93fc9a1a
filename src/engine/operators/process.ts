/**
 * A user's function over the rows of each key. Rows are handed over as they come, each behind the timers of
 * its key that are before it and that the epoch's watermark passes; then, by the watermark and the clock at
 * the epoch's end, the other timers that are due. A call takes effect as a whole or not at all: one that
 * throws changes nothing, and is told of in the last side output.
 *
 *   rows -> onRow ─┬─> states, timers          checkpointed: states and timers as ordered tables,
 *   timers -> on…  └─> outputs, failures       and the few numbers of ProcessMeta
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Scalar } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import type { ProcessTimer } from "../../ports/process-function.ts"
import { assert } from "../../std/assert.ts"
import { captureOrdered, restoreOrdered } from "../checkpoint/ordered-state.ts"
import { jsonPart, readJson } from "../checkpoint/part-format.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import { mixBytes } from "../code/hashing.ts"
import type { ProcessSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import type { CallStart } from "../process/call.ts"
import { millisecondsOf, ProcessCall } from "../process/call.ts"
import { DueTimers } from "../process/due-timers.ts"
import { failureRow, refusePromise } from "../process/failures.ts"
import { type KeyState, KeyStates } from "../process/key-states.ts"
import type { DueTimer } from "../process/timers.ts"
import { Timers } from "../process/timers.ts"
import { copyEntries } from "../resharding/entries.ts"
import { OrderedRowCodec } from "../state/ordered-row.ts"
import type { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { bytesOfTables, type StateSize } from "../state/state-size.ts"
import { LateBound } from "../time/late-bound.ts"
import { RowBuilder, setScalar } from "./row-builder.ts"
import type { CapturedState, RowOperator, RowRulings, StatefulOperator } from "./stateful-operator.ts"

/** Timers of one epoch: seconds of work. The rest fires in the next epoch, which then comes at once. */
const MAX_FIRINGS = 1_000_000
/** Reasons are kept for so many failed calls of a process; later ones are counted, and rows get verdicts. */
const MAX_FAILURES = 10_000
/** Before the first epoch. */
const NO_CLOCK = -1

interface ProcessMeta {
  readonly calls: number
  readonly failures: number
  readonly clockMs: number
  readonly highestUs: string
  readonly isBehind: boolean
}

type TimerKind = "event timer" | "processing timer"

/** What a handler is called for: a row of the batch at hand, or a timer. */
type Handing = CallStart &
  (
    | { readonly kind: "row"; readonly row: number }
    | { readonly kind: TimerKind; readonly timer: ProcessTimer }
  )

export class ProcessOperator implements RowOperator {
  readonly spec: ProcessSpec
  readonly #losses: Losses
  readonly #isElsewhere: boolean
  readonly #states: KeyStates
  readonly #eventTimers: Timers
  readonly #clockTimers: Timers
  readonly #due: DueTimers
  readonly #codec: OrderedRowCodec
  /** Where a key's bytes are decoded to. */
  readonly #keyRow: RowBuilder
  readonly #call: ProcessCall
  readonly #late = new LateBound()
  /** Main output, sides, failures. */
  readonly #outputs: readonly RowBuilder[]
  #sideChanges: readonly (ChangeBatch | null)[] = []
  /** From before the epoch, and at its end. */
  #watermarkUs = NO_WATERMARK
  #nextWatermarkUs = NO_WATERMARK
  #clockMs = NO_CLOCK
  /** The same in microseconds. */
  #clockUs = NO_WATERMARK
  /** Of the rows that are being handed over. */
  #vectors: readonly Vector[] = []
  #highestUs = NO_WATERMARK
  #failures = 0
  /** Timers are due that an epoch has left to the next one. */
  #isBehind = false

  constructor(
    spec: ProcessSpec,
    { store, losses, share }: { readonly store: PageStore; readonly losses: Losses; readonly share: Share },
  ) {
    const { inputColumns, partition, time, sides, columns, function: process } = spec
    assert(
      inputColumns[time]?.type.kind === "timestamp" && !inputColumns[time].nullable,
      "rows of a process have a time",
    )
    assert(
      sides.length === process.outputNames.length && columns.at(-1)?.type.kind === "timestamp",
      "a process has its declared outputs, each with the call's time, then the failures",
    )
    this.spec = spec
    this.#losses = losses
    this.#isElsewhere = share.isEmpty
    this.#states = new KeyStates(store, spec.timeToLiveUs)
    this.#eventTimers = new Timers(store)
    this.#clockTimers = new Timers(store)
    this.#due = new DueTimers(this.#eventTimers, this.#states)
    const keyColumns = partition.map((column) => inputColumns[column]!)
    this.#codec = new OrderedRowCodec(keyColumns, [...keyColumns.keys()], [], 0)
    this.#keyRow = new RowBuilder(keyColumns.map(({ type }) => type))
    this.#outputs = [columns, ...sides].map((list) => new RowBuilder(list.map(({ type }) => type)))
    const name = new TextEncoder().encode(spec.id)
    this.#call = new ProcessCall(process, {
      keyOf: (state) => this.#keyOf(state),
      salt: mixBytes(0, name, 0, name.length),
    })
  }

  lateness(): { readonly column: number; readonly bound: LateBound } | null {
    return this.spec.latenessUs === null ? null : { column: this.spec.time, bound: this.#late }
  }

  judgeBy(watermarkUs: bigint): void {
    const { completeUs, latenessUs } = this.spec
    this.#watermarkUs = watermarkUs
    if (latenessUs !== null) this.#late.set(watermarkUs, completeUs + latenessUs)
  }

  beginEpoch(watermarkUs: bigint, clockMs: number | null): void {
    assert(clockMs !== null, "an epoch with a process has a clock reading")
    // The system's clock can be set back; that of the process never falls.
    if (clockMs > this.#clockMs) this.#clockMs = clockMs
    this.#clockUs = BigInt(this.#clockMs) * 1_000n
    this.#nextWatermarkUs = watermarkUs
    this.#call.moveTo(this.#watermarkUs, this.#clockMs)
    if (this.spec.function.onEventTimer !== null) this.#due.begin(this.#completeUs(watermarkUs))
  }

  apply(_port: number, changes: ChangeBatch, rulings: RowRulings | null): void {
    const { vectors, weights, length } = changes
    const { partition, time } = this.spec
    const codec = this.#codec
    this.#vectors = vectors
    codec.begin({ vectors: partition.map((column) => vectors[column]!) })
    const times = vectors[time]!.values as BigInt64Array
    const completeUs = this.#completeUs(this.#watermarkUs)
    for (let row = 0; row < length; row++) {
      assert(weights === null || weights[row]! > 0, `${this.spec.id} takes no row back`)
      codec.encodeHead(row)
      const timeUs = times[row]!
      const state = this.#states.find(codec.bytes, codec.partitionLength)
      if (state.due !== null) this.#fireBefore(timeUs, state)
      if (timeUs > this.#highestUs) this.#highestUs = timeUs
      const start: Handing = { kind: "row", state, timeUs, isLate: timeUs <= completeUs, floorsUs: null, row }
      const copies = weights === null ? 1 : weights[row]!
      for (let copy = 0; copy < copies; copy++) {
        if (this.#run(start)) continue
        if (rulings === null) this.#losses.failedChanges++
        else rulings.fail(row)
      }
    }
    this.#vectors = []
  }

  flush(watermarkUs: bigint): ChangeBatch | null {
    this.#due.end()
    this.#call.moveTo(watermarkUs, this.#clockMs)
    this.#fire(watermarkUs)
    this.#states.flush(watermarkUs)
    const [main, ...sides] = this.#outputs.map((output) => output.take(false))
    this.#sideChanges = sides
    return main ?? null
  }

  sideChanges(): readonly (ChangeBatch | null)[] {
    return this.#sideChanges
  }

  wakeAtMs(): number | null {
    if (this.#isBehind) return 0
    const nextUs = this.spec.function.onProcessingTimer === null ? null : this.#clockTimers.nextUs()
    return nextUs === null ? null : Math.ceil(millisecondsOf(nextUs))
  }

  heapBytes(): number {
    return 0
  }

  size(): StateSize {
    const tables = this.#tables().map(([, table]) => table)
    return { rows: this.#states.states.count, bytes: bytesOfTables(tables) }
  }

  capture(losses: Losses): CapturedState {
    this.#states.write()
    const meta = this.#meta()
    const { id } = this.spec
    const tables = this.#tables().map(([name, table]) => {
      return captureOrdered({ spec: { id: `${id}/${name}` }, table, closedUntilUs: NO_WATERMARK }, losses)
    })
    return {
      *parts() {
        yield jsonPart(`${id}/process`, meta)
        for (const table of tables) yield* table.parts()
      },
      *groups() {
        for (const table of tables) yield* table.groups()
      },
      [Symbol.dispose]: () => {
        for (const table of tables) table[Symbol.dispose]()
      },
    }
  }

  restore(saved: SavedState, losses: Losses): void {
    const { id } = this.spec
    this.#resume(readJson<ProcessMeta>(saved, `${id}/process`))
    for (const [name, table] of this.#tables()) {
      const restored = { spec: { id: `${id}/${name}` }, table, closedUntilUs: NO_WATERMARK }
      restoreOrdered(restored, saved, losses)
    }
  }

  /** One part of an engine has a process whole, and is the only one to have it. */
  takeKeys(other: StatefulOperator): void {
    assert(other instanceof ProcessOperator, "a process takes over from one")
    if (this.#isElsewhere || other.#isElsewhere) return
    this.#resume(other.#meta())
    const tables = other.#tables()
    for (const [k, [, table]] of this.#tables().entries()) copyEntries(tables[k]![1], table)
  }

  #resume(meta: ProcessMeta): void {
    this.#call.restore(meta.calls)
    this.#failures = meta.failures
    this.#clockMs = meta.clockMs
    this.#highestUs = BigInt(meta.highestUs)
    this.#isBehind = meta.isBehind
  }

  #meta(): ProcessMeta {
    return {
      calls: this.#call.calls,
      failures: this.#failures,
      clockMs: this.#clockMs,
      highestUs: String(this.#highestUs),
      isBehind: this.#isBehind,
    }
  }

  #tables(): readonly (readonly [name: string, table: OrderedTable])[] {
    return [
      ["states", this.#states.states],
      ["ages", this.#states.ages],
      ["event-timers", this.#eventTimers.table],
      ["processing-timers", this.#clockTimers.table],
    ]
  }

  /** Event-time timers that the watermark has passed, then processing-time timers that the clock has. These
   *  may have set others of event time, which are due by then. */
  #fire(watermarkUs: bigint): void {
    const { function: process } = this.spec
    const untilUs = this.#completeUs(watermarkUs)
    let left = MAX_FIRINGS
    for (let before = -1; left > 0 && before !== left; ) {
      before = left
      if (watermarkUs !== NO_WATERMARK && process.onEventTimer !== null)
        left = this.#fireAll(this.#eventTimers, { untilUs, left, kind: "event timer" })
      if (process.onProcessingTimer !== null)
        left = this.#fireAll(this.#clockTimers, { untilUs: this.#clockUs, left, kind: "processing timer" })
    }
    this.#isBehind = left === 0
  }

  /** The key's timers of event time that are before its next row, of those that fire in this epoch. */
  #fireBefore(timeUs: bigint, state: KeyState): void {
    let first = this.#due.takeBefore(timeUs, state)
    if (first === null) return
    this.#call.moveTo(this.#nextWatermarkUs, this.#clockMs)
    for (; first !== null; first = this.#due.takeBefore(timeUs, state)) {
      this.#fireTimer({ timeUs: first, key: state.key }, state, "event timer")
    }
    this.#call.moveTo(this.#watermarkUs, this.#clockMs)
  }

  #fireAll(
    timers: Timers,
    { untilUs, left, kind }: { readonly untilUs: bigint; readonly left: number; readonly kind: TimerKind },
  ): number {
    let rest = left
    for (; rest > 0; rest--) {
      const due = timers.takeDue(untilUs)
      if (due === null) break
      this.#fireTimer(due, this.#states.find(due.key, due.key.length), kind)
    }
    return rest
  }

  #fireTimer(due: DueTimer, state: KeyState, kind: TimerKind): void {
    const isEvent = kind === "event timer"
    const start: Handing = {
      kind,
      state,
      timeUs: this.#timeOf(due, isEvent),
      isLate: false,
      floorsUs: { event: isEvent ? due.timeUs : null, processing: this.#clockUs },
      timer: { time: millisecondsOf(due.timeUs) },
    }
    if (!this.#run(start)) this.#losses.failedChanges++
  }

  /** What a timer puts out is not behind the watermark from before the epoch, by which it is judged late. */
  #timeOf({ timeUs }: DueTimer, isEvent: boolean): bigint {
    const openUs =
      this.#watermarkUs === NO_WATERMARK ? NO_WATERMARK : this.#completeUs(this.#watermarkUs) + 1n
    const ownUs = isEvent ? timeUs : this.#highestUs
    return ownUs > openUs ? ownUs : openUs
  }

  /** Rows up to this time are all there. */
  #completeUs(watermarkUs: bigint): bigint {
    return watermarkUs === NO_WATERMARK ? NO_WATERMARK : watermarkUs - this.spec.completeUs
  }

  /** False when the call failed. */
  #run(start: Handing): boolean {
    const call = this.#call
    call.begin(start)
    let text: string | null
    try {
      refusePromise(this.#handOver(start))
      text = call.finish()
    } catch (error) {
      call.end()
      this.#tellFailure(start, error)
      return false
    }
    call.end()
    this.#take(start, text)
    return true
  }

  #handOver(start: Handing): unknown {
    const { function: process } = this.spec
    switch (start.kind) {
      case "row":
        return process.onRow(this.#call, process.readRow(this.#vectors, start.row))
      case "event timer":
        return process.onEventTimer?.(this.#call, start.timer)
      case "processing timer":
        return process.onProcessingTimer?.(this.#call, start.timer)
    }
  }

  /** What the call asked for takes effect. */
  #take({ state, timeUs }: CallStart, text: string | null): void {
    this.#states.set(state, text)
    this.#states.keep(state, timeUs)
    for (const { output, row } of this.#call.puts) this.#put(output, row, timeUs)
    for (const { clock, isSet, timeUs: at } of this.#call.timers) {
      if (clock === "event") {
        if (isSet) this.#due.set(at, state)
        else this.#due.delete(at, state)
      } else if (isSet) this.#clockTimers.set(at, state.key)
      else this.#clockTimers.delete(at, state.key)
    }
  }

  #put(output: number, row: readonly Scalar[], timeUs: bigint): void {
    const builder = this.#outputs[output]!
    if (builder.length === builder.capacity) builder.grow()
    const at = builder.length++
    builder.weights[at] = 1
    for (let k = 0; k < row.length; k++) setScalar(builder.columns[k]!, at, row[k]!)
    setScalar(builder.columns[row.length]!, at, timeUs)
  }

  #tellFailure({ kind, state, timeUs }: Handing, error: unknown): void {
    this.#failures++
    if (this.#failures > MAX_FAILURES) return
    this.#put(this.#outputs.length - 1, failureRow(kind, this.#keyOf(state), error), timeUs)
  }

  #keyOf(state: KeyState): unknown {
    if (state.value !== undefined) return state.value
    const { columns } = this.#keyRow
    for (const column of columns) column.used = 0
    this.#codec.decode(state.key, 0, columns, 0)
    const vectors: readonly Vector[] = columns.map((column) => column.take(1))
    const value = this.spec.function.readKey(vectors, 0)
    // An object is the handler's to change.
    if (value === null || typeof value !== "object") state.value = value
    return value
  }
}
