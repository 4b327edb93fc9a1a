/**
 * The project of the simulated runtime: two events and views of every kind, in three versions, so that a
 * change of the project and its taking back can be played. Bound once; the oracle (runtime-oracle.ts) says
 * the same in plain JavaScript.
 */
import { z } from "zod"
import type { EventContract } from "../contracts/contract.ts"
import { event } from "../contracts/event.ts"
import { int32, int64, timestamp } from "../contracts/field-types.ts"
import { bindProject } from "../plan/bind-project.ts"
import type { ViewPlan } from "../plan/plan.ts"
import { process } from "../plan/process.ts"
import { type ViewDefinition, view } from "../plan/view.ts"
import { assert } from "../std/assert.ts"

export const DEDUP_MS = 4_000
export const OUT_OF_ORDERNESS_US = { sale: 2_000_000n, visit: 1_000_000n } as const
export const FINALS = { sizeUs: 2_000_000n, latenessUs: 1_000_000n } as const
export const PER_SECOND = { sizeUs: 1_000_000n, latenessUs: 500_000n } as const
export const RESTLESS = { quietMs: 1_500, alarmMs: 900 } as const
/** Sales of this amount are filtered out of one view. */
export const UNLUCKY_AMOUNT = 13
export const VISIT_PARTITIONS = 3

export const sale = event("sale", {
  schema: z.object({ id: int64(), at: timestamp(), shop: z.string(), amount: int32() }),
  id: "id",
  time: "at",
  outOfOrderness: "2 seconds",
  dedup: "4 seconds",
})

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
export type SimEvent = "sale" | "visit"

const perShop = view("per_shop", {
  sql: `SELECT shop, count(*) AS n, sum(amount) AS total, min(amount) AS low, max(amount) AS high
        FROM sale GROUP BY shop`,
  state: "unbounded",
})
/** Over a view whose rows are replaced: its minimum must survive retractions. */
const byCount = view("by_count", {
  sql: `SELECT n % 5 AS rest, count(*) AS shops, min(low + n) AS low, max(total) AS high
    FROM per_shop GROUP BY n % 5`,
  state: "unbounded",
})
const finals = view("finals", {
  sql: `SELECT window_start, shop, count(*) AS n, sum(amount) AS total
        FROM tumble(sale, at, INTERVAL '2 seconds') GROUP BY window_start, shop`,
  emit: "final",
  allowedLateness: "1 second",
})
const overFinals = view("over_finals", { sql: "SELECT count(*) AS windows, sum(n) AS n FROM finals" })
/** A visit of 0 pages fails its guard. */
const perSecond = view("per_second", {
  sql: `SELECT window_start, visitor, count(*) AS n, sum(100 / pages) AS score
        FROM tumble(visit, at, INTERVAL '1 second') GROUP BY window_start, visitor`,
  allowedLateness: "500 ms",
})
const everything = view("everything", {
  sql: `SELECT shop AS name, amount FROM sale WHERE amount <> ${UNLUCKY_AMOUNT}
        UNION ALL SELECT visitor AS name, 100 / pages AS amount FROM visit`,
  state: "unbounded",
})
const newest = view("newest", {
  sql: "SELECT visitor, count(*) AS n, max(id) AS newest FROM visit GROUP BY visitor",
  state: "unbounded",
})

/** A visit of 0 pages fails in it. */
const restless = process("restless", {
  from: visit,
  columns: ["pages"],
  key: "visitor",
  state: z.object({ pages: z.number(), deadline: z.number().nullable(), alarm: z.number().nullable() }),
  initial: { pages: 0, deadline: null, alarm: null },
  stateBound: "unbounded",
  output: z.object({ visitor: z.string(), pages: int32(), why: z.string() }),
  version: 1,
  onRow(ctx, { pages }) {
    if (ctx.state.deadline !== null) ctx.deleteEventTimer(ctx.state.deadline)
    ctx.state.pages += pages
    ctx.state.deadline = ctx.time + RESTLESS.quietMs
    ctx.setEventTimer(ctx.state.deadline)
    if (pages === 0) throw new RangeError("no pages")
    if (ctx.state.alarm === null) {
      ctx.state.alarm = ctx.processingTime + RESTLESS.alarmMs
      ctx.setProcessingTimer(ctx.state.alarm)
    }
  },
  onEventTimer(ctx) {
    ctx.emit({ visitor: ctx.key, pages: ctx.state.pages, why: "quiet" })
    ctx.state = { ...ctx.state, pages: 0, deadline: null }
  },
  onProcessingTimer(ctx) {
    ctx.emit({ visitor: ctx.key, pages: ctx.state.pages, why: "clock" })
    ctx.state.alarm = null
  },
})

const BASE: readonly ViewDefinition[] = [
  ...[perShop, byCount, finals, overFinals, perSecond, everything],
  restless,
]
const VERSIONS: readonly (readonly ViewDefinition[])[] = [
  BASE,
  [...BASE, newest],
  BASE.filter(({ name }) => name !== "everything"),
]

let bound: Promise<readonly (readonly ViewPlan[])[]> | undefined

/** Plans of each version of the project, bound at the first call. */
export function boundVersions(): Promise<readonly (readonly ViewPlan[])[]> {
  bound ??= bindVersions()
  return bound
}

async function bindVersions(): Promise<readonly (readonly ViewPlan[])[]> {
  const versions: (readonly ViewPlan[])[] = []
  for (const views of VERSIONS) {
    const { plans, problems } = await bindProject({ events: CONTRACTS, views })
    assert(problems.length === 0, problems.map(({ message }) => message).join("; "))
    versions.push(plans)
  }
  return versions
}
