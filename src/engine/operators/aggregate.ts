/**
 * GROUP BY: groups in key tables, one set of tables per window, changed by generated loops and flushed once
 * per epoch. The first change of a group in an epoch puts its old row out with weight -1; the flush puts the
 * new one out with +1 and drops pairs that are equal, so that downstream sees at most one replacement per
 * group.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { assert } from "../../std/assert.ts"
import { captureAggregate } from "../checkpoint/capture.ts"
import { restoreAggregate } from "../checkpoint/restore.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import { planAccumulators } from "../code/accumulators.ts"
import type { OverflowCount } from "../code/aggregate-output.ts"
import type { EmitRow, OutputColumn } from "../code/emit-code.ts"
import { compileEmit } from "../code/emit-code.ts"
import type { GroupPlan } from "../code/group-terminal.ts"
import { finished, HASH_SEED } from "../code/hashing.ts"
import type { AggregateSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import { copyGroups } from "../resharding/groups.ts"
import { KeyTable } from "../state/key-table.ts"
import { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { SlotLayout } from "../state/slot-layout.ts"
import type { StateSize } from "../state/state-size.ts"
import { bytesOfTables } from "../state/state-size.ts"
import type { WindowState } from "../time/group-windows.ts"
import { GroupWindows } from "../time/group-windows.ts"
import { RowBuilder } from "./row-builder.ts"
import {
  type CapturedState,
  HELD_BATCH,
  type HoldingOperator,
  type StatefulOperator,
} from "./stateful-operator.ts"
import { TouchedSlots } from "./touched-slots.ts"

/** Of no keys, as generated lookups compute it. */
const GLOBAL_HASH = finished(HASH_SEED)

export interface AggregateOptions {
  readonly store: PageStore
  readonly losses: OverflowCount
  readonly share: Share
  readonly retractingInput: boolean
  readonly appendOnlyOutput: boolean
}

export class AggregateOperator implements HoldingOperator {
  readonly spec: AggregateSpec
  readonly plan: GroupPlan
  readonly assigner: GroupWindows
  /** The one table of groups that belong to no window. */
  readonly whole: WindowState | null
  readonly touched: TouchedSlots
  /** Numbers groups for distinct tables and multisets. */
  nextGroup: number
  /** Groups of the window that went last: the next one begins with room for half of them. */
  expectedGroups = 0
  readonly #options: AggregateOptions
  readonly #changes: RowBuilder
  readonly #emit: EmitRow
  #touchedWindows: WindowState[] = []
  /** The one row of a group without keys went out. */
  #globalShown = false

  constructor(spec: AggregateSpec, options: AggregateOptions) {
    this.spec = spec
    this.#options = options
    this.plan = planGroups(spec, options)
    this.nextGroup = options.share.numberFrom(1)
    this.touched = new TouchedSlots(options.store)
    this.#changes = new RowBuilder(spec.columns.map((column) => column.type))
    this.#emit = compileEmit(options.store, outputColumns(this.plan), options.losses)
    this.assigner = new GroupWindows({
      window: spec.window,
      named: spec.windowShape ?? null,
      sizeUs: spec.windowSizeUs,
      allowedLatenessUs: spec.allowedLatenessUs,
      create: (start, end) => this.createWindow(start, end),
    })
    this.whole = spec.windowKeys === null ? this.createWindow(0n, 0n) : null
  }

  /** One row whether or not there is any input. */
  get isGlobal(): boolean {
    return this.spec.keys.length === 0 && this.spec.windowKeys === null
  }

  judgeBy(watermarkUs: bigint): void {
    this.assigner.judgeBy(this.#delayed(watermarkUs))
  }

  heapBytes(): number {
    return 0
  }

  size(): StateSize {
    // Where groups outlive the windows that rows are assigned to, both are there.
    const windows = [...(this.whole === null ? [] : [this.whole]), ...this.assigner.inOrder()]
    const tables = windows.flatMap(tablesIn)
    const rows = windows.reduce((sum, { table }) => sum + table.count, 0)
    return { rows, bytes: bytesOfTables(tables) }
  }

  capture(losses: Losses): CapturedState {
    return captureAggregate(this, losses)
  }

  restore(saved: SavedState, losses: Losses): void {
    restoreAggregate(this, saved, losses)
  }

  takeKeys(other: StatefulOperator): void {
    assert(other instanceof AggregateOperator, "an aggregate takes over from one")
    const { share } = this.plan
    const { store } = other.#options
    for (const from of other.windows()) {
      const to = this.whole ?? this.assigner.ending(from.end)
      assert(to !== null, "no window is gone before the first epoch")
      to.closed = from.closed
      to.emitting = from.emitting
      copyGroups(this.plan, { from, to, wants: (address) => share.has(store.i32[address * 2]!) })
    }
    this.resume({
      nextGroup: Math.max(this.nextGroup, share.numberFrom(other.nextGroup)),
      expectedGroups: Math.max(this.expectedGroups, other.expectedGroups),
    })
  }

  createWindow(start: bigint, end: bigint): WindowState {
    const { store } = this.#options
    const { accumulators, layout } = this.plan
    const expected = Math.floor(this.expectedGroups / 2)
    return {
      start,
      end,
      table: new KeyTable(store, layout.shape, this.touched, expected).letPagesLeave(),
      distinct: accumulators.distinctTables.map((table) => {
        return new KeyTable(store, table.layout.shape, null).letPagesLeave()
      }),
      multisets: accumulators.multisets.map((items) => new OrderedMultiset(store, items)),
      closed: false,
      emitting: this.#emitsChanges,
    }
  }

  get #emitsChanges(): boolean {
    return this.spec.emit === "changes" || this.spec.windowKeys === null
  }

  /** For generated code. Null when the window is gone. */
  windowNamed(bound: bigint): WindowState | null {
    const { assigner } = this
    return this.spec.windowKeys?.end === null ? assigner.starting(bound) : assigner.ending(bound)
  }

  /** For generated code: the slot is about to change for the first time in this epoch. */
  touch(page: number, address: number, window: WindowState): void {
    const existed = this.isGlobal ? this.#globalShown : this.#exists(address)
    const place = this.touched.add(page, address, existed ? this.#changes.length : -1)
    this.#touchedWindows[place] = window
    if (existed) this.#put(page, address, window, -1)
  }

  /** Ends the epoch: puts out what changed, closes windows and drops those that are gone. */
  flush(watermark: bigint): ChangeBatch | null {
    const watermarkUs = this.#delayed(watermark)
    const hasGlobal = this.isGlobal && this.plan.share.has(GLOBAL_HASH)
    if (hasGlobal && !this.#globalShown) this.#ensureGlobalRow()
    this.#flushTouched()
    this.#globalShown = hasGlobal
    if (!this.#emitsChanges) this.#closeWindows(watermarkUs)
    for (const window of this.assigner.takeGone(watermarkUs)) {
      this.expectedGroups = window.table.count
      dropWindow(window)
    }
    return this.#changes.take(!this.#options.appendOnlyOutput)
  }

  /** After its windows were read back from a checkpoint. */
  resume(saved: { readonly nextGroup: number; readonly expectedGroups: number }): void {
    this.nextGroup = saved.nextGroup
    this.expectedGroups = saved.expectedGroups
    this.#globalShown = this.isGlobal && this.whole!.table.count > 0
  }

  putHeld(take: (held: ChangeBatch) => void): void {
    const { store } = this.#options
    const window = this.whole
    assert(window !== null, "groups that never close hold all that was put out")
    // What overflows did so when it was put out first.
    const emit = compileEmit(store, outputColumns(this.plan), { overflowedResults: 0 })
    const changes = this.#changes
    window.table.forEachSlot((address, page) => {
      emit(changes, page, address, window)
      changes.weights[changes.length++] = 1
      changes.giveTo(take, HELD_BATCH)
    })
    changes.giveTo(take)
  }

  /** Every window's state, the whole table included. */
  windows(): readonly WindowState[] {
    return this.whole === null ? this.assigner.inOrder() : [this.whole]
  }

  /** Rows may come so much behind the watermark. */
  #delayed(watermarkUs: bigint): bigint {
    return watermarkUs === NO_WATERMARK ? watermarkUs : watermarkUs - (this.spec.delayUs ?? 0n)
  }

  #flushTouched(): void {
    const { touched } = this
    const changes = this.#changes
    const { store } = this.#options
    for (let place = 0; place < touched.count; place++) {
      // Rows read values of their groups, whose pages come in for it.
      if (store.isCrowded) store.relieve()
      if (touched.pages[place]! < 0) touched.bring(this.#touchedWindows[place]!.table, [place])
      const address = touched.slots[place]!
      const page = touched.pages[place]!
      const window = this.#touchedWindows[place]!
      const old = touched.before[place]!
      if (!this.#exists(address)) {
        window.table.remove(page, address)
        continue
      }
      const row = changes.length
      this.#put(page, address, window, 1)
      if (old >= 0 && this.#sameAggregates(old, row)) changes.cancelLast(old)
    }
    touched.reset()
    this.#touchedWindows = []
  }

  #closeWindows(watermarkUs: bigint): void {
    for (const window of this.assigner.toClose(watermarkUs)) {
      window.table.forEachSlot((address, page) => {
        if (this.#exists(address)) this.#put(page, address, window, 1)
      })
      window.closed = true
      window.emitting = true
    }
  }

  #ensureGlobalRow(): void {
    const window = this.whole!
    if (window.table.count > 0) return
    const address = window.table.insert(GLOBAL_HASH, 0)
    const { groupAt } = this.plan.accumulators
    if (groupAt !== null) {
      this.#options.store.f64[address + groupAt] = this.nextGroup
      this.nextGroup += this.plan.share.count
    }
    const place = this.touched.add(window.table.page, address, -1)
    this.#touchedWindows[place] = window
  }

  #exists(address: number): boolean {
    const rows = this.#options.store.f64[address + this.plan.accumulators.rowsAt]!
    assert(rows >= 0, `${this.spec.id} takes back only rows that it was given`)
    return rows > 0 || this.isGlobal
  }

  #put(page: number, address: number, window: WindowState, weight: number): void {
    const changes = this.#changes
    this.#emit(changes, page, address, window)
    changes.weights[changes.length++] = weight
  }

  #sameAggregates(a: number, b: number): boolean {
    const { columns } = this.#changes
    for (let k = this.spec.keys.length; k < columns.length; k++) {
      if (!columns[k]!.equalRows(a, b)) return false
    }
    return true
  }
}

function tablesIn({ table, distinct, multisets }: WindowState): readonly (KeyTable | OrderedTable)[] {
  return [table, ...distinct, ...multisets.map((multiset) => multiset.table)]
}

function dropWindow(window: WindowState): void {
  for (const table of tablesIn(window)) table.drop()
}

function planGroups(
  spec: AggregateSpec,
  { retractingInput: retracting, share }: AggregateOptions,
): GroupPlan {
  const isWindow = (k: number) =>
    spec.windowKeys !== null && (spec.windowKeys.start === k || spec.windowKeys.end === k)
  const layout = new SlotLayout(spec.keys.filter((key, k) => key.nullable && !isWindow(k)).length)
  const keyFields = spec.keys.map((key, k) => (isWindow(k) ? null : layout.addField(key.type, key.nullable)))
  const accumulators = planAccumulators(spec.aggregates, layout, { retracting })
  return { spec, layout, keyFields, accumulators, share }
}

function outputColumns(plan: GroupPlan): OutputColumn[] {
  const { rowsAt, groupAt, outputs } = plan.accumulators
  return [
    ...plan.keyFields.map((field, k): OutputColumn => {
      if (field !== null) return { kind: "field", field }
      return { kind: "window", bound: plan.spec.windowKeys?.start === k ? "start" : "end" }
    }),
    ...outputs.map((state): OutputColumn => ({ kind: "aggregate", state, rowsAt, groupAt })),
  ]
}
