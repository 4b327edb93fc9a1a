/** Reads an operator's parts back into tables that lie exactly as they did. */

import { checkpointDamaged } from "../errors.ts"
import type { Losses } from "../losses.ts"
import type { AggregateOperator } from "../operators/aggregate.ts"
import type { ViewOperator } from "../operators/view.ts"
import type { KeyTable } from "../state/key-table.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import { pageBytes } from "../state/page-store.ts"
import { tablesOf } from "./capture.ts"
import type { MultisetEntry, OperatorMeta, TableMeta } from "./part-format.ts"
import { decodeHeld, readJson } from "./part-format.ts"

export type PartMap = ReadonlyMap<string, Uint8Array>

export function restoreAggregate(operator: AggregateOperator, parts: PartMap, losses: Losses): void {
  const { id } = operator.spec
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  const images = new ImageReader(id, parts)
  const entries = new EntryReader(id, parts)
  Object.assign(losses, meta.losses)
  for (const saved of meta.windows) {
    const window = operator.whole ?? operator.createWindow(BigInt(saved.start), BigInt(saved.end))
    window.closed = saved.closed
    window.emitting = saved.emitting
    adoptTables(tablesOf(window), saved.tables, images)
    window.multisets.forEach((multiset, k) => {
      entries.fill(multiset, saved.multisets[k] ?? 0)
    })
    if (operator.whole === null) operator.assigner.adopt(window)
  }
  operator.resume(meta)
}

/** Of an operator with one set of tables. */
export function restoreTables(saved: {
  readonly id: string
  readonly parts: PartMap
  readonly losses: Losses
  readonly tables: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
}): OperatorMeta {
  const { id, parts, losses, tables, multisets } = saved
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  const entries = new EntryReader(id, parts)
  Object.assign(losses, meta.losses)
  adoptTables(tables, meta.windows[0]?.tables ?? [], new ImageReader(id, parts))
  multisets.forEach((multiset, k) => {
    entries.fill(multiset, meta.windows[0]?.multisets[k] ?? 0)
  })
  return meta
}

export function restoreView(operator: ViewOperator, parts: PartMap, losses: Losses): void {
  const { id } = operator.spec
  const meta = readJson<OperatorMeta>(parts, `${id}/meta`)
  Object.assign(losses, meta.losses)
  operator.rowCount = meta.rowCount
  adoptTables([operator.table], meta.windows[0]?.tables ?? [], new ImageReader(id, parts))
}

export function adoptTables(
  tables: readonly KeyTable[],
  saved: readonly TableMeta[],
  images: ImageReader,
): void {
  tables.forEach((table, k) => {
    const { depth, count, pages } = saved[k]!
    table.adopt(
      pages.map((sizeClass) => images.next(pageBytes(sizeClass))),
      depth,
      count,
    )
  })
}

/** Page images across parts, in order. */
export class ImageReader {
  readonly #id: string
  readonly #parts: PartMap
  #number = -1
  #bytes = new Uint8Array(0)
  #at = 0

  constructor(id: string, parts: PartMap) {
    this.#id = id
    this.#parts = parts
  }

  next(sizeBytes: number): Uint8Array {
    if (this.#at === this.#bytes.length) this.#open()
    const image = this.#bytes.subarray(this.#at, this.#at + sizeBytes)
    if (image.length < sizeBytes) throw checkpointDamaged(`${this.#id}/pages/${this.#number}`, "is too short")
    this.#at += sizeBytes
    return image
  }

  #open(): void {
    const name = `${this.#id}/pages/${++this.#number}`
    const bytes = this.#parts.get(name)
    if (bytes === undefined) throw checkpointDamaged(name, "is missing")
    this.#bytes = new Uint8Array(bytes)
    this.#at = 0
  }
}

/** Multiset entries across parts, in order. */
class EntryReader {
  readonly #id: string
  readonly #parts: PartMap
  #number = 0
  #entries: readonly MultisetEntry[] = []
  #at = 0

  constructor(id: string, parts: PartMap) {
    this.#id = id
    this.#parts = parts
  }

  fill(multiset: OrderedMultiset, count: number): void {
    for (let k = 0; k < count; k++) {
      if (this.#at === this.#entries.length) {
        this.#entries = readJson<readonly MultisetEntry[]>(
          this.#parts,
          `${this.#id}/multisets/${this.#number++}`,
        )
        this.#at = 0
      }
      const [group, times, value] = this.#entries[this.#at++]!
      multiset.add(group, decodeHeld(value), times)
    }
  }
}
