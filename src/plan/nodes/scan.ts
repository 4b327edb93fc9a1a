/** Leaves of a plan: all rows of an event, or of another view. */
import type { Column } from "../../columns/types.ts"
import { TIMESTAMP } from "../../columns/types.ts"
import type { EventContract } from "../../contracts/contract.ts"
import { PROCESSED_AT } from "../../contracts/contract.ts"
import { assert } from "../../std/assert.ts"
import type { ScanNode, ViewPlan } from "../plan.ts"

/** No key: an id is unique within its dedup window only. */
export function scanEvent(contract: EventContract): ScanNode {
  const fields: Column[] = contract.fields.map(({ name, type, nullable, optional }) => ({
    name,
    type,
    nullable: nullable || optional,
  }))
  const columns = [...fields, { name: PROCESSED_AT, type: TIMESTAMP, nullable: false }]
  const timeColumn = columns.findIndex((column) => column.name === contract.time)
  assert(timeColumn >= 0, `the time of event ${contract.name} is one of its fields`)
  return Object.freeze({
    kind: "scan",
    source: "event",
    name: contract.name,
    columns,
    changes: "append",
    key: null,
    timeColumn,
    windowColumns: null,
    delayUs: 0n,
  })
}

export function scanView(plan: Pick<ViewPlan, "name" | "root">): ScanNode {
  const { columns, changes, key, timeColumn, windowColumns, delayUs } = plan.root
  return Object.freeze({
    kind: "scan",
    source: "view",
    name: plan.name,
    columns,
    changes,
    key,
    timeColumn,
    windowColumns,
    delayUs,
  })
}
