/** Sessions of some keys, with their groups and rows, and the places of those that are gone. */
import type { Share } from "../exchange/share.ts"
import type { SessionAggregate } from "../operators/session-aggregate.ts"
import { TIME_BYTES } from "../time/session-keys.ts"
import { copyEntries } from "./entries.ts"
import { copyGroups } from "./groups.ts"

export function copySessions(from: SessionAggregate, to: SessionAggregate, share: Share): void {
  const { keys, records, rows } = from.book
  const hasKeyAt = (at: number) => (entry: Uint8Array) => share.hasKey(keys.nameAt(entry, at))
  copyEntries(records.table, to.book.records.table, hasKeyAt(0))
  copyEntries(records.waiting, to.book.records.waiting, hasKeyAt(TIME_BYTES))
  if (rows !== null) copyEntries(rows.table, to.book.rows!.table, hasKeyAt(0))
  const numbers = new Set<bigint>()
  for (const { key, isGone, number } of records.all()) {
    if (!isGone && share.hasKey(keys.nameAt(key, 0))) numbers.add(number)
  }
  const numberAt = to.plan.keyFields.at(-1)!.offset
  const { store } = from.whole.table
  const tables = ({ whole, distinct, multisets }: SessionAggregate) => {
    return { table: whole.table, distinct, multisets }
  }
  copyGroups(to.plan, {
    from: tables(from),
    to: tables(to),
    wants: (address) => numbers.has(store.i64[address + numberAt]!),
  })
  to.nextGroup = Math.max(to.nextGroup, share.numberFrom(from.nextGroup))
  const next = BigInt(share.numberFrom(Number(from.book.nextNumber)))
  if (next > to.book.nextNumber) to.book.nextNumber = next
}
