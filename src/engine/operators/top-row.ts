/**
 * The first row of each partition, over rows that only come: deduplication, the newest row of a key, the best
 * bid of an auction. One slot per partition; the first change of an epoch takes the old row down, the flush
 * puts the new one out.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { SavedState } from "../checkpoint/saved-state.ts"
import { captureTable, restoreTable } from "../checkpoint/table-state.ts"
import type { EmitRow } from "../code/emit-code.ts"
import { compileEmit } from "../code/emit-code.ts"
import type { KeepTopRows, TopRowTarget } from "../code/top-row-code.ts"
import { compileKeepTopRows } from "../code/top-row-code.ts"
import type { ViewLayout } from "../code/view-code.ts"
import { planViewLayout } from "../code/view-code.ts"
import type { RankSpec } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import { copySlots } from "../resharding/slots.ts"
import { KeyTable } from "../state/key-table.ts"
import type { PageStore } from "../state/page-store.ts"
import type { StateSize } from "../state/state-size.ts"
import { bytesOfTables } from "../state/state-size.ts"
import { RowBuilder } from "./row-builder.ts"
import {
  type CapturedState,
  HELD_BATCH,
  type HoldingOperator,
  type RowOperator,
  type StatefulOperator,
} from "./stateful-operator.ts"
import { TouchedSlots } from "./touched-slots.ts"

const NO_WINDOW = { start: 0n, end: 0n }

/** What the operator can do: anything else is RankOperator's. */
export function keepsTopRow(spec: RankSpec, appendOnlyInput: boolean): boolean {
  const isFirst = spec.function === "row_number" && spec.offset === 0n && spec.limit === 1n
  return isFirst && !spec.ranked && spec.expiry === null && appendOnlyInput
}

export class TopRowOperator implements RowOperator, HoldingOperator, TopRowTarget {
  readonly spec: RankSpec
  readonly share: Share
  readonly table: KeyTable
  readonly touched: TouchedSlots
  readonly #store: PageStore
  readonly #plan: ViewLayout
  readonly #changes: RowBuilder
  readonly #emit: EmitRow
  readonly #keep: KeepTopRows

  constructor(
    spec: RankSpec,
    inputColumns: readonly Column[],
    { store, share }: { readonly store: PageStore; readonly share: Share },
  ) {
    this.spec = spec
    this.#store = store
    this.share = share
    this.#plan = planViewLayout(inputColumns, spec.partition)
    this.touched = new TouchedSlots(store)
    this.table = new KeyTable(store, this.#plan.layout.shape, this.touched).letPagesLeave()
    this.#changes = new RowBuilder(inputColumns.map(({ type }) => type))
    const fields = this.#plan.fields.map((field) => ({ kind: "field" as const, field }))
    this.#emit = compileEmit(store, fields, { overflowedResults: 0 })
    // Rows equal in all terms are in the order of all their columns.
    const rest = inputColumns.map((_, column) => ({ column, descending: false, nullsFirst: false }))
    this.#keep = compileKeepTopRows(store, inputColumns, [...spec.order, ...rest], this.#plan, this)
  }

  lateness(): null {
    return null
  }

  judgeBy(): void {}

  apply(_port: number, changes: ChangeBatch): void {
    assert(changes.weights === null, `${this.spec.id} takes rows that only come`)
    for (let row = 0; row < changes.length; ) {
      this.#store.relieve()
      row = this.#keep(changes, row)
    }
  }

  /** For generated code: the slot's row is about to change for the first time in this epoch. */
  touch(page: number, address: number): void {
    const existed = this.#store.f64[address + this.#plan.presentAt] === 1
    this.touched.add(page, address, existed ? this.#changes.length : -1)
    if (existed) this.#put(page, address, -1)
  }

  flush(): ChangeBatch | null {
    const { touched } = this
    for (let place = 0; place < touched.count; place++) {
      if (touched.pages[place]! < 0) touched.bring(this.table, [place])
      this.#put(touched.pages[place]!, touched.slots[place]!, 1)
    }
    touched.reset()
    return this.#changes.take(true)
  }

  putHeld(take: (held: ChangeBatch) => void): void {
    this.table.forEachSlot((address, page) => {
      this.#put(page, address, 1)
      this.#changes.giveTo(take, HELD_BATCH)
    })
    this.#changes.giveTo(take)
  }

  heapBytes(): number {
    return 0
  }

  size(): StateSize {
    return { rows: this.table.count, bytes: bytesOfTables([this.table]) }
  }

  capture(losses: Losses): CapturedState {
    return captureTable(this, losses)
  }

  restore(saved: SavedState, losses: Losses): void {
    restoreTable(this, saved, losses)
  }

  takeKeys(other: StatefulOperator): void {
    assert(other instanceof TopRowOperator, "top rows take over from top rows")
    copySlots(other.table, this.table, (hash) => this.share.has(hash))
  }

  #put(page: number, address: number, weight: number): void {
    const changes = this.#changes
    this.#emit(changes, page, address, NO_WINDOW)
    changes.weights[changes.length++] = weight
  }
}
