/** Reads a view: single rows as they are now, or all of it frozen. */
import { readRow } from "../../columns/scalar.ts"
import type { Scalar } from "../../columns/types.ts"
import type { FindKey } from "../code/view-code.ts"
import { compileFind } from "../code/view-code.ts"
import type { ViewSnapshot } from "../dataflow.ts"
import { RowBuilder } from "../operators/row-builder.ts"
import type { ViewOperator } from "../operators/view.ts"
import type { PageStore } from "../state/page-store.ts"
import { keyBatch } from "./key-batch.ts"
import { TableViewSnapshot } from "./view-snapshot.ts"

const NO_WINDOW = { start: 0n, end: 0n }

export class ViewReader {
  readonly #view: ViewOperator
  readonly #store: PageStore
  readonly #find: FindKey

  constructor(view: ViewOperator, store: PageStore) {
    this.#view = view
    this.#store = store
    this.#find = compileFind(store, view.spec.columns, view.plan)
  }

  lookup(key: readonly Scalar[]): Scalar[] | null {
    const { spec, plan, table, emit } = this.#view
    const batch = keyBatch(
      plan.key.map((k) => spec.columns[k]!),
      key,
    )
    if (batch === null) return null
    this.#store.relieve()
    const found = { page: 0 }
    const address = this.#find(batch, table, found)
    if (address === 0) return null
    const row = new RowBuilder(
      spec.columns.map((column) => column.type),
      1,
    )
    emit(row, found.page, address, NO_WINDOW)
    row.length = 1
    return readRow(row.take(false)!, 0)
  }

  snapshot(epoch: number): ViewSnapshot {
    const { spec, plan, table, emit, rowCount } = this.#view
    const source = { store: this.#store, spec, plan, emit, find: this.#find }
    return new TableViewSnapshot(source, table.snapshot(), { epoch, rowCount })
  }
}
