/**
 * Rows of sessions, in an ordered table whose pages may leave memory: by key and time, so that those of a
 * session lie side by side, and stay where they are when sessions are joined or parted.
 *
 *   key | time | the columns that groups read
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column } from "../../columns/types.ts"
import type { RowColumn } from "../operators/row-builder.ts"
import { OrderedCursor } from "../state/ordered-cursor.ts"
import { OrderedRowCodec } from "../state/ordered-row.ts"
import { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { keyWithTime, readTime } from "./session-keys.ts"

/** Of one key, both ends among them. */
export interface RowRange {
  readonly key: Uint8Array
  readonly firstUs: bigint
  readonly lastUs: bigint
}

export interface SessionRowColumns {
  /** Those of the input, the time, the keys. */
  readonly columns: readonly Column[]
  readonly timeAt: number
  /** Columns of the input that groups read; the others are not kept. */
  readonly used: ReadonlySet<number>
}

export class SessionRows {
  readonly table: OrderedTable
  readonly #codec: OrderedRowCodec
  readonly #at: OrderedCursor

  constructor(store: PageStore, { columns, timeAt, used }: SessionRowColumns) {
    this.table = new OrderedTable(store)
    this.#at = new OrderedCursor(this.table)
    const known = columns.map((column, k) => ({ ...column, nullable: k !== timeAt }))
    const keys = [...columns.keys()].slice(timeAt + 1)
    const order = [{ column: timeAt, descending: false, nullsFirst: false }]
    const rest = [...used].filter((k) => k < timeAt)
    this.#codec = new OrderedRowCodec(known, keys, order, 1, rest)
  }

  /** The batch whose rows are meant next. */
  begin(batch: ChangeBatch): void {
    this.#codec.begin(batch)
  }

  add(row: number, weight: number): void {
    this.#codec.encode(row)
    this.table.add(this.#codec.bytes, this.#codec.length, weight)
  }

  /** Null when there is no row like this one; the cursor is good until the next call. */
  find(row: number): OrderedCursor | null {
    this.#codec.encode(row)
    const { bytes, length } = this.#codec
    const at = this.table.find(this.#at, bytes, length)
    return at.valid && at.equals(bytes, length) ? at : null
  }

  /** Times of the row before a cursor and of the one at it; null where there is none of the range. */
  timesAt(at: OrderedCursor, range: RowRange): { beforeUs: bigint | null; behindUs: bigint | null } {
    const behindUs = this.#timeIn(at, range)
    return { beforeUs: this.#timeIn(at.previous(), range), behindUs }
  }

  /** How many there are. */
  count(range: RowRange): number {
    const from = this.#seek(range.key, range.firstUs)
    const to = this.#seek(range.key, range.lastUs + 1n)
    return this.table.weightBetween(from, to)
  }

  /** A cursor at each; what is done meanwhile may let pages leave, but must not change rows. */
  *in(range: RowRange): Generator<OrderedCursor> {
    const until = keyWithTime(range.key, range.lastUs + 1n)
    const at = this.#seek(range.key, range.firstUs)
    for (; isBefore(at, until); at.next()) yield at
  }

  remove(range: RowRange): void {
    const until = keyWithTime(range.key, range.lastUs + 1n)
    const at = this.#seek(range.key, range.firstUs)
    while (isBefore(at, until)) this.table.addAt(at, -at.weight)
  }

  /** Into the columns of rows, those that are kept. */
  read({ start }: OrderedCursor, columns: readonly RowColumn[], row: number): void {
    this.#codec.decode(this.table.store.u8, start, columns, row)
  }

  #seek(key: Uint8Array, timeUs: bigint): OrderedCursor {
    const head = keyWithTime(key, timeUs)
    return this.table.seek(head, head.length)
  }

  #timeIn(at: OrderedCursor, { key, firstUs, lastUs }: RowRange): bigint | null {
    if (!at.valid || !at.startsWith(key, key.length)) return null
    const timeUs = readTime(this.table.store.u8, at.start + key.length)
    return timeUs < firstUs || timeUs > lastUs ? null : timeUs
  }
}

function isBefore(at: OrderedCursor, bytes: Uint8Array): boolean {
  return at.valid && at.compare(bytes, bytes.length, 0) < 0
}
