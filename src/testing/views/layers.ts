/** Views over views: groups, windows, ranks and unions over joins, sessions, patterns and closed windows. */
import { by, endOf, grouped, SECOND_US, sorted, startOf } from "./relations.ts"
import { leastOf, type Row, type SimView, simView } from "./sim-view.ts"

const nearPerShop = simView("near_per_shop", {
  options: {
    sql: "SELECT shop, count(*) AS n, count(DISTINCT visitor) AS visitors FROM near GROUP BY shop",
    state: "unbounded",
  },
  operators: ["group"],
  reads: ["near"],
  rows: ({ below }) =>
    grouped(below("near"), ([, , shop]) => shop).map(([shop, group]) => [
      shop,
      group.length,
      new Set(group.map(([, , , visitor]) => visitor)).size,
    ]),
})

/** Rows behind a join come as much later as its interval allows; so do the windows over them close. */
const nearByTime = simView("near_by_time", {
  options: {
    sql: `SELECT window_start, count(*) AS n
          FROM tumble(near, at, INTERVAL '2 seconds') GROUP BY window_start`,
    emit: "final",
  },
  operators: ["windows"],
  reads: ["near"],
  rows: ({ below, watermarksUs }) => {
    const sizeUs = 2n * SECOND_US
    const atOf = (row: Row) => row[4] as bigint
    const closed = below("near").filter(
      (row) => endOf(atOf(row), sizeUs) + 2n * SECOND_US <= leastOf(watermarksUs),
    )
    return grouped(closed, (row) => startOf(atOf(row), sizeUs)).map(([start, group]) => {
      return [BigInt(start), group.length]
    })
  },
})

const bestOfFinals = simView("best_of_finals", {
  options: {
    sql: `SELECT window_start, shop, total FROM (
            SELECT window_start, shop, total,
                   row_number() OVER (PARTITION BY window_start ORDER BY total DESC, shop) AS place
            FROM finals) AS t WHERE place <= 2`,
    emit: "final",
  },
  operators: ["rank"],
  reads: ["finals"],
  rows: ({ below }) =>
    grouped(below("finals"), ([start]) => start).flatMap(([, group]) =>
      sorted(
        group,
        by(([, , , total]: Row) => total!, "down"),
        by(([, shop]: Row) => shop!),
      )
        .slice(0, 2)
        .map(([start, shop, , total]) => [start!, shop!, total!]),
    ),
})

const longestStays = simView("longest_stays", {
  options: {
    sql: `SELECT visitor, n, window_start FROM (
            SELECT visitor, n, window_start,
                   row_number() OVER (PARTITION BY visitor ORDER BY n DESC, window_start) AS place
            FROM closed_stays) AS t WHERE place <= 2`,
    state: "unbounded",
  },
  operators: ["rank"],
  reads: ["closed_stays"],
  rows: ({ below }) =>
    grouped(below("closed_stays"), ([visitor]) => visitor).flatMap(([, group]) =>
      sorted(
        group,
        by(([, , , n]: Row) => n!, "down"),
        by(([, start]: Row) => start!),
      )
        .slice(0, 2)
        .map(([visitor, start, , n]) => [visitor!, n!, start!]),
    ),
})

const climbsPerVisitor = simView("climbs_per_visitor", {
  options: {
    sql: "SELECT visitor, count(*) AS n, max(high_id) AS newest FROM climbs GROUP BY visitor",
    state: "unbounded",
  },
  operators: ["group"],
  reads: ["climbs"],
  rows: ({ below }) =>
    grouped(below("climbs"), ([visitor]) => visitor).map(([visitor, group]) => [
      visitor,
      group.length,
      group.map(([, , high]) => high as bigint).reduce((a, b) => (a > b ? a : b)),
    ]),
})

const allCounts = simView("all_counts", {
  options: {
    sql: "SELECT shop AS name, n FROM per_shop UNION ALL SELECT visitor AS name, n FROM newest",
    state: "unbounded",
  },
  operators: ["union"],
  reads: ["per_shop", "newest"],
  rows: ({ below }) => [...below("per_shop"), ...below("newest")].map(([name, n]) => [name!, n!]),
})

/** First rows of a join's rows. */
const lastPerShop = simView("last_per_shop", {
  options: {
    sql: `SELECT DISTINCT ON (shop) shop, sale_id, visit_id FROM near
          ORDER BY shop, at DESC, sale_id DESC, visit_id DESC`,
    state: "unbounded",
  },
  operators: ["first row"],
  reads: ["near"],
  rows: ({ below }) =>
    grouped(below("near"), ([, , shop]) => shop).map(([shop, group]) => {
      const inOrder = sorted(
        group,
        by(([, , , , at]: Row) => at!),
        by(([sale]: Row) => sale!),
        by(([, v]: Row) => v!),
      )
      const [sale, visit] = inOrder.at(-1)!
      return [shop, sale!, visit!]
    }),
})

/** A semi join whose sides are both replaced. */
const leadersSeen = simView("leaders_seen", {
  options: {
    sql: "SELECT shop, total FROM leaders WHERE shop IN (SELECT shop FROM top_sales WHERE amount > 100)",
    state: "unbounded",
  },
  operators: ["semi join"],
  reads: ["leaders", "top_sales"],
  rows: ({ below }) => {
    const high = new Set(
      below("top_sales").flatMap(([shop, , amount]) => (Number(amount) > 100 ? [shop] : [])),
    )
    return below("leaders").filter(([shop]) => high.has(shop!))
  },
})

export const LAYERS: readonly SimView[] = [
  ...[nearPerShop, nearByTime, bestOfFinals, longestStays],
  ...[climbsPerVisitor, allCounts, lastPerShop, leadersSeen],
]
