/**
 * A view as of one epoch, read while later epochs run. It shares the view's pages; rows are compared where
 * they lie and read out only when they are in the answer.
 */
import type { Batch } from "../../columns/batch.ts"
import type { Scalar } from "../../columns/types.ts"
import { allocateVector } from "../../columns/vector.ts"
import { assert } from "../../std/assert.ts"
import type { EmitRow } from "../code/emit-code.ts"
import type { FindKey, ViewLayout } from "../code/view-code.ts"
import type { RowQuery, ViewSnapshot, ViewSpec } from "../dataflow.ts"
import { RowBuilder } from "../operators/row-builder.ts"
import type { PageStore } from "../state/page-store.ts"
import type { TableSnapshot } from "../state/table-snapshot.ts"
import { keyBatch } from "./key-batch.ts"
import type { RowOrder, RowPlace, RowTest } from "./slot-order.ts"
import { orderBy, testField } from "./slot-order.ts"
import { smallest } from "./smallest.ts"

export interface SnapshotSource {
  readonly store: PageStore
  readonly spec: ViewSpec
  readonly plan: ViewLayout
  readonly emit: EmitRow
  readonly find: FindKey
}

const NO_WINDOW = { start: 0n, end: 0n }

export class TableViewSnapshot implements ViewSnapshot {
  readonly epoch: number
  readonly rowCount: number
  readonly #source: SnapshotSource
  readonly #table: TableSnapshot
  /**
   * Every row that the query last paged through wants, in its order: the pages after the first are cut from
   * it.
   */
  #ordered: { readonly query: string; readonly places: readonly RowPlace[] } | null = null

  constructor(source: SnapshotSource, table: TableSnapshot, at: { epoch: number; rowCount: number }) {
    this.#source = source
    this.#table = table
    this.epoch = at.epoch
    this.rowCount = at.rowCount
  }

  select(query: RowQuery): Batch {
    assert(query.offset >= 0 && query.limit >= 0, "offset and limit are not negative")
    const { store, plan, spec } = this.#source
    const tests = query.where.map(({ column, comparison, value }) =>
      testField(store, plan.fields[column]!, comparison, value),
    )
    const last = query.offset + query.limit
    const places =
      query.offset === 0
        ? smallest(this.#matching(query, tests), last, this.#order(query))
        : this.#allInOrder(query, tests)
    const rows = new RowBuilder(spec.columns.map((column) => column.type))
    let passed = 0
    for (const place of places) {
      const times = plan.keyed ? 1 : store.f64[place.address + plan.presentAt]!
      for (let time = 0; time < times && passed < last; time++, passed++) {
        if (passed < query.offset) continue
        this.#source.emit(rows, place.page, place.address, NO_WINDOW)
        rows.length++
      }
      if (passed >= last) break
    }
    return rows.take(false) ?? this.#noRows()
  }

  [Symbol.dispose](): void {
    this.#table[Symbol.dispose]()
  }

  #allInOrder(query: RowQuery, tests: readonly RowTest[]): readonly RowPlace[] {
    const name = JSON.stringify([query.where, query.sort], (_, value: unknown) =>
      typeof value === "bigint" ? `${value}n` : value,
    )
    if (this.#ordered?.query !== name) {
      const places = [...this.#matching(query, tests)].sort(this.#order(query))
      this.#ordered = { query: name, places }
    }
    return this.#ordered.places
  }

  /** By key where the query names all of it, else every row. */
  *#matching(query: RowQuery, tests: readonly RowTest[]): Generator<RowPlace> {
    const found = this.#byKey(query)
    const places = found === undefined ? this.#allPlaces() : found === null ? [] : [found]
    for (const place of places) if (tests.every((test) => test(place))) yield place
  }

  /** Undefined when the query does not fix the key; null when no row has it. */
  #byKey(query: RowQuery): RowPlace | null | undefined {
    const { plan, spec, find } = this.#source
    if (!plan.keyed) return undefined
    const key: Scalar[] = []
    for (const k of plan.key) {
      const equal = query.where.find((term) => term.column === k && term.comparison === "eq")
      if (equal === undefined) return undefined
      key.push(equal.value)
    }
    const batch = keyBatch(
      plan.key.map((k) => spec.columns[k]!),
      key,
    )
    if (batch === null) return null
    const place = { page: 0, address: 0 }
    place.address = find(batch, this.#table, place)
    return place.address === 0 ? null : place
  }

  *#allPlaces(): Generator<RowPlace> {
    for (const page of this.#table.pages) {
      for (const address of this.#table.slotsOf(page)) yield { page, address }
    }
  }

  /** The query's order, then the key, so that it is total. */
  #order(query: RowQuery): RowOrder {
    const { store, plan } = this.#source
    const named = new Set(query.sort.map((term) => term.column))
    const orders = query.sort.map(({ column, descending }) =>
      orderBy(store, plan.fields[column]!, descending),
    )
    for (const column of plan.key)
      if (!named.has(column)) orders.push(orderBy(store, plan.fields[column]!, false))
    return (a, b) => {
      for (const order of orders) {
        const difference = order(a, b)
        if (difference !== 0) return difference
      }
      return 0
    }
  }

  #noRows(): Batch {
    return { length: 0, vectors: this.#source.spec.columns.map((column) => allocateVector(column.type, 0)) }
  }
}
