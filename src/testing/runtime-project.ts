/** The events of the simulated project, and what its views (views/catalogue.ts) and oracles both go by. */
import { z } from "zod"
import type { EventContract } from "../contracts/contract.ts"
import { event } from "../contracts/event.ts"
import { int32, int64, timestamp } from "../contracts/field-types.ts"

export const DEDUP_MS = 4_000
export const OUT_OF_ORDERNESS_US = { sale: 2_000_000n, visit: 1_000_000n } as const
export const FINALS = { sizeUs: 2_000_000n, latenessUs: 1_000_000n } as const
export const PER_SECOND = { sizeUs: 1_000_000n, latenessUs: 500_000n } as const
export const RESTLESS = { quietMs: 1_500, alarmMs: 900 } as const
/** Sales of this amount are filtered out of one view. */
export const UNLUCKY_AMOUNT = 13
export const VISIT_PARTITIONS = 3

const SALE = { id: int64(), at: timestamp(), shop: z.string(), amount: int32() }
const SALE_ROLES = { id: "id", time: "at", outOfOrderness: "2 seconds", dedup: "4 seconds" } as const

export const sale = event("sale", { schema: z.object(SALE), ...SALE_ROLES })

export const visit = event("visit", {
  schema: z.object({ id: int64(), at: timestamp(), visitor: z.string(), pages: int32() }),
  id: "id",
  time: "at",
  key: "visitor",
  partitions: VISIT_PARTITIONS,
  outOfOrderness: "1 second",
  idle: "3 seconds",
  onInvalid: "dead-letter",
})

export const CONTRACTS: readonly EventContract[] = [sale, visit]

/** After a change of one event, whose rows mean the same to views that do not read what is new. */
export const WIDER_CONTRACTS: readonly EventContract[] = [
  event("sale", {
    schema: z.object({ ...SALE, note: z.string().optional() }),
    ...SALE_ROLES,
  }),
  visit,
]
export type SimEvent = "sale" | "visit"
