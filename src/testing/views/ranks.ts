/** First rows, ranks and window functions: over rows that stay, are replaced, and go with windows. */
import type { LoggedRow } from "../logged-rows.ts"
import { by, endOf, grouped, HALF_SECOND_US, SECOND_US, sorted, sum } from "./relations.ts"
import { applied, lateIf, type Row, type SimView, simView, type Taken } from "./sim-view.ts"

const byAmountDown = by(({ amount }: LoggedRow) => amount, "down")
const byId = by(({ id }: LoggedRow) => id)
const byTime = by(({ atUs }: LoggedRow) => atUs)

function partitions(taken: readonly Taken[], keyOf = ({ name }: LoggedRow): unknown => name): LoggedRow[][] {
  const rows = taken.map(({ row }) => row)
  return grouped(rows, keyOf).map(([, group]) => group)
}

/** How many rows come before it, plus one: PostgreSQL's rank(). */
function rankOf<T>(row: T, rows: readonly T[], of: (row: T) => number, sign: 1 | -1): number {
  return 1 + rows.filter((other) => (of(other) - of(row)) * sign < 0).length
}

function denseRankOf<T>(row: T, rows: readonly T[], of: (row: T) => number, sign: 1 | -1): number {
  const before = rows.filter((other) => (of(other) - of(row)) * sign < 0).map(of)
  return 1 + new Set(before).size
}

const topSales = simView("top_sales", {
  options: {
    sql: `SELECT shop, id, amount FROM (
            SELECT shop, id, amount, row_number() OVER (PARTITION BY shop ORDER BY amount DESC, id) AS place
            FROM sale) AS t WHERE place <= 3`,
    state: "unbounded",
  },
  alwaysTrue: "id > -1",
  operators: ["rank"],
  judges: { sale: applied },
  rows: ({ sales }) =>
    partitions(sales).flatMap((group) =>
      sorted(group, byAmountDown, byId)
        .slice(0, 3)
        .map(({ name, id, amount }) => [name, id, amount]),
    ),
})

const ranked = simView("ranked", {
  options: {
    sql: `SELECT shop, id, place FROM (
            SELECT shop, id, rank() OVER (PARTITION BY shop ORDER BY amount DESC) AS place
            FROM sale) AS t WHERE place <= 4`,
    state: "unbounded",
  },
  alwaysTrue: "place > 0",
  operators: ["rank"],
  judges: { sale: applied },
  rows: ({ sales }) =>
    partitions(sales).flatMap((group) =>
      group
        .map((row): [LoggedRow, number] => [row, rankOf(row, group, ({ amount }) => amount, -1)])
        .filter(([, place]) => place <= 4)
        .map(([{ name, id }, place]) => [name, id, place]),
    ),
})

const firstVisit = simView("first_visit", {
  options: {
    sql: `SELECT visitor, id, pages FROM (
            SELECT visitor, id, pages, row_number() OVER (PARTITION BY visitor ORDER BY at, id) AS place
            FROM visit) AS t WHERE place = 1`,
    state: "unbounded",
  },
  operators: ["first row"],
  judges: { visit: applied },
  rows: ({ visits }) =>
    partitions(visits).map((group) => {
      const { name, id, amount } = sorted(group, byTime, byId)[0]!
      return [name, id, amount]
    }),
})

const lastVisit = simView("last_visit", {
  options: {
    sql: "SELECT DISTINCT ON (visitor) visitor, id, pages FROM visit ORDER BY visitor, at DESC, id DESC",
    state: "unbounded",
  },
  alwaysTrue: "id > -1",
  operators: ["first row"],
  judges: { visit: applied },
  rows: ({ visits }) =>
    partitions(visits).map((group) => {
      const { name, id, amount } = sorted(group, byTime, byId).at(-1)!
      return [name, id, amount]
    }),
})

const leaders = simView("leaders", {
  options: { sql: "SELECT shop, total FROM per_shop ORDER BY total DESC, shop LIMIT 3", state: "unbounded" },
  operators: ["rank"],
  reads: ["per_shop"],
  rows: ({ below }) => {
    const shops = sorted(
      below("per_shop"),
      by((shop: Row) => shop[2]!, "down"),
      by((shop: Row) => shop[0]!),
    )
    return shops.slice(0, 3).map(([shop, , total]) => [shop!, total!])
  },
})

/** Over rows that are replaced, with as many in a place as are equal. */
const busiest = simView("busiest", {
  options: {
    sql: `SELECT shop, n, place FROM (
            SELECT shop, n, dense_rank() OVER (ORDER BY n DESC) AS place FROM per_shop) AS t
          WHERE place <= 2`,
    state: "unbounded",
  },
  alwaysTrue: "place > 0",
  operators: ["rank"],
  reads: ["per_shop"],
  rows: ({ below }) => {
    const shops = below("per_shop")
    return shops
      .map((shop): [Row, number] => [shop, denseRankOf(shop, shops, ([, n]) => Number(n), -1)])
      .filter(([, place]) => place <= 2)
      .map(([[shop, n], place]) => [shop!, n!, place])
  },
})

const inWindows = lateIf(({ atUs }, { visit }) => endOf(atUs, SECOND_US) + HALF_SECOND_US <= visit)

const windowTops = simView("window_tops", {
  options: {
    sql: `SELECT window_end, visitor, id FROM (
            SELECT window_end, visitor, id,
                   row_number() OVER (PARTITION BY window_end ORDER BY pages DESC, id) AS place
            FROM tumble(visit, at, INTERVAL '1 second')) AS t WHERE place <= 2`,
    emit: "final",
    allowedLateness: "500 ms",
  },
  operators: ["rank"],
  judges: { visit: inWindows },
  rows: ({ visits, watermarksUs }) =>
    partitions(visits, ({ atUs }) => endOf(atUs, SECOND_US))
      .map((group): [bigint, LoggedRow[]] => [endOf(group[0]!.atUs, SECOND_US), group])
      .filter(([end]) => end <= watermarksUs.visit)
      .flatMap(([end, group]) =>
        sorted(group, byAmountDown, byId)
          .slice(0, 2)
          .map(({ name, id }) => [end, name, id]),
      ),
})

const running = simView("running", {
  options: {
    sql: `SELECT shop, id, sum(amount) OVER w AS total, lag(amount) OVER w AS before FROM sale
          WINDOW w AS (PARTITION BY shop ORDER BY at, id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)`,
    state: "unbounded",
  },
  alwaysTrue: "id > -1",
  operators: ["over"],
  judges: { sale: applied },
  rows: ({ sales }) =>
    partitions(sales).flatMap((group) =>
      sorted(group, byTime, byId).map(({ name, id }, i, rows) => [
        name,
        id,
        sum(rows.slice(Math.max(0, i - 2), i + 1), ({ amount }) => amount),
        rows[i - 1]?.amount ?? null,
      ]),
    ),
})

const around = simView("around", {
  options: {
    sql: `SELECT visitor, id, count(*) OVER (PARTITION BY visitor ORDER BY pages
                                             RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING) AS n,
                 dense_rank() OVER (PARTITION BY visitor ORDER BY pages) AS place
          FROM visit`,
    state: "unbounded",
  },
  alwaysTrue: "n > 0",
  operators: ["over"],
  judges: { visit: applied },
  rows: ({ visits }) =>
    partitions(visits).flatMap((group) =>
      group.map((row) => [
        row.name,
        row.id,
        group.filter(({ amount }) => Math.abs(amount - row.amount) <= 2).length,
        denseRankOf(row, group, ({ amount }) => amount, 1),
      ]),
    ),
})

const windowShares = simView("window_shares", {
  options: {
    sql: `SELECT window_end, id, count(*) OVER (PARTITION BY window_end) AS n,
                 first_value(id) OVER (PARTITION BY window_end ORDER BY at, id) AS first
          FROM tumble(visit, at, INTERVAL '1 second')`,
    emit: "final",
    allowedLateness: "500 ms",
  },
  operators: ["over"],
  judges: { visit: inWindows },
  rows: ({ visits, watermarksUs }) =>
    partitions(visits, ({ atUs }) => endOf(atUs, SECOND_US))
      .map((group): [bigint, LoggedRow[]] => [endOf(group[0]!.atUs, SECOND_US), group])
      .filter(([end]) => end <= watermarksUs.visit)
      .flatMap(([end, group]) => {
        const first = sorted(group, byTime, byId)[0]!
        return group.map(({ id }) => [end, id, group.length, first.id])
      }),
})

const standings = simView("standings", {
  options: {
    sql: "SELECT shop, total, row_number() OVER (ORDER BY total DESC, shop) AS place FROM per_shop",
    state: "unbounded",
  },
  alwaysTrue: "place > 0",
  operators: ["over"],
  reads: ["per_shop"],
  rows: ({ below }) =>
    sorted(
      below("per_shop"),
      by((shop: Row) => shop[2]!, "down"),
      by((shop: Row) => shop[0]!),
    ).map(([shop, , total], i) => [shop!, total!, i + 1]),
})

export const RANKS: readonly SimView[] = [
  ...[topSales, ranked, firstVisit, lastVisit, leaders, busiest, windowTops],
  ...[running, around, windowShares, standings],
]
