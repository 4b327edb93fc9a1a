/**
 * The state of one operator at an epoch's end, held by sharing its pages, and put out part by part while
 * later epochs change their own copies.
 */
import type { CheckpointPart } from "../dataflow.ts"
import type { Losses } from "../losses.ts"
import type { AggregateOperator } from "../operators/aggregate.ts"
import type { ViewOperator } from "../operators/view.ts"
import type { KeyTable } from "../state/key-table.ts"
import type { MultisetNode, OrderedMultiset } from "../state/ordered-multiset.ts"
import { multisetEntries } from "../state/ordered-multiset.ts"
import { SIZE_CLASS } from "../state/page-format.ts"
import type { TableSnapshot } from "../state/table-snapshot.ts"
import type { WindowState } from "../time/group-windows.ts"
import type { MultisetEntry, OperatorMeta, TableMeta, WindowMeta } from "./part-format.ts"
import { encodeHeld, jsonPart, PART_BYTES } from "./part-format.ts"

/** Entries of a multiset per part. */
const ENTRIES_PER_PART = 10_000

export class OperatorCapture implements Disposable {
  readonly #id: string
  readonly #meta: OperatorMeta
  readonly #tables: TableSnapshot[] = []
  readonly #multisets: (MultisetNode | null)[] = []

  constructor(id: string, windows: readonly CapturedWindow[], rest: Omit<OperatorMeta, "windows">) {
    this.#id = id
    this.#meta = { ...rest, windows: windows.map((window) => this.#capture(window)) }
  }

  *parts(): Generator<CheckpointPart> {
    yield jsonPart(`${this.#id}/meta`, this.#meta)
    yield* pageParts(this.#id, this.#images())
    yield* this.#multisetParts()
  }

  [Symbol.dispose](): void {
    for (const table of this.#tables) table[Symbol.dispose]()
  }

  #capture(window: CapturedWindow): WindowMeta {
    const { start, end, closed, emitting } = window
    for (const multiset of window.multisets) this.#multisets.push(multiset.root)
    return {
      start: String(start),
      end: String(end),
      closed,
      emitting,
      tables: window.tables.map((table) => this.#captureTable(table)),
      multisets: window.multisets.map((multiset) => multiset.size),
    }
  }

  #captureTable(table: KeyTable): TableMeta {
    const snapshot = table.snapshot()
    this.#tables.push(snapshot)
    const pages = Array.from(snapshot.pages, (page) => table.store.i32[page * 2 + SIZE_CLASS]!)
    return { depth: snapshot.depth, count: snapshot.count, pages }
  }

  *#images(): Generator<Uint8Array> {
    for (const table of this.#tables) for (const page of table.pages) yield table.image(page)
  }

  *#multisetParts(): Generator<CheckpointPart> {
    let entries: MultisetEntry[] = []
    let number = 0
    for (const root of this.#multisets) {
      for (const { group, count, value } of multisetEntries(root)) {
        entries.push([group, count, encodeHeld(value)])
        if (entries.length < ENTRIES_PER_PART) continue
        yield jsonPart(`${this.#id}/multisets/${number++}`, entries)
        entries = []
      }
    }
    if (entries.length > 0) yield jsonPart(`${this.#id}/multisets/${number}`, entries)
  }
}

export interface CapturedWindow {
  readonly start: bigint
  readonly end: bigint
  readonly closed: boolean
  readonly emitting: boolean
  readonly tables: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
}

export function captureAggregate(operator: AggregateOperator, losses: Losses): OperatorCapture {
  const windows = operator.windows().map((window) => ({ ...window, tables: tablesOf(window) }))
  return new OperatorCapture(operator.spec.id, windows, {
    nextGroup: operator.nextGroup,
    expectedGroups: operator.expectedGroups,
    rowCount: 0,
    losses: { ...losses },
  })
}

export function captureView(operator: ViewOperator, losses: Losses): OperatorCapture {
  const whole = { start: 0n, end: 0n, closed: false, emitting: true, tables: [operator.table], multisets: [] }
  return new OperatorCapture(operator.spec.id, [whole], {
    nextGroup: 0,
    expectedGroups: 0,
    rowCount: operator.rowCount,
    losses: { ...losses },
  })
}

export function tablesOf(window: WindowState): KeyTable[] {
  return [window.table, ...window.distinct]
}

/** Images of pages, one behind the other, as parts of about PART_BYTES. */
export function* pageParts(id: string, images: Iterable<Uint8Array>): Generator<CheckpointPart> {
  let pending: Uint8Array[] = []
  let sizeBytes = 0
  let number = 0
  for (const image of images) {
    pending.push(image)
    sizeBytes += image.length
    if (sizeBytes < PART_BYTES) continue
    yield { name: `${id}/pages/${number++}`, bytes: joinImages(pending, sizeBytes) }
    pending = []
    sizeBytes = 0
  }
  if (pending.length > 0) yield { name: `${id}/pages/${number}`, bytes: joinImages(pending, sizeBytes) }
}

function joinImages(images: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for (const image of images) {
    bytes.set(image, at)
    at += image.length
  }
  return bytes
}
