/**
 * A view's rows by key, and which cells changed last. Pure: each step returns a new state, and the former one
 * stays as it was for React.
 */

import { rowText } from "../api/client.ts"
import type { Changes, Row } from "../api/types.ts"

export interface RowStore {
  readonly rows: ReadonlyMap<string, Row>
  /** Columns that changed in the last step, by row key; a row that is new has them all. */
  readonly changed: ReadonlyMap<string, ReadonlySet<string>>
  /** Grows by one with every step that changed something; starts animations. */
  readonly step: number
  readonly epoch: number
}

export const EMPTY_STORE: RowStore = { rows: new Map(), changed: new Map(), step: 0, epoch: -1 }

/** A view without a key tells rows apart by all their columns. */
export function rowKey(row: Row, key: readonly string[] | null): string {
  if (key === null) return rowText(row)
  return JSON.stringify(key.map((name) => row[name] ?? null))
}

/** Takes a whole answer. The first one changes nothing that a reader had seen. */
export function replaceRows(
  store: RowStore,
  rows: readonly Row[],
  options: { readonly key: readonly string[] | null; readonly epoch: number },
): RowStore {
  const next = new Map(rows.map((row) => [rowKey(row, options.key), row]))
  const changed = new Map<string, ReadonlySet<string>>()
  if (store.epoch >= 0) {
    for (const [key, row] of next) {
      const columns = changedColumns(store.rows.get(key), row)
      if (columns.size > 0) changed.set(key, columns)
    }
  }
  const step = changed.size > 0 ? store.step + 1 : store.step
  return { rows: next, changed: changed.size > 0 ? changed : store.changed, step, epoch: options.epoch }
}

/** Applies several epochs at once: what left and came back within them is a change of the row. */
export function applyChanges(
  store: RowStore,
  batches: readonly Changes[],
  key: readonly string[] | null,
): RowStore {
  const rows = new Map(store.rows)
  const touched = new Set<string>()
  for (const batch of batches) {
    for (const { weight, row } of batch.changes) {
      if (weight < 0) rows.delete(touch(touched, rowKey(row, key)))
    }
    for (const { weight, row } of batch.changes) {
      if (weight > 0) rows.set(touch(touched, rowKey(row, key)), row)
    }
  }
  const changed = new Map<string, ReadonlySet<string>>()
  for (const name of touched) {
    const row = rows.get(name)
    if (row !== undefined) changed.set(name, changedColumns(store.rows.get(name), row))
  }
  return { rows, changed, step: store.step + 1, epoch: batches.at(-1)?.epoch ?? store.epoch }
}

function touch(touched: Set<string>, key: string): string {
  touched.add(key)
  return key
}

function changedColumns(before: Row | undefined, after: Row): ReadonlySet<string> {
  const names = Object.keys(after)
  if (before === undefined) return new Set(names)
  return new Set(names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])))
}
