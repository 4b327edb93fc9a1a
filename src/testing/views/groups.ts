/** Groups, windows of every shape, lists, set operations, and the process. */
import { z } from "zod"
import { int32 } from "../../contracts/field-types.ts"
import { process } from "../../plan/process.ts"
import type { LoggedRow } from "../logged-rows.ts"
import { FINALS, PER_SECOND, RESTLESS, UNLUCKY_AMOUNT, visit } from "../runtime-project.ts"
import { by, grouped, HALF_SECOND_US, SECOND_US, sorted, startOf, sum } from "./relations.ts"
import {
  applied,
  type Judge,
  lateIf,
  type Row,
  type SimView,
  simView,
  type Taken,
  type ViewHistory,
  type Watermarks,
} from "./sim-view.ts"

const amountOf = ({ amount }: LoggedRow) => amount
const rowsOf = (taken: readonly Taken[]) => taken.map(({ row }) => row)

/** A visit of 0 pages fails where something is divided by them. */
const guarded = ({ amount }: LoggedRow) => (amount === 0 ? "failed" : "applied")
const lateInWindow =
  ({ sizeUs, latenessUs }: typeof FINALS | typeof PER_SECOND) =>
  ({ atUs, event }: LoggedRow, before: Watermarks) =>
    startOf(atUs, sizeUs) + sizeUs + latenessUs <= before[event]

const perShop = simView("per_shop", {
  options: {
    sql: `SELECT shop, count(*) AS n, sum(amount) AS total, min(amount) AS low, max(amount) AS high
          FROM sale GROUP BY shop`,
    state: "unbounded",
  },
  alwaysTrue: "n > 0",
  operators: ["group"],
  judges: { sale: applied },
  rows: ({ sales }) =>
    grouped(rowsOf(sales), ({ name }) => name).map(([shop, group]) => {
      const amounts = group.map(amountOf)
      return [shop, group.length, sum(group, amountOf), Math.min(...amounts), Math.max(...amounts)]
    }),
})

/** Over a view whose rows are replaced: its minimum must survive retractions. */
const byCount = simView("by_count", {
  options: {
    sql: `SELECT n % 5 AS rest, count(*) AS shops, min(low + n) AS low, max(total) AS high
          FROM per_shop GROUP BY n % 5`,
    state: "unbounded",
  },
  alwaysTrue: "shops > 0",
  operators: ["group", "lists"],
  reads: ["per_shop"],
  rows: ({ below }) =>
    grouped(below("per_shop"), ([, n]) => Number(n) % 5).map(([rest, shops]) => [
      Number(rest),
      shops.length,
      Math.min(...shops.map(([, n, , low]) => Number(low) + Number(n))),
      Math.max(...shops.map(([, , total]) => Number(total))),
    ]),
})

const finals = simView("finals", {
  options: {
    sql: `SELECT window_start, shop, count(*) AS n, sum(amount) AS total
          FROM tumble(sale, at, INTERVAL '2 seconds') GROUP BY window_start, shop`,
    emit: "final",
    allowedLateness: "1 second",
  },
  operators: ["windows"],
  judges: { sale: lateIf(lateInWindow(FINALS)) },
  rows: ({ sales, watermarksUs }) => {
    const startIn = ({ atUs }: LoggedRow) => startOf(atUs, FINALS.sizeUs)
    const closed = rowsOf(sales).filter((row) => startIn(row) + FINALS.sizeUs <= watermarksUs.sale)
    return grouped(closed, (row) => `${startIn(row)} ${row.name}`).map(([, group]) => {
      return [startIn(group[0]!), group[0]!.name, group.length, sum(group, amountOf)]
    })
  },
})

const overFinals = simView("over_finals", {
  options: { sql: "SELECT count(*) AS windows, sum(n) AS n FROM finals" },
  alwaysTrue: "windows >= 0",
  operators: ["group"],
  reads: ["finals"],
  rows: ({ below }) => {
    const windows = below("finals")
    return [[windows.length, windows.length === 0 ? null : sum(windows, ([, , n]) => Number(n))]]
  },
})

const perSecond = simView("per_second", {
  options: {
    sql: `SELECT window_start, visitor, count(*) AS n, sum(100 / pages) AS score
          FROM tumble(visit, at, INTERVAL '1 second') GROUP BY window_start, visitor`,
    allowedLateness: "500 ms",
  },
  operators: ["windows"],
  judges: {
    visit: (): Judge => (row, before) => (lateInWindow(PER_SECOND)(row, before) ? "late" : guarded(row)),
  },
  rows: ({ visits }) => {
    const startIn = ({ atUs }: LoggedRow) => startOf(atUs, PER_SECOND.sizeUs)
    return grouped(rowsOf(visits), (row) => `${startIn(row)} ${row.name}`).map(([, group]) => {
      const score = sum(group, ({ amount }) => Math.trunc(100 / amount))
      return [startIn(group[0]!), group[0]!.name, group.length, score]
    })
  },
})

const everything = simView("everything", {
  options: {
    sql: `SELECT shop AS name, amount FROM sale WHERE amount <> ${UNLUCKY_AMOUNT}
          UNION ALL SELECT visitor AS name, 100 / pages AS amount FROM visit`,
    state: "unbounded",
  },
  operators: ["union"],
  judges: {
    sale: (): Judge => (row) => (row.amount === UNLUCKY_AMOUNT ? "filtered" : "applied"),
    visit: (): Judge => guarded,
  },
  rows: ({ sales, visits }) => [
    ...rowsOf(sales).map(({ name, amount }) => [name, amount]),
    ...rowsOf(visits).map(({ name, amount }) => [name, Math.trunc(100 / amount)]),
  ],
})

const newest = simView("newest", {
  options: {
    sql: "SELECT visitor, count(*) AS n, max(id) AS newest FROM visit GROUP BY visitor",
    state: "unbounded",
  },
  operators: ["group"],
  judges: { visit: applied },
  rows: ({ visits }) =>
    grouped(rowsOf(visits), ({ name }) => name).map(([name, group]) => [
      name,
      group.length,
      group.reduce((most, { id }) => (id > most ? id : most), 0n),
    ]),
})

const lists = simView("lists", {
  options: {
    sql: `SELECT shop, string_agg(amount::text, ',' ORDER BY amount) AS amounts,
                 count(DISTINCT amount % 5) AS rests, first(amount ORDER BY at, id) AS first,
                 percentile_disc(0.5) WITHIN GROUP (ORDER BY amount) AS middle
          FROM sale GROUP BY shop`,
    state: "unbounded",
  },
  operators: ["lists"],
  judges: { sale: applied },
  rows: ({ sales }) =>
    grouped(rowsOf(sales), ({ name }) => name).map(([shop, group]) => {
      const amounts = sorted(group.map(amountOf), (a, b) => a - b)
      const first = sorted(
        group,
        by(({ atUs }) => atUs),
        by(({ id }) => id),
      )[0]!
      const rests = new Set(amounts.map((amount) => amount % 5 || 0)).size
      return [shop, amounts.join(","), rests, first.amount, amounts[Math.ceil(amounts.length / 2) - 1]!]
    }),
})

const rolled = simView("rolled", {
  options: {
    sql: "SELECT shop, amount % 3 AS rest, count(*) AS n FROM sale GROUP BY ROLLUP (shop, amount % 3)",
    state: "unbounded",
  },
  operators: ["group"],
  judges: { sale: applied },
  rows: ({ sales }) => {
    const rows = rowsOf(sales)
    const restOf = ({ amount }: LoggedRow) => amount % 3 || 0
    const counts = (keyOf: (row: LoggedRow) => Row) =>
      grouped(rows, keyOf).map(([, group]): Row => [...keyOf(group[0]!), group.length])
    return [
      ...counts((row) => [row.name, restOf(row)]),
      ...counts(({ name }) => [name, null]),
      [null, null, rows.length],
    ]
  },
})

/** Rows of some windows that are gone count in the others. */
function overlapping(
  windowsOf: (atUs: bigint) => readonly bigint[],
  latenessUs: bigint,
): {
  readonly goneEnd: NonNullable<SimView["goneEnd"]>
  readonly judge: () => Judge
  readonly groups: (taken: readonly Taken[]) => [end: bigint, group: LoggedRow[]][]
} {
  const isGone = (end: bigint, { event }: LoggedRow, before: Watermarks) => end + latenessUs <= before[event]
  return {
    judge: lateIf((row, before) => windowsOf(row.atUs).every((end) => isGone(end, row, before))),
    goneEnd: (row, before) => {
      return windowsOf(row.atUs).some((end) => isGone(end, row, before))
        ? before[row.event] - latenessUs
        : null
    },
    groups: (taken) => {
      const entered = taken.flatMap(({ row, before }) =>
        windowsOf(row.atUs).flatMap((end) => (isGone(end, row, before) ? [] : [{ end, row }])),
      )
      return grouped(entered, ({ end, row }) => `${end} ${row.name}`).map(([, group]) => {
        return [group[0]!.end, group.map(({ row }) => row)]
      })
    },
  }
}

const hops = overlapping((atUs) => {
  const last = startOf(atUs, HALF_SECOND_US)
  return [0n, 1n, 2n, 3n].map((hop) => last - hop * HALF_SECOND_US + 2n * SECOND_US)
}, 0n)

const sliding = simView("sliding", {
  options: {
    sql: `SELECT window_end, visitor, count(*) AS n, sum(pages) AS pages
          FROM hop(visit, at, INTERVAL '500 milliseconds', INTERVAL '2 seconds')
          GROUP BY window_end, visitor`,
  },
  operators: ["windows"],
  judges: { visit: hops.judge },
  goneEnd: hops.goneEnd,
  rows: ({ visits }) =>
    hops.groups(visits).map(([end, group]) => {
      return [end, group[0]!.name, group.length, sum(group, amountOf)]
    }),
})

const steps = overlapping((atUs) => {
  const start = startOf(atUs, 2n * SECOND_US)
  return [1n, 2n, 3n, 4n].map((step) => start + step * HALF_SECOND_US).filter((end) => end > atUs)
}, HALF_SECOND_US)

const growing = simView("growing", {
  options: {
    sql: `SELECT window_end, shop, max(amount) AS high
          FROM cumulate(sale, at, INTERVAL '500 milliseconds', INTERVAL '2 seconds')
          GROUP BY window_start, window_end, shop`,
    emit: "final",
    allowedLateness: "500 ms",
  },
  operators: ["windows"],
  judges: { sale: steps.judge },
  goneEnd: steps.goneEnd,
  rows: ({ sales, watermarksUs }) =>
    steps
      .groups(sales)
      .filter(([end]) => end <= watermarksUs.sale)
      .map(([end, group]) => [end, group[0]!.name, Math.max(...group.map(amountOf))]),
})

const names = simView("names", {
  options: { sql: "SELECT shop AS name FROM sale UNION SELECT visitor FROM visit", state: "unbounded" },
  operators: ["union", "distinct"],
  judges: { sale: applied, visit: applied },
  rows: ({ sales, visits }) =>
    [...new Set(rowsOf([...sales, ...visits]).map(({ name }) => name))].map((n) => [n]),
})

const rests = simView("rests", {
  options: { sql: "SELECT DISTINCT shop, amount % 3 AS rest FROM sale", state: "unbounded" },
  operators: ["distinct"],
  judges: { sale: applied },
  rows: ({ sales }) =>
    grouped(rowsOf(sales), ({ name, amount }) => `${name} ${amount % 3 || 0}`).map(([, [row]]) => [
      row!.name,
      row!.amount % 3 || 0,
    ]),
})

/** How often each number comes among the sales, and among the visits. */
function numbers({ sales, visits }: ViewHistory): Map<number, [sales: number, visits: number]> {
  const counts = new Map<number, [number, number]>()
  for (const { event, amount } of rowsOf([...sales, ...visits])) {
    const number = event === "sale" ? amount % 8 || 0 : amount
    const [s, v] = counts.get(number) ?? [0, 0]
    counts.set(number, event === "sale" ? [s + 1, v] : [s, v + 1])
  }
  return counts
}

function repeated(
  counts: Map<number, [number, number]>,
  of: (sales: number, visits: number) => number,
): Row[] {
  return [...counts].flatMap(([number, [s, v]]) =>
    Array.from({ length: Math.max(0, of(s, v)) }, () => [number]),
  )
}

const SET_OPERATIONS = {
  common: ["INTERSECT", (s, v) => (s > 0 && v > 0 ? 1 : 0)],
  all_common: ["INTERSECT ALL", (s, v) => Math.min(s, v)],
  only_sales: ["EXCEPT", (s, v) => (s > 0 && v === 0 ? 1 : 0)],
  surplus: ["EXCEPT ALL", (s, v) => s - v],
} as const satisfies Record<string, readonly [string, (sales: number, visits: number) => number]>

const setOperations = Object.entries(SET_OPERATIONS).map(([name, [operation, of]]) =>
  simView(name, {
    options: {
      sql: `SELECT amount % 8 AS number FROM sale ${operation} SELECT pages FROM visit`,
      state: "unbounded",
    },
    operators: ["set operation"],
    judges: { sale: applied, visit: applied },
    rows: (history) => repeated(numbers(history), of),
  }),
)

const handed = (): Judge => (row, before) => (row.atUs < before.visit ? "late" : guarded(row))

/** A visit of 0 pages fails in it. */
const restless: SimView = {
  name: "restless",
  definition: process("restless", {
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
  }),
  longer: null,
  operators: ["process"],
  reads: [],
  brings: ["restless_failures"],
  judges: { visit: handed },
  rows: ({ processed }) => processed("restless"),
}

const restlessFailures: SimView = {
  ...restless,
  name: "restless_failures",
  definition: null,
  longer: null,
  brings: ["restless"],
  rows: ({ processed }) => processed("restless_failures"),
}

export const GROUPS: readonly SimView[] = [
  ...[perShop, byCount, finals, overFinals, perSecond, everything, newest, lists, rolled],
  ...[sliding, growing, names, rests, ...setOperations, restless, restlessFailures],
]
