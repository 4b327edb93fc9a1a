/**
 * The state of one operator at an epoch's end, held by sharing its pages, and put out part by part while
 * later epochs change their own copies.
 */
import type { CheckpointPart } from "../engine-checkpoint.ts"
import type { Losses } from "../losses.ts"
import type { AggregateOperator } from "../operators/aggregate.ts"
import type { CapturedState, PageGroup } from "../operators/stateful-operator.ts"
import type { ViewOperator } from "../operators/view.ts"
import type { KeyTable } from "../state/key-table.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { OrderedSnapshot } from "../state/ordered-snapshot.ts"
import type { PageStore } from "../state/page-store.ts"
import type { TableSnapshot } from "../state/table-snapshot.ts"
import type { WindowState } from "../time/group-windows.ts"
import { orderedMeta } from "./ordered-state.ts"
import type { OperatorMeta, TableMeta, WindowMeta } from "./part-format.ts"
import { jsonPart } from "./part-format.ts"

export class OperatorCapture implements CapturedState {
  readonly #id: string
  readonly #rest: Omit<OperatorMeta, "windows">
  readonly #windows: readonly FrozenWindow[]

  constructor(id: string, windows: readonly CapturedWindow[], rest: Omit<OperatorMeta, "windows">) {
    this.#id = id
    this.#rest = rest
    this.#windows = windows.map(({ start, end, closed, emitting, tables, multisets }) => ({
      ...{ start, end, closed, emitting },
      tables: tables.map((table) => table.snapshot()),
      multisets: multisets.map(({ table }) => ({ store: table.store, held: table.snapshot() })),
    }))
  }

  *parts(): Generator<CheckpointPart> {
    const meta: OperatorMeta = { ...this.#rest, windows: this.#windows.map(windowMeta) }
    yield jsonPart(`${this.#id}/meta`, meta)
  }

  *groups(): Generator<PageGroup> {
    yield { id: this.#id, pages: pagesOf(this.#windows.flatMap(heldTables)) }
  }

  [Symbol.dispose](): void {
    for (const held of this.#windows.flatMap(heldTables)) held[Symbol.dispose]()
  }
}

interface FrozenWindow extends Pick<CapturedWindow, "start" | "end" | "closed" | "emitting"> {
  readonly tables: readonly TableSnapshot[]
  readonly multisets: readonly { readonly store: PageStore; readonly held: OrderedSnapshot }[]
}

/** In the order in which a restore asks for their pages. */
function heldTables({ tables, multisets }: FrozenWindow): readonly (TableSnapshot | OrderedSnapshot)[] {
  return [...tables, ...multisets.map(({ held }) => held)]
}

function windowMeta({ start, end, closed, emitting, tables, multisets }: FrozenWindow): WindowMeta {
  return {
    start: String(start),
    end: String(end),
    closed,
    emitting,
    tables: tables.map(tableMeta),
    multisets: multisets.map(({ store, held }) => orderedMeta(store, held)),
  }
}

/** Looks into no page: of millions of keys that would take too long at once. */
export function tableMeta({ depth, depths, count, pages, store }: TableSnapshot): TableMeta {
  return { depth, count, pages: Array.from(pages, (page) => store.sizeClassOf(page)), depths }
}

export function* pagesOf(held: Iterable<{ readonly pages: Iterable<number> }>): Generator<number> {
  for (const { pages } of held) yield* pages
}

/** A multiset, or another table in order. */
export type Ordered = Pick<OrderedMultiset, "table">

export interface CapturedWindow {
  readonly start: bigint
  readonly end: bigint
  readonly closed: boolean
  readonly emitting: boolean
  readonly tables: readonly KeyTable[]
  readonly multisets: readonly Ordered[]
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
