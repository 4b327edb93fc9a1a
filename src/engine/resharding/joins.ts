/**
 * Keys of one join, with the rows of both sides, into another. Rows are linked anew, in the order in which
 * they were; rows without a key belong to the first shard.
 */
import type { SidePlan } from "../code/join-plan.ts"
import { UNLINKED } from "../code/join-plan.ts"
import type { Share } from "../exchange/share.ts"
import type { JoinOperator } from "../operators/join.ts"
import type { JoinSideState } from "../operators/join-side.ts"
import { INDEX_ID_HALF } from "../operators/join-side.ts"
import type { KeyTable } from "../state/key-table.ts"
import { visitSlots } from "../state/page-slots.ts"
import { SLOT_BITS } from "../state/row-page.ts"
import type { RowStore } from "../state/row-store.ts"
import { copySlot } from "./slots.ts"

interface Sides {
  readonly from: JoinSideState
  readonly to: JoinSideState
}

export function copyJoin(from: JoinOperator, to: JoinOperator, share: Share): void {
  const sides: readonly Sides[] = from.sides.map((side, port) => ({
    from: side,
    to: to.sides[port as 0 | 1],
  }))
  from.keys.forEachPage((_, hash) => {
    copyPage({ from: from.keys, to: to.keys, hash, share }, sides)
  })
  if (share.hasFirst) for (const side of sides) copyUnlinked(side)
}

interface KeysOfPage {
  readonly from: KeyTable
  readonly to: KeyTable
  /** That the page covers. */
  readonly hash: number
  readonly share: Share
}

/** The rows of the page's keys come first: the page may leave memory for them. */
function copyPage({ from, to, hash, share }: KeysOfPage, sides: readonly Sides[]): void {
  const { store, shape } = from
  const heads: number[] = []
  visitSlots(store, shape, from.bring(hash), (address) => {
    if (!share.has(store.i32[address * 2]!)) return
    for (const side of sides) heads.push(store.i32[address * 2 + side.from.plan.headHalf]!)
  })
  const copied = heads.map((head, k) => copyList(sides[k % sides.length]!, head))
  let next = 0
  visitSlots(store, shape, from.bring(hash), (address, page) => {
    if (!share.has(store.i32[address * 2]!)) return
    const slot = copySlot(from, address, page, to)
    for (const side of sides) to.store.i32[slot * 2 + side.from.plan.headHalf] = copied[next++]!
  })
}

/** The rows of a key; returns the first one's id. */
function copyList({ from, to }: Sides, head: number): number {
  const { nextHalf, previousHalf } = from.plan
  const copies: number[] = []
  for (let id = head; id !== 0; ) {
    copies.push(copyRow({ from, to }, id))
    id = from.rows.store.i32[from.rows.bringRow(id) * 2 + nextHalf]!
  }
  copies.forEach((id, k) => {
    relieveWhereCrowded(to.rows)
    const half = to.rows.ownRow(id) * 2
    to.rows.store.i32[half + nextHalf] = copies[k + 1] ?? 0
    to.rows.store.i32[half + previousHalf] = copies[k - 1] ?? 0
  })
  return copies[0] ?? 0
}

function copyUnlinked({ from, to }: Sides): void {
  for (const id of from.rows.ids()) {
    const half = from.rows.bringRow(id) * 2
    if (from.rows.store.i32[half + from.plan.previousHalf] === UNLINKED) copyRow({ from, to }, id)
  }
}

/** Between rows, nobody holds an address of a page that can leave. */
function relieveWhereCrowded({ store }: RowStore): void {
  if (store.isCrowded) store.relieve()
}

function copyRow({ from, to }: Sides, id: number): number {
  const { rowHashHalf, shape } = from.plan
  relieveWhereCrowded(from.rows)
  relieveWhereCrowded(to.rows)
  const address = from.rows.bringRow(id)
  const page = from.rows.directory.pages[id >>> SLOT_BITS]!
  const { i32: source, u8 } = from.rows.store
  const bytes = shape.bytesFields.reduce((sum, field) => sum + source[(address + field) * 2 + 1]!, 0)
  const copied = to.rows.insert(bytes, seekTime({ from, to }, address))
  const { i32 } = to.rows.store
  const copy = to.rows.address
  i32[copy * 2] = source[address * 2]!
  i32.set(source.subarray(address * 2 + 2, (address + shape.strideWords) * 2), copy * 2 + 2)
  for (const field of shape.bytesFields) {
    const start = page * 8 + source[(address + field) * 2]!
    to.rows.storeBytes(field, u8, start, start + source[(address + field) * 2 + 1]!)
  }
  if (rowHashHalf !== null) {
    const slot = to.index!.insert(source[address * 2 + rowHashHalf]!, 0)
    to.index!.store.i32[slot * 2 + INDEX_ID_HALF] = copied
  }
  return copied
}

/** The copy goes to the bucket of the row's time; returns that as a double. */
function seekTime({ from, to }: Sides, address: number): number {
  const { store } = from.rows
  const { timeWord } = from.plan.shape
  if (timeWord === null) return 0
  if (isTimeless(from.plan, store.i32, address)) {
    to.rows.seekTimeless()
    return 0
  }
  const timeUs = store.i64[address + timeWord]!
  to.rows.seek(timeUs)
  return Number(timeUs)
}

function isTimeless({ side, fields }: SidePlan, i32: Int32Array, address: number): boolean {
  const { nullBit } = fields[side.expiry!.at]!
  return nullBit !== null && (i32[address * 2 + 2 + (nullBit >> 5)]! & (1 << (nullBit & 31))) !== 0
}
