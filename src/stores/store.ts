/**
 * The store: events and views as tables that can be asked anything. Whatever implements this interface passes
 * test/conformance/store.ts.
 *
 * Laws
 * - A block is one step: after any crash all of its rows are there or none.
 * - Positions come from the tables themselves: `prepareEvent` and `prepareView` say how far each has come,
 *   and a feeder that goes on from there neither leaves out nor doubles a row.
 * - Blocks of one table are given one after the other. After a failure of unknown outcome the table is
 *   prepared again before the next block.
 * - A view's table shows one epoch after the other; while it is rebuilt it shows the old rows.
 */
import type { Column } from "../columns/types.ts"

/** Rows in ClickHouse's Native format: one block. */
export interface StoreBlock {
  readonly rows: number
  readonly pieces: readonly Uint8Array[]
}

/**
 * Columns of the rows of an event: the contract's fields, then processed_at; `_partition`, `_offset` follow.
 */
export interface EventTable {
  readonly name: string
  readonly columns: readonly Column[]
  /** The column of event time, by which rows are ordered. */
  readonly time: string
  /** Rows go this long after they came; null: never. */
  readonly retentionMs: number | null
}

export interface ViewTable {
  readonly name: string
  readonly columns: readonly Column[]
  /** Positions of the key. Null: all columns tell rows apart, and equal rows are counted. */
  readonly key: readonly number[] | null
  /** Rows only come; they never go and are never replaced. */
  readonly isAppendOnly: boolean
  /** Of the plan: another one is another table. */
  readonly fingerprint: string
}

export interface StoreNames {
  readonly events: readonly string[]
  readonly views: readonly string[]
}

export interface HotStore {
  /**
   * Makes or changes the table, and says which offset of each partition comes next; partitions that are not
   * named begin at their first.
   */
  prepareEvent(table: EventTable): Promise<ReadonlyMap<number, number>>
  /** Of `eventBlockColumns`. */
  appendEvents(table: EventTable, block: StoreBlock): Promise<void>
  /** The epoch up to which the table has the view; null: it needs all rows first. */
  prepareView(table: ViewTable): Promise<number | null>
  /** Of `viewBlockColumns`: changes of later epochs than those that it has. */
  applyChanges(table: ViewTable, block: StoreBlock): Promise<void>
  /** Takes the rows of a view as of one epoch, then shows them instead of what was there. */
  replaceView(table: ViewTable, blocks: AsyncIterable<StoreBlock>): Promise<void>
  /**
   * Takes away what rows that went have left behind, when that is much; true when it did. The position may
   * fall back to the newest row that is there: changes since then are applied once more, which changes
   * nothing in a view with a key.
   */
  cleanView(table: ViewTable): Promise<boolean>
  /** Drops tables of events and views that are not named; returns what was dropped: "views.old". */
  dropOthers(names: StoreNames): Promise<readonly string[]>
}

const INT32_COLUMN = { type: { kind: "int32" }, nullable: false } as const
const INT64_COLUMN = { type: { kind: "int64" }, nullable: false } as const

/** What a block of events has. */
export function eventBlockColumns({ columns }: EventTable): readonly Column[] {
  return [...columns, { name: "_partition", ...INT32_COLUMN }, { name: "_offset", ...INT64_COLUMN }]
}

/**
 * What a block of a view has: `_version` is 2 * epoch + 1 for a row that comes, 2 * epoch for one that goes,
 * so that what comes wins over what it replaces. Then `_deleted` (0 or 1) where there is a key, `_weight`
 * where equal rows are counted, nothing where rows only come.
 */
export function viewBlockColumns(table: ViewTable): readonly Column[] {
  const last = viewShape(table)
  return [
    ...table.columns,
    { name: "_version", ...INT64_COLUMN },
    ...(last === "keyed" ? [{ name: "_deleted", ...INT32_COLUMN }] : []),
    ...(last === "counted" ? [{ name: "_weight", ...INT64_COLUMN }] : []),
  ]
}

/** keyed: a row per key, newest wins. counted: equal rows with a weight. appended: rows only come. */
export type ViewShape = "keyed" | "counted" | "appended"

export function viewShape({ key, isAppendOnly }: ViewTable): ViewShape {
  if (key !== null) return "keyed"
  return isAppendOnly ? "appended" : "counted"
}
