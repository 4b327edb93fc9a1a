/** Sessions of some keys, with their groups and rows, and the places of those that are gone. */
import type { Share } from "../exchange/share.ts"
import type { SessionAggregate } from "../operators/session-aggregate.ts"
import { Session } from "../time/session.ts"
import { copyGroups } from "./groups.ts"

export function copySessions(from: SessionAggregate, to: SessionAggregate, share: Share): void {
  const numbers = new Set<bigint>()
  for (const session of from.book.sessions()) {
    if (!share.hasKey(session.key)) continue
    const { number, key, firstUs, lastUs, rows, start, end, visible, showing } = session
    numbers.add(number)
    const copy = new Session(number, key, firstUs, to)
    copy.hold(rows.slice())
    copy.reach(firstUs)
    copy.reach(lastUs)
    to.adopt(Object.assign(copy, { start, end, visible, showing }))
  }
  for (const gone of from.book.gone()) if (share.hasKey(gone.key)) to.book.remember({ ...gone })
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
