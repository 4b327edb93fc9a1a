/**
 * Joins of events by intervals, windows and times to live, EXISTS, IN, and joins of views whose rows are
 * replaced. Sales and visits meet where the rests of amount and pages are equal.
 */
import type { LoggedRow } from "../logged-rows.ts"
import { endOf, grouped, HALF_SECOND_US, indexed, SECOND_US, sum } from "./relations.ts"
import { applied, lateIf, leastOf, type Row, type SimView, simView, type Watermarks } from "./sim-view.ts"

const rowsOf = (taken: readonly { readonly row: LoggedRow }[]) => taken.map(({ row }) => row)

/** The visits within a distance of a sale that have its rest. */
function partners(visits: readonly LoggedRow[], fromUs: bigint, untilUs: bigint) {
  const ofRest = indexed(visits, ({ amount }) => amount % 5)
  return (sale: LoggedRow) =>
    ofRest(sale.amount % 5).filter(({ atUs }) => atUs >= sale.atUs + fromUs && atUs <= sale.atUs + untilUs)
}

const late = (latenessUs: bigint) =>
  lateIf(({ atUs }, before: Watermarks) => atUs + latenessUs < leastOf(before))
const bothLate = (latenessUs: bigint) => ({ sale: late(latenessUs), visit: late(latenessUs) })

const NEAR =
  "v.pages % 5 = s.amount % 5 AND v.at BETWEEN s.at - INTERVAL '1 second' AND s.at + INTERVAL '2 seconds'"
const BACK_US = -SECOND_US
const AHEAD_US = 2n * SECOND_US

const near = simView("near", {
  options: {
    sql: `SELECT s.id AS sale_id, v.id AS visit_id, s.shop, v.visitor, s.at
          FROM sale AS s JOIN visit AS v ON ${NEAR}`,
  },
  operators: ["interval join"],
  judges: bothLate(0n),
  rows: ({ sales, visits }) => {
    const near = partners(rowsOf(visits), BACK_US, AHEAD_US)
    return rowsOf(sales).flatMap((s) => near(s).map((v) => [s.id, v.id, s.name, v.name, s.atUs]))
  },
})

const nearOrAlone = simView("near_or_alone", {
  options: {
    sql: `SELECT s.id AS sale_id, v.id AS visit_id FROM sale AS s LEFT JOIN visit AS v ON ${NEAR}`,
    allowedLateness: "1 second",
  },
  operators: ["interval join"],
  judges: bothLate(SECOND_US),
  rows: ({ sales, visits }) => {
    const near = partners(rowsOf(visits), BACK_US, AHEAD_US)
    return rowsOf(sales).flatMap((s): Row[] => {
      const found = near(s)
      return found.length === 0 ? [[s.id, null]] : found.map((v) => [s.id, v.id])
    })
  },
})

/** Who has no partner appears when none can come any more. */
const nearAtLast = simView("near_at_last", {
  options: {
    sql: `SELECT s.id AS sale_id, v.id AS visit_id FROM sale AS s FULL JOIN visit AS v ON ${NEAR}`,
    emit: "final",
  },
  operators: ["interval join"],
  judges: bothLate(0n),
  rows: ({ sales, visits, watermarksUs }) => {
    const near = partners(rowsOf(visits), BACK_US, AHEAD_US)
    const doneUs = leastOf(watermarksUs)
    const met = new Set<LoggedRow>()
    const rows = rowsOf(sales).flatMap((s): Row[] => {
      const found = near(s)
      for (const v of found) met.add(v)
      if (found.length === 0) return s.atUs + AHEAD_US < doneUs ? [[s.id, null]] : []
      return found.map((v) => [s.id, v.id])
    })
    const alone = rowsOf(visits).filter((v) => !met.has(v) && v.atUs - BACK_US < doneUs)
    return [...rows, ...alone.map((v): Row => [null, v.id])]
  },
})

const SOON = "v.pages % 5 = s.amount % 5 AND v.at BETWEEN s.at AND s.at + INTERVAL '1 second'"

const visitedSoon = simView("visited_soon", {
  options: {
    sql: `SELECT s.id, s.shop FROM sale AS s WHERE EXISTS (SELECT 1 FROM visit AS v WHERE ${SOON})`,
  },
  operators: ["semi join"],
  judges: bothLate(0n),
  rows: ({ sales, visits }) => {
    const soon = partners(rowsOf(visits), 0n, SECOND_US)
    return rowsOf(sales).flatMap((s) => (soon(s).length > 0 ? [[s.id, s.name]] : []))
  },
})

const notVisitedSoon = simView("not_visited_soon", {
  options: {
    sql: `SELECT s.id, s.shop FROM sale AS s WHERE NOT EXISTS (SELECT 1 FROM visit AS v WHERE ${SOON})`,
    emit: "final",
  },
  operators: ["semi join"],
  judges: bothLate(0n),
  rows: ({ sales, visits, watermarksUs }) => {
    const soon = partners(rowsOf(visits), 0n, SECOND_US)
    const doneUs = leastOf(watermarksUs)
    const alone = rowsOf(sales).filter((s) => s.atUs + SECOND_US < doneUs && soon(s).length === 0)
    return alone.map((s) => [s.id, s.name])
  },
})

const neverSeen = simView("never_seen", {
  options: {
    sql: "SELECT id, shop FROM sale WHERE amount % 30 NOT IN (SELECT pages * 3 FROM visit)",
    state: "unbounded",
  },
  operators: ["semi join"],
  judges: { sale: applied, visit: applied },
  rows: ({ sales, visits }) => {
    const seen = new Set(rowsOf(visits).map(({ amount }) => amount * 3))
    return rowsOf(sales)
      .filter(({ amount }) => !seen.has(amount % 30))
      .map(({ id, name }) => [id, name])
  },
})

const windowPairs = simView("window_pairs", {
  options: {
    sql: `SELECT a.window_end, a.id AS sale_id, b.id AS visit_id
          FROM tumble(sale, at, INTERVAL '1 second') AS a
          JOIN tumble(visit, at, INTERVAL '1 second') AS b
            ON a.window_end = b.window_end AND a.amount % 5 = b.pages % 5`,
    allowedLateness: "500 ms",
  },
  operators: ["windowed join"],
  judges: {
    sale: lateIf(({ atUs }, w) => endOf(atUs, SECOND_US) + HALF_SECOND_US <= leastOf(w)),
    visit: lateIf(({ atUs }, w) => endOf(atUs, SECOND_US) + HALF_SECOND_US <= leastOf(w)),
  },
  rows: ({ sales, visits }) => {
    const keyOf = ({ atUs, amount }: LoggedRow) => `${endOf(atUs, SECOND_US)} ${amount % 5}`
    const ofKey = indexed(rowsOf(visits), keyOf)
    return rowsOf(sales).flatMap((s) => ofKey(keyOf(s)).map((v) => [endOf(s.atUs, SECOND_US), s.id, v.id]))
  },
})

const TOTALS = `SELECT a.window_end, a.total, b.pages FROM (
    SELECT window_end, sum(amount) AS total FROM tumble(sale, at, INTERVAL '1 second') GROUP BY window_end
  ) AS a LEFT JOIN (
    SELECT window_end, sum(pages) AS pages FROM tumble(visit, at, INTERVAL '1 second') GROUP BY window_end
  ) AS b ON a.window_end = b.window_end`

const ofWindows = (latenessUs: bigint) => ({
  sale: lateIf(({ atUs }, w) => endOf(atUs, SECOND_US) + latenessUs <= w.sale),
  visit: lateIf(({ atUs }, w) => endOf(atUs, SECOND_US) + latenessUs <= w.visit),
})
const totals = (rows: readonly LoggedRow[]) =>
  grouped(rows, ({ atUs }) => endOf(atUs, SECOND_US)).map(([end, group]) => {
    return [BigInt(end), sum(group, ({ amount }) => amount)] as const
  })

const windowTotals = simView("window_totals", {
  options: { sql: TOTALS, allowedLateness: "1 second" },
  operators: ["windows", "windowed join"],
  judges: ofWindows(SECOND_US),
  rows: ({ sales, visits }) => {
    const pages = new Map(totals(rowsOf(visits)))
    return totals(rowsOf(sales)).map(([end, total]) => [end, total, pages.get(end) ?? null])
  },
})

const windowTotalsAtLast = simView("window_totals_at_last", {
  options: { sql: TOTALS, emit: "final", allowedLateness: "500 ms" },
  operators: ["windows", "windowed join"],
  judges: ofWindows(HALF_SECOND_US),
  rows: ({ sales, visits, watermarksUs }) => {
    const pages = new Map(totals(rowsOf(visits)).filter(([end]) => end <= watermarksUs.visit))
    const closed = totals(rowsOf(sales)).filter(([end]) => end <= watermarksUs.sale)
    return closed.flatMap(([end, total]): Row[] => {
      const partner = pages.get(end)
      if (partner !== undefined) return [[end, total, partner]]
      return end + HALF_SECOND_US <= leastOf(watermarksUs) ? [[end, total, null]] : []
    })
  },
})

const TO_LIVE_US = 2n * SECOND_US

/** A row is there for its partners until the watermark has gone that far beyond it. */
const kept = simView("kept", {
  options: {
    sql: "SELECT s.id AS sale_id, v.id AS visit_id FROM sale AS s JOIN visit AS v ON v.pages = s.amount % 10",
    state: { timeToLive: "2 seconds" },
  },
  operators: ["time to live"],
  judges: {
    sale: lateIf(({ atUs }, w) => atUs + TO_LIVE_US <= leastOf(w)),
    visit: lateIf(({ atUs }, w) => atUs + TO_LIVE_US <= leastOf(w)),
  },
  rows: ({ sales, visits }) => {
    const ofPages = indexed(visits, ({ row }) => row.amount)
    return sales.flatMap((s) =>
      ofPages(s.row.amount % 10)
        .filter((v) => {
          const [earlier, later] = s.epoch < v.epoch ? [s, v] : [v, s]
          return earlier.epoch === later.epoch || earlier.row.atUs + TO_LIVE_US > leastOf(later.before)
        })
        .map((v) => [s.row.id, v.row.id]),
    )
  },
})

const alike = simView("alike", {
  options: {
    sql: `SELECT p.shop, p.n AS sales, q.visitor, q.n AS visits
          FROM per_shop AS p FULL JOIN newest AS q ON p.n = q.n`,
    state: "unbounded",
  },
  operators: ["join"],
  reads: ["per_shop", "newest"],
  rows: ({ below }) => {
    const visitors = below("newest")
    const ofCount = indexed(visitors, ([, n]) => n)
    const shops = below("per_shop")
    const counts = new Set(shops.map(([, n]) => String(n)))
    const rows = shops.flatMap(([shop, n]): Row[] => {
      const found = ofCount(n)
      return found.length === 0 ? [[shop!, n!, null, null]] : found.map(([who, m]) => [shop!, n!, who!, m!])
    })
    const alone = visitors.filter(([, n]) => !counts.has(String(n)))
    return [...rows, ...alone.map(([who, n]): Row => [null, null, who!, n!])]
  },
})

/** An event beside a view of itself: each sale is put out anew whenever its shop changes. */
const shares = simView("shares", {
  options: {
    sql: `SELECT s.id, s.amount, p.total FROM sale AS s JOIN per_shop AS p ON p.shop = s.shop`,
    state: "unbounded",
  },
  operators: ["join"],
  reads: ["per_shop"],
  judges: { sale: applied },
  rows: ({ sales, below }) => {
    const totalOf = new Map(below("per_shop").map(([shop, , total]) => [shop, total!]))
    return rowsOf(sales).map(({ id, amount, name }) => [id, amount, totalOf.get(name)!])
  },
})

export const JOINS: readonly SimView[] = [
  ...[near, nearOrAlone, nearAtLast, visitedSoon, notVisitedSoon, neverSeen],
  ...[windowPairs, windowTotals, windowTotalsAtLast, kept, alike, shares],
]
