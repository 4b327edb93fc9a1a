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
import { SLOT_BITS } from "../state/row-page.ts"
import { copySlot } from "./slots.ts"

interface Sides {
  readonly from: JoinSideState
  readonly to: JoinSideState
}

export function copyJoin(from: JoinOperator, to: JoinOperator, share: Share): void {
  const { i32 } = from.keys.store
  const sides: readonly Sides[] = from.sides.map((side, port) => ({
    from: side,
    to: to.sides[port as 0 | 1],
  }))
  from.keys.forEachSlot((address, page) => {
    if (!share.has(i32[address * 2]!)) return
    const slot = copySlot(from.keys, address, page, to.keys)
    for (const side of sides) {
      const { headHalf } = side.from.plan
      const head = copyList(side, i32[address * 2 + headHalf]!)
      // Behind the copying, which makes the memory grow.
      to.keys.store.i32[slot * 2 + headHalf] = head
    }
  })
  if (share.hasFirst) for (const side of sides) copyUnlinked(side)
}

/** The rows of a key; returns the first one's id. */
function copyList({ from, to }: Sides, head: number): number {
  const { nextHalf, previousHalf } = from.plan
  const { i32 } = from.rows.store
  const copies: number[] = []
  for (let id = head; id !== 0; id = i32[from.rows.addressOf(id) * 2 + nextHalf]!) {
    copies.push(copyRow({ from, to }, id))
  }
  copies.forEach((id, k) => {
    const half = to.rows.ownRow(id) * 2
    to.rows.store.i32[half + nextHalf] = copies[k + 1] ?? 0
    to.rows.store.i32[half + previousHalf] = copies[k - 1] ?? 0
  })
  return copies[0] ?? 0
}

function copyUnlinked({ from, to }: Sides): void {
  const { i32 } = from.rows.store
  for (const id of from.rows.ids()) {
    if (i32[from.rows.addressOf(id) * 2 + from.plan.previousHalf] === UNLINKED) copyRow({ from, to }, id)
  }
}

function copyRow({ from, to }: Sides, id: number): number {
  const { rowHashHalf, shape } = from.plan
  const { i32: source, u8 } = from.rows.store
  const address = from.rows.addressOf(id)
  const page = from.rows.directory[id >>> SLOT_BITS]!
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
