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
import { KeptRows } from "./kept-rows.ts"
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
   * it, as long as the table's pages stay where they are.
   */
  #ordered: { readonly query: string; readonly moves: number; readonly places: readonly RowPlace[] } | null =
    null

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
    using kept = new KeptRows(store, plan.layout.shape)
    const places =
      query.offset === 0 || !this.#table.isInMemory
        ? this.#firstOf(query, tests, { last, kept })
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
    if (this.#ordered?.query !== name || this.#ordered.moves !== this.#table.moves) {
      const found = this.#byKey(query)
      const all = found === undefined ? this.#placesIn(this.#table.pages) : found
      const places = [...matching(all, tests)].sort(this.#order(query))
      this.#ordered = { query: name, moves: this.#table.moves, places }
    }
    return this.#ordered.places
  }

  /** The first rows in the query's order, found part by part where not all pages fit in memory. */
  #firstOf(
    query: RowQuery,
    tests: readonly RowTest[],
    { last, kept }: { readonly last: number; readonly kept: KeptRows },
  ): readonly RowPlace[] {
    const found = this.#byKey(query)
    if (found !== undefined) return [...matching(found, tests)].slice(0, last)
    const order = this.#order(query)
    let places: readonly RowPlace[] = []
    for (const { pages, isLast } of this.#table.partsInMemory()) {
      places = smallest(both(places, matching(this.#placesIn(pages), tests)), last, order)
      if (!isLast) places = kept.replaceBy(places)
    }
    return places
  }

  /** The one row, or none; undefined when the query does not fix the key. */
  #byKey(query: RowQuery): readonly RowPlace[] | undefined {
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
    if (batch === null) return []
    const place = { page: 0, address: 0 }
    place.address = find(batch, this.#table, place)
    return place.address === 0 ? [] : [place]
  }

  *#placesIn(pages: Iterable<number>): Generator<RowPlace> {
    for (const page of pages) {
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

function* matching(places: Iterable<RowPlace>, tests: readonly RowTest[]): Generator<RowPlace> {
  for (const place of places) if (tests.every((test) => test(place))) yield place
}

function* both<T>(first: Iterable<T>, second: Iterable<T>): Generator<T> {
  yield* first
  yield* second
}
