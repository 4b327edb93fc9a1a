/**
 * Values with counts, ordered per group: what min and max need when rows can be taken back, and what lists,
 * percentiles and modes are made of. One ordered table of (group, items) with the count as weight; the sum of
 * each page's counts is known, so that the k-th value of a group is found without reading what is in front of
 * it.
 *
 * It is asked in the middle of loops that hold addresses of groups: pages come into memory for it, and none
 * leave. Whoever asks takes the memory's views again and lets pages leave when he can.
 */
import { readScalar } from "../../columns/scalar.ts"
import type { Column, LogicalType, Scalar } from "../../columns/types.ts"
import { FLOAT64 } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import { RowColumn, setScalar } from "../operators/row-builder.ts"
import { OrderedCursor } from "./ordered-cursor.ts"
import { OrderedRowCodec } from "./ordered-row.ts"
import { OrderedTable, type Place } from "./ordered-table.ts"
import type { PageStore } from "./page-store.ts"

export interface MultisetItem {
  readonly type: LogicalType
  readonly nullable: boolean
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** An item where there is but one, else all of them. */
type Held = Scalar | readonly Scalar[]

interface HeldCount {
  readonly items: readonly Scalar[]
  readonly count: number
}

interface PlacedWeight extends Place {
  readonly weight: number
}

interface PageSlots {
  readonly page: number
  readonly first: number
  readonly last: number
}

/** Where a group's entries begin, and where they have ended. */
interface GroupRange {
  readonly group: number
  readonly from: Place
  readonly to: Place
  /** Sum of the counts, once it was asked for. */
  count: number | null
}

const GROUP: Column = { name: "group", type: FLOAT64, nullable: false }
/** Of the group's number in front of each entry. */
const GROUP_BYTES = 8
/** A group that is not larger than this is walked through to find its end. */
const SHORT_GROUP = 8

export class OrderedMultiset {
  readonly table: OrderedTable
  readonly #codec: OrderedRowCodec
  /** One row each: what is put in, and what is read. */
  readonly #in: readonly RowColumn[]
  readonly #out: readonly RowColumn[]
  readonly #groupCodec = new OrderedRowCodec([GROUP], [0], [], 0)
  readonly #at: OrderedCursor
  /** Of the group that was asked for last, until the next change. */
  #known: GroupRange | null = null

  constructor(store: PageStore, items: readonly MultisetItem[]) {
    this.table = new OrderedTable(store, { relieves: false })
    this.#at = new OrderedCursor(this.table)
    const columns = [GROUP, ...items.map(({ type, nullable }) => ({ name: "item", type, nullable }))]
    const order = items.map(({ descending, nullsFirst }, k) => ({ column: k + 1, descending, nullsFirst }))
    this.#codec = new OrderedRowCodec(columns, [0], order, order.length)
    this.#in = columns.map(({ type }) => new RowColumn(type, 1))
    this.#out = columns.map(({ type }) => new RowColumn(type, 1))
    this.#codec.begin({ vectors: this.#in })
    this.#groupCodec.begin({ vectors: this.#in })
  }

  /** Adds the value `weight` times, or takes it away. */
  add(group: number, value: Held, weight: number): void {
    this.#known = null
    const length = this.#encode(group, value)
    const count = this.table.add(this.#codec.bytes, length, weight)
    assert(count >= 0, "a retraction hits a value that is there")
  }

  /** Keeps one value a group, the least or the greatest of those that came: for rows that only come. */
  keep(group: number, value: Held, name: "min" | "max"): void {
    const length = this.#encode(group, value)
    const { bytes } = this.#codec
    const at = this.table.find(this.#at, bytes, GROUP_BYTES)
    if (at.valid && at.startsWith(bytes, GROUP_BYTES)) {
      const order = at.compare(bytes, length, 0)
      if (name === "min" ? order <= 0 : order >= 0) return
      this.table.addAt(at, -at.weight)
    }
    this.#known = null
    this.table.add(bytes, length, 1)
  }

  /**
   * Counts one more of the first item, beside which there is another one; false when the group has no such
   * entry.
   */
  countFirst(group: number, item: Scalar, widthOfOthers: number): boolean {
    const length = this.#encode(group, [item]) - widthOfOthers
    const { bytes } = this.#codec
    const at = this.table.find(this.#at, bytes, length)
    if (!at.valid || !at.startsWith(bytes, length)) return false
    this.#known = null
    this.table.addAt(at, 1)
    return true
  }

  /** Keeps of values with the same first item the one whose second is greatest: for rows that only come. */
  keepGreatest(group: number, first: Scalar, second: Scalar, widthOfSecond: number): void {
    const length = this.#encode(group, [first, second])
    const { bytes } = this.#codec
    const at = this.table.find(this.#at, bytes, length - widthOfSecond)
    if (at.valid && at.startsWith(bytes, length - widthOfSecond)) {
      if (at.compare(bytes, length, 0) >= 0) return
      this.table.addAt(at, -at.weight)
    }
    this.#known = null
    this.table.add(bytes, length, 1)
  }

  /** How often the value is there. */
  countOf(group: number, value: Held): number {
    const length = this.#encode(group, value)
    const { bytes } = this.#codec
    const at = this.table.find(this.#at, bytes, length)
    return at.valid && at.equals(bytes, length, 0) ? at.weight : 0
  }

  /** The least or greatest value of a group that has one. */
  extreme(group: number, name: "min" | "max"): readonly Scalar[] {
    const { from, to } = this.#range(group)
    assert(from.page !== to.page || from.slot !== to.slot, "a group with rows has values in its multiset")
    if (name === "min") return this.#read(from)
    if (to.slot > 0) return this.#read({ page: to.page, slot: to.slot - 1 })
    return this.#read({ page: to.page - 1, slot: this.table.pageList.entries(to.page - 1) - 1 })
  }

  /** How many values the group has, each as often as it was added. */
  count(group: number): number {
    const range = this.#range(group)
    range.count ??= this.table.weightBetween(range.from, range.to)
    return range.count
  }

  /** The value at position `place` of the group's values in order, from 0. */
  at(group: number, place: number): readonly Scalar[] {
    const { table } = this
    const { totals } = table.pageList
    const { from, to } = this.#range(group)
    let rest = place
    let { page, slot } = from
    const first = page === to.page ? Number.POSITIVE_INFINITY : table.weightFrom(from)
    if (rest >= first) {
      rest -= first
      for (page++; rest >= totals[page]!; page++) rest -= totals[page]!
      slot = 0
    }
    const at = this.#at.moveTo(page, slot)
    for (; rest >= at.weight; at.next()) rest -= at.weight
    return this.#readAt(at)
  }

  /** The first in order of the values with the greatest count, null when the group has none. */
  mostFrequent(group: number): readonly Scalar[] | null {
    const { table } = this
    let best: PlacedWeight | null = null
    // A page that has no more is not read.
    for (const { page, first, last } of this.#slots(
      group,
      (page) => table.mostOf(page) > (best?.weight ?? 0),
    )) {
      const found = table.firstOfMost(page, first, last)
      if (found.weight > (best?.weight ?? 0)) best = found
    }
    return best === null ? null : this.#read(best)
  }

  /** Takes away the first in order of the values with the least count, of a group that has some. */
  removeLeastFrequent(group: number): HeldCount {
    const { table } = this
    let best: PlacedWeight | null = null
    for (const { page, first, last } of this.#slots(group)) {
      const found = table.firstOfLeast(page, first, last)
      if (best === null || found.weight < best.weight) best = found
    }
    assert(best !== null, "the group has values")
    const items = this.#read(best)
    this.#known = null
    table.addAt(this.#at, -best.weight)
    return { items, count: best.weight }
  }

  /** How many different values the group has. */
  entryCount(group: number): number {
    let count = 0
    for (const { first, last } of this.#slots(group)) count += last - first
    return count
  }

  /** The group's values in order. */
  *entries(group: number): Generator<HeldCount> {
    for (const at of this.#cursors(group)) yield { items: this.#readAt(at), count: at.weight }
  }

  /** The group of an entry of the table. */
  groupOf(entry: Uint8Array): number {
    const [group] = this.#out
    this.#groupCodec.decode(entry, 0, [group!], 0)
    return group!.values[0] as number
  }

  *#cursors(group: number): Generator<OrderedCursor> {
    const prefix = this.#prefix(group).slice(0, GROUP_BYTES)
    const at = this.table.seek(prefix, GROUP_BYTES)
    for (; at.valid && at.startsWith(prefix, GROUP_BYTES); at.next()) yield at
  }

  /** The group's slots, of those pages for which `wants` says so. */
  *#slots(group: number, wants: (page: number) => boolean = () => true): Generator<PageSlots> {
    const { from, to } = this.#range(group)
    for (let page = from.page; page < to.page || (page === to.page && to.slot > 0); page++) {
      if (!wants(page)) continue
      const first = page === from.page ? from.slot : 0
      const last = page === to.page ? to.slot : this.table.pageList.entries(page)
      if (first < last) yield { page, first, last }
    }
  }

  #range(group: number): GroupRange {
    if (this.#known?.group === group) return this.#known
    const prefix = this.#prefix(group)
    const at = this.table.find(this.#at, prefix, GROUP_BYTES)
    const from = { page: at.page, slot: at.slot }
    for (let seen = 0; seen < SHORT_GROUP && at.valid && at.startsWith(prefix, GROUP_BYTES); seen++) at.next()
    if (at.valid && at.startsWith(prefix, GROUP_BYTES)) {
      this.table.find(at, this.#prefix(group + 1), GROUP_BYTES)
    }
    this.#known = { group, from, to: { page: at.page, slot: at.slot }, count: null }
    return this.#known
  }

  #prefix(group: number): Uint8Array {
    this.#in[0]!.values[0] = group
    this.#groupCodec.encode(0)
    return this.#groupCodec.bytes
  }

  /** Returns the length. */
  #encode(group: number, value: Held): number {
    this.#in[0]!.values[0] = group
    const items = this.#in
    for (let k = 1; k < items.length; k++) {
      items[k]!.used = 0
      setScalar(items[k]!, 0, Array.isArray(value) ? (value[k - 1] ?? null) : (value as Scalar))
    }
    this.#codec.encode(0)
    return this.#codec.length
  }

  #read({ page, slot }: Place): readonly Scalar[] {
    return this.#readAt(this.#at.moveTo(page, slot))
  }

  #readAt(at: OrderedCursor): readonly Scalar[] {
    const columns = this.#out
    for (const column of columns) column.used = 0
    this.#codec.decode(this.table.store.u8, at.start, columns, 0)
    return columns.slice(1).map((column) => readScalar(column, 0))
  }
}
