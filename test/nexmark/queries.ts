/** Nexmark q0 to q23 as views; unbounded ones keep what never closes, as the benchmark means it. */
import type { ViewDefinition } from "../../src/plan/view.ts"
import { view } from "../../src/plan/view.ts"

const BID_RANKS = (what: string) => `
  ${what} AS total, ${what} FILTER (WHERE price < 10000) AS rank1,
  ${what} FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2,
  ${what} FILTER (WHERE price >= 1000000) AS rank3`

const ranks = (what: string, suffix: string): string =>
  BID_RANKS(what).replace(/AS (total|rank\d)/g, (_, name: string) => `AS ${name}_${suffix}`)

const HOT = `SELECT auction, count(*) AS num, window_start, window_end
  FROM hop(bid, date_time, INTERVAL '2 seconds', INTERVAL '10 seconds')
  GROUP BY auction, window_start, window_end`

/** Bids of an auction while it was open. */
const WINNING = `FROM auction a
  JOIN bid b ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires`

const bounded = (name: string, sql: string): ViewDefinition => view(name, { sql })
const unbounded = (name: string, sql: string): ViewDefinition => view(name, { sql, state: "unbounded" })

export const NEXMARK_QUERIES: readonly ViewDefinition[] = [
  bounded("q0", "SELECT auction, bidder, price, date_time, extra FROM bid"),
  bounded(
    "q1",
    "SELECT auction, bidder, (0.908 * price)::numeric(23, 3) AS price, date_time, extra FROM bid",
  ),
  bounded("q2", "SELECT auction, price FROM bid WHERE auction % 123 = 0"),
  unbounded(
    "q3",
    `SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id
     WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')`,
  ),
  unbounded(
    "q4",
    `SELECT category, avg(final) AS average
     FROM (SELECT a.id, a.category, max(b.price) AS final ${WINNING} GROUP BY a.id, a.category) q
     GROUP BY category`,
  ),
  bounded(
    "q5",
    `WITH counts AS (${HOT}),
       most AS (SELECT max(num) AS maxn, window_start, window_end FROM counts
                GROUP BY window_start, window_end)
     SELECT c.auction, c.num, c.window_end
     FROM counts c JOIN most m
       ON c.window_start = m.window_start AND c.window_end = m.window_end AND c.num >= m.maxn`,
  ),
  unbounded(
    "q6",
    `SELECT seller, id,
       avg(price) OVER (PARTITION BY seller ORDER BY date_time, id
         ROWS BETWEEN 10 PRECEDING AND CURRENT ROW) AS average
     FROM (SELECT *, row_number() OVER (PARTITION BY id, seller ORDER BY price DESC, date_time) AS place
           FROM (SELECT a.id, a.seller, b.price, b.date_time ${WINNING}) AS bids) AS q
     WHERE place <= 1`,
  ),
  bounded(
    "q7",
    `SELECT b.auction, b.price, b.bidder, b.date_time, b.extra
     FROM bid b
     JOIN (SELECT max(price) AS price, window_end
           FROM tumble(bid, date_time, INTERVAL '10 seconds') GROUP BY window_end) m
       ON b.price = m.price
     WHERE b.date_time BETWEEN m.window_end - INTERVAL '10 seconds' AND m.window_end`,
  ),
  bounded(
    "q8",
    `SELECT p.id, p.name, p.window_start
     FROM (SELECT id, name, window_start, window_end FROM tumble(person, date_time, INTERVAL '10 seconds')
           GROUP BY id, name, window_start, window_end) p
     JOIN (SELECT seller, window_start, window_end FROM tumble(auction, date_time, INTERVAL '10 seconds')
           GROUP BY seller, window_start, window_end) a
       ON p.id = a.seller AND p.window_start = a.window_start AND p.window_end = a.window_end`,
  ),
  unbounded(
    "q9",
    `SELECT id, item_name, description, initial_bid, reserve, date_time, expires, seller, category, extra,
       auction, bidder, price, bid_date_time, bid_extra
     FROM (SELECT a.*, b.auction, b.bidder, b.price, b.date_time AS bid_date_time, b.extra AS bid_extra,
             row_number() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.date_time) AS place
           ${WINNING}) AS q
     WHERE place <= 1`,
  ),
  bounded(
    "q10",
    `SELECT auction, bidder, price, date_time, extra, left(date_time::text, 10) AS day,
       substring(date_time::text, 12, 5) AS minute FROM bid`,
  ),
  bounded(
    "q11",
    `SELECT bidder, count(*) AS bids, window_start, window_end
     FROM session(bid, date_time, INTERVAL '10 seconds', bidder) GROUP BY bidder, window_start, window_end`,
  ),
  unbounded(
    "q12",
    `SELECT bidder, count(*) AS bids,
       date_bin(INTERVAL '10 seconds', processed_at, TIMESTAMP '1970-01-01') AS start
     FROM bid GROUP BY bidder, 3`,
  ),
  unbounded(
    "q13",
    `SELECT b.auction, b.bidder, b.price, b.date_time, s.value
     FROM bid b JOIN side_input s ON b.auction % 10000 = s.key`,
  ),
  bounded(
    "q14",
    `SELECT auction, bidder, 0.908 * price AS price,
       CASE WHEN extract(hour FROM date_time) BETWEEN 8 AND 18 THEN 'dayTime'
            WHEN extract(hour FROM date_time) <= 6 OR extract(hour FROM date_time) >= 20 THEN 'nightTime'
            ELSE 'otherTime' END AS bid_time_type,
       date_time, extra, length(extra) - length(replace(extra, 'c', '')) AS c_counts
     FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000`,
  ),
  unbounded(
    "q15",
    `SELECT left(date_time::text, 10) AS day, ${ranks("count(*)", "bids")},
       ${ranks("count(DISTINCT bidder)", "bidders")}, ${ranks("count(DISTINCT auction)", "auctions")}
     FROM bid GROUP BY 1`,
  ),
  unbounded(
    "q16",
    `SELECT channel, left(date_time::text, 10) AS day, max(substring(date_time::text, 12, 5)) AS minute,
       ${ranks("count(*)", "bids")}, ${ranks("count(DISTINCT bidder)", "bidders")},
       ${ranks("count(DISTINCT auction)", "auctions")}
     FROM bid GROUP BY channel, 2`,
  ),
  unbounded(
    "q17",
    `SELECT auction, left(date_time::text, 10) AS day, ${ranks("count(*)", "bids")},
       min(price) AS min_price, max(price) AS max_price, avg(price) AS avg_price, sum(price) AS sum_price
     FROM bid GROUP BY auction, 2`,
  ),
  unbounded(
    "q18",
    `SELECT auction, bidder, price, channel, url, date_time, extra
     FROM (SELECT *, row_number() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) AS place
           FROM bid) AS q
     WHERE place <= 1`,
  ),
  unbounded(
    "q19",
    `SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY auction ORDER BY price DESC, date_time) AS place
                    FROM bid) AS q WHERE place <= 10`,
  ),
  unbounded(
    "q20",
    `SELECT b.auction, b.bidder, b.price, b.channel, b.url, b.date_time AS bid_date_time,
       b.extra AS bid_extra,
       a.item_name, a.description, a.initial_bid, a.reserve, a.date_time AS auction_date_time, a.expires,
       a.seller, a.category, a.extra AS auction_extra
     FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10`,
  ),
  bounded(
    "q21",
    `SELECT * FROM (
       SELECT auction, bidder, price, channel,
         CASE lower(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2'
           WHEN 'baidu' THEN '3'
           ELSE nullif(split_part(split_part(url, 'channel_id=', 2), '&', 1), '') END AS channel_id
       FROM bid) AS q WHERE channel_id IS NOT NULL`,
  ),
  bounded(
    "q22",
    `SELECT auction, bidder, price, channel, split_part(url, '/', 4) AS dir1, split_part(url, '/', 5) AS dir2,
       split_part(url, '/', 6) AS dir3 FROM bid`,
  ),
  unbounded(
    "q23",
    `SELECT b.auction, b.bidder, b.price, p.name, a.item_name
     FROM bid b JOIN person p ON b.bidder = p.id JOIN auction a ON b.bidder = a.seller`,
  ),
]
