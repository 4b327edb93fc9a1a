/** How much an operator keeps: counted by walking its pages, when somebody asks. */
import { pageBytes } from "./page-sizes.ts"
import type { PageStore } from "./page-store.ts"

export interface StateSize {
  /** Groups, rows or entries: whatever the operator keeps one by one. */
  readonly rows: number
  /** Whole pages, also where they are half empty, and what is outside of pages. */
  readonly bytes: number
}

/** Tables of pages, of any kind. */
export interface PagedTable {
  readonly store: PageStore
  /** Each page once. */
  pages(): Iterable<number>
}

export function bytesOfTables(tables: Iterable<PagedTable>): number {
  let bytes = 0
  for (const table of tables) {
    for (const page of table.pages()) bytes += pageBytes(table.store.sizeClassOf(page))
  }
  return bytes
}
