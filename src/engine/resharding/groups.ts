/**
 * Groups of one aggregate into another's tables. Values that groups keep apart, in tables or multisets, are
 * found by the group's number, which no two parts of an engine give.
 */
import type { GroupPlan } from "../code/group-terminal.ts"
import type { KeyTable } from "../state/key-table.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import { copyEntries } from "./entries.ts"
import { copySlot } from "./slots.ts"

export interface GroupTables {
  readonly table: KeyTable
  readonly distinct: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
}

interface TakenGroups {
  readonly from: GroupTables
  readonly to: GroupTables
  /** Of the group's slot in `from`. */
  readonly wants: (address: number) => boolean
}

export function copyGroups({ accumulators }: GroupPlan, { from, to, wants }: TakenGroups): void {
  const { groupAt, distinctTables } = accumulators
  // Its views are taken each time: pages that come back make the memory grow.
  const { store } = from.table
  const numbers = new Set<number>()
  from.table.forEachSlot((address, page) => {
    if (!wants(address)) return
    copySlot(from.table, address, page, to.table)
    if (groupAt !== null) numbers.add(store.f64[address + groupAt]!)
  })
  from.distinct.forEach((table, k) => {
    const { offset } = distinctTables[k]!.group
    table.forEachSlot((address, page) => {
      if (numbers.has(store.f64[address + offset]!)) copySlot(table, address, page, to.distinct[k]!)
    })
  })
  from.multisets.forEach((multiset, k) => {
    copyEntries(multiset.table, to.multisets[k]!.table, (entry) => numbers.has(multiset.groupOf(entry)))
  })
}
