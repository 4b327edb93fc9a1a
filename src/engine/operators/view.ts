/**
 * A view's rows. Changes come in any order within an epoch; at its end they are netted per key against the
 * rows as the epoch found them. Every retraction must hit a row that is there: anything else is a bug
 * upstream.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { concatChanges } from "../../columns/concat.ts"
import { readRow } from "../../columns/scalar.ts"
import type { Scalar } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { EmitRow } from "../code/emit-code.ts"
import { compileEmit } from "../code/emit-code.ts"
import type { ApplyChanges, ViewLayout, ViewTarget } from "../code/view-code.ts"
import { compileApply, planViewLayout } from "../code/view-code.ts"
import type { ViewSpec } from "../dataflow.ts"
import { keepsRows } from "../graph/held-rows.ts"
import { KeyTable } from "../state/key-table.ts"
import type { PageStore } from "../state/page-store.ts"
import type { StateSize } from "../state/state-size.ts"
import { bytesOfTables } from "../state/state-size.ts"
import { RowBuilder } from "./row-builder.ts"
import { HELD_BATCH } from "./stateful-operator.ts"
import { TouchedSlots } from "./touched-slots.ts"

interface DeferredChange {
  readonly batch: ChangeBatch
  readonly row: number
  readonly weight: number
}

const NO_WINDOW = { start: 0n, end: 0n }

export class ViewOperator implements ViewTarget {
  readonly spec: ViewSpec
  readonly plan: ViewLayout
  readonly table: KeyTable
  readonly touched: TouchedSlots
  readonly emit: EmitRow
  /** Rows, each as often as it is there. */
  rowCount = 0
  readonly #store: PageStore
  readonly #appendOnly: boolean
  readonly #changes: RowBuilder
  readonly #apply: ApplyChanges
  readonly #keepsRows: boolean
  #deferred: DeferredChange[] = []
  #passing: ChangeBatch[] = []

  constructor(spec: ViewSpec, store: PageStore, options: { readonly appendOnly: boolean }) {
    this.spec = spec
    this.#store = store
    this.#appendOnly = options.appendOnly
    this.#keepsRows = keepsRows(spec)
    this.plan = planViewLayout(spec.columns, spec.key)
    this.touched = new TouchedSlots(store)
    this.table = new KeyTable(store, this.plan.layout.shape, this.touched).letPagesLeave()
    this.#changes = new RowBuilder(spec.columns.map((column) => column.type))
    this.#apply = compileApply(store, spec.columns, this.plan, this)
    const fields = this.plan.fields.map((field) => ({ kind: "field" as const, field }))
    this.emit = compileEmit(store, fields, { overflowedResults: 0 })
  }

  size(): StateSize {
    return { rows: this.rowCount, bytes: bytesOfTables([this.table]) }
  }

  apply(batch: ChangeBatch): void {
    if (!this.#keepsRows) this.#passing.push(batch)
    else this.#applyRows(batch, 0, batch.length, 0)
  }

  #applyRows(batch: ChangeBatch, first: number, last: number, weight: number): void {
    for (let row = first; row < last; ) {
      this.#store.relieve()
      row = this.#apply(batch, row, last, weight)
    }
  }

  /** For generated code: first change of this row in the epoch. */
  touch(page: number, address: number): void {
    const present = this.#store.f64[address + this.plan.presentAt]!
    if (!this.plan.keyed) {
      this.touched.add(page, address, present)
    } else if (present === 1) {
      this.touched.add(page, address, this.#changes.length)
      this.#put(page, address, -1)
    } else {
      this.touched.add(page, address, -1)
    }
  }

  /** For generated code: the change does not fit the row as it is now. */
  defer(batch: ChangeBatch, row: number, weight: number): void {
    this.#deferred.push({ batch, row, weight })
  }

  /** Ends the epoch: what changed, netted, or null. */
  flush(): ChangeBatch | null {
    if (!this.#keepsRows) return this.#pass()
    if (this.#deferred.length > 0) this.#settle()
    if (this.plan.keyed) this.#flushKeyed()
    else this.#flushBag()
    this.touched.reset()
    return this.#changes.take(!this.#appendOnly)
  }

  #pass(): ChangeBatch | null {
    const passing = this.#passing
    this.#passing = []
    return passing.length === 0 ? null : concatChanges(passing)
  }

  /** Deferred changes cancel out where they are equal; the rest takes rows away first, then adds. */
  #settle(): void {
    const net = new Map<string, { change: DeferredChange; weight: number }>()
    for (const change of this.#deferred) {
      const text = rowText(readRow(change.batch, change.row))
      const known = net.get(text) ?? { change, weight: 0 }
      known.weight += change.weight
      net.set(text, known)
    }
    this.#deferred = []
    const left = [...net.values()].filter(({ weight }) => weight !== 0).sort((a, b) => a.weight - b.weight)
    for (const { change, weight } of left) {
      this.#applyRows(change.batch, change.row, change.row + 1, weight)
      assert(
        this.#deferred.length === 0,
        `view ${this.spec.name} has one row per key and takes back only rows that it has` +
          ` (weight ${weight}: ${rowText(readRow(change.batch, change.row))})`,
      )
    }
  }

  #flushKeyed(): void {
    const { touched } = this
    const changes = this.#changes
    for (let place = 0; place < touched.count; place++) {
      if (touched.pages[place]! < 0) touched.bring(this.table, [place])
      const [page, address, old] = [touched.pages[place]!, touched.slots[place]!, touched.before[place]!]
      if (this.#store.f64[address + this.plan.presentAt] === 0) {
        this.table.remove(page, address)
        continue
      }
      const row = changes.length
      this.#put(page, address, 1)
      if (old >= 0 && this.#sameRow(old, row)) changes.cancelLast(old)
    }
    this.rowCount = this.table.count
  }

  #flushBag(): void {
    const { touched } = this
    for (let place = 0; place < touched.count; place++) {
      if (touched.pages[place]! < 0) touched.bring(this.table, [place])
      const [page, address] = [touched.pages[place]!, touched.slots[place]!]
      const present = this.#store.f64[address + this.plan.presentAt]!
      const net = present - touched.before[place]!
      assert(present >= 0, `view ${this.spec.name} takes back only rows that it has`)
      if (net !== 0) this.#putTimes(page, address, net)
      this.rowCount += net
      if (present === 0) this.table.remove(page, address)
    }
  }

  /** Hands all rows to `take`, in batches, between epochs. Pages may leave meanwhile. */
  putHeld(take: (held: ChangeBatch) => void): void {
    const weighted = !this.#appendOnly
    const batch = { ...HELD_BATCH, weighted }
    this.table.forEachSlot((address, page) => {
      this.#putTimes(page, address, this.#store.f64[address + this.plan.presentAt]!)
      this.#changes.giveTo(take, batch)
    })
    this.#changes.giveTo(take, { weighted })
  }

  #putTimes(page: number, address: number, times: number): void {
    if (this.#appendOnly) for (let time = 0; time < times; time++) this.#put(page, address, 1)
    else this.#put(page, address, times)
  }

  #put(page: number, address: number, weight: number): void {
    const changes = this.#changes
    this.emit(changes, page, address, NO_WINDOW)
    changes.weights[changes.length++] = weight
  }

  #sameRow(a: number, b: number): boolean {
    return this.#changes.columns.every((column) => column.equalRows(a, b))
  }
}

/** A text that is equal for equal rows. */
function rowText(row: readonly Scalar[]): string {
  return JSON.stringify(row, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`
    if (typeof value === "number") return Number.isFinite(value) ? value + 0 : String(value)
    return value instanceof Uint8Array ? Array.from(value) : value
  })
}
