/**
 * Nexmark's queries in Flink's SQL, over the tables of bench/flink/script.ts. They come to the same rows as
 * the views of test/nexmark/queries.ts, column by column. Where Flink knows a cheaper form than the public
 * project's, it is the one that stands here: q7 lets its state go, q21 goes without a regular expression.
 */

const ranks = (what: string, suffix: string): string =>
  [
    `${what} AS total_${suffix}`,
    `${what} FILTER (WHERE price < 10000) AS rank1_${suffix}`,
    `${what} FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_${suffix}`,
    `${what} FILTER (WHERE price >= 1000000) AS rank3_${suffix}`,
  ].join(", ")

const DAY = "DATE_FORMAT(date_time, 'yyyy-MM-dd')"
const MINUTE = "DATE_FORMAT(date_time, 'HH:mm')"
const DISTINCT = [
  ranks("COUNT(DISTINCT bidder)", "bidders"),
  ranks("COUNT(DISTINCT auction)", "auctions"),
].join(", ")
const EURO = "CAST(0.908 AS DECIMAL(4, 3)) * price"

/** Bids of an auction while it was open. */
const WINNING = `FROM auction a
  JOIN bid b ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires`

const tumble = (table: string, time = "date_time"): string =>
  `TABLE(TUMBLE(TABLE ${table}, DESCRIPTOR(${time}), INTERVAL '10' SECOND))`

export const FLINK_QUERIES: Readonly<Record<string, string>> = {
  q0: "SELECT auction, bidder, price, date_time, extra FROM bid",
  q1: `SELECT auction, bidder, CAST(${EURO} AS DECIMAL(23, 3)) AS price, date_time, extra FROM bid`,
  q2: "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0",
  q3: `SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id
    WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')`,
  q4: `SELECT category, AVG(CAST(final AS DOUBLE)) AS average
    FROM (SELECT a.id, a.category, MAX(b.price) AS final ${WINNING} GROUP BY a.id, a.category) q
    GROUP BY category`,
  q5: `WITH counts AS (
      SELECT auction, COUNT(*) AS num, window_start, window_end
      FROM TABLE(HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
      GROUP BY auction, window_start, window_end),
    most AS (
      SELECT MAX(num) AS maxn, window_start, window_end FROM counts GROUP BY window_start, window_end)
    SELECT c.auction, c.num, c.window_end FROM counts c JOIN most m
      ON c.window_start = m.window_start AND c.window_end = m.window_end AND c.num >= m.maxn`,
  q7: `SELECT b.auction, b.price, b.bidder, b.date_time, b.extra
    FROM bid b JOIN (
      SELECT MAX(price) AS price, window_time AS last_ms FROM ${tumble("bid")}
      GROUP BY window_start, window_end, window_time) m
    ON b.price = m.price AND b.date_time
      BETWEEN m.last_ms - INTERVAL '9.999' SECOND AND m.last_ms + INTERVAL '0.001' SECOND`,
  q8: `SELECT p.id, p.name, p.window_start
    FROM (SELECT id, name, window_start, window_end FROM ${tumble("person")}
      GROUP BY id, name, window_start, window_end) p
    JOIN (SELECT seller, window_start, window_end FROM ${tumble("auction")}
      GROUP BY seller, window_start, window_end) a
    ON p.id = a.seller AND p.window_start = a.window_start AND p.window_end = a.window_end`,
  q9: `SELECT id, item_name, description, initial_bid, reserve, date_time, expires, seller, category, extra,
      auction, bidder, price, bid_date_time, bid_extra
    FROM (SELECT a.*, b.auction, b.bidder, b.price, b.date_time AS bid_date_time, b.extra AS bid_extra,
        ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.date_time) AS place ${WINNING}) q
    WHERE place <= 1`,
  q10: `SELECT auction, bidder, price, date_time, extra, ${DAY}, ${MINUTE} FROM bid`,
  q11: `SELECT bidder, COUNT(*) AS bids, window_start, window_end
    FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(date_time), INTERVAL '10' SECOND))
    GROUP BY bidder, window_start, window_end`,
  q12: `SELECT bidder, COUNT(*) AS bids, window_start FROM ${tumble("bid", "processed_at")}
    GROUP BY bidder, window_start, window_end`,
  q14: `SELECT auction, bidder, ${EURO} AS price,
      CASE WHEN HOUR(date_time) BETWEEN 8 AND 18 THEN 'dayTime'
        WHEN HOUR(date_time) <= 6 OR HOUR(date_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END,
      date_time, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) AS c_counts
    FROM bid WHERE ${EURO} > 1000000 AND ${EURO} < 50000000`,
  q15: `SELECT ${DAY}, ${ranks("COUNT(*)", "bids")}, ${DISTINCT} FROM bid GROUP BY ${DAY}`,
  q16: `SELECT channel, ${DAY}, MAX(${MINUTE}) AS last_minute, ${ranks("COUNT(*)", "bids")}, ${DISTINCT}
    FROM bid GROUP BY channel, ${DAY}`,
  q17: `SELECT auction, ${DAY}, ${ranks("COUNT(*)", "bids")}, MIN(price) AS min_price,
      MAX(price) AS max_price, AVG(CAST(price AS DOUBLE)) AS avg_price, SUM(price) AS sum_price
    FROM bid GROUP BY auction, ${DAY}`,
  q18: `SELECT auction, bidder, price, channel, url, date_time, extra
    FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) AS place
      FROM bid) q
    WHERE place <= 1`,
  // A row may have one time attribute.
  q19: `SELECT auction, bidder, price, channel, url, date_time, extra,
      CAST(date_time AS TIMESTAMP_LTZ(3)) AS processed, place
    FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, date_time) AS place
      FROM bid) q
    WHERE place <= 10`,
  q20: `SELECT b.auction, b.bidder, b.price, b.channel, b.url, b.date_time, b.extra,
      a.item_name, a.description, a.initial_bid, a.reserve, a.date_time, a.expires, a.seller, a.category,
      a.extra
    FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10`,
  q21: `SELECT * FROM (
      SELECT auction, bidder, price, channel,
        CASE LOWER(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2'
          WHEN 'baidu' THEN '3'
          ELSE SPLIT_INDEX(SPLIT_INDEX(url, 'channel_id=', 1), '&', 0) END AS channel_id
      FROM bid) q
    WHERE channel_id IS NOT NULL`,
  q22: `SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3), SPLIT_INDEX(url, '/', 4),
      SPLIT_INDEX(url, '/', 5)
    FROM bid`,
  q23: `SELECT b.auction, b.bidder, b.price, p.name, a.item_name
    FROM bid b JOIN person p ON b.bidder = p.id JOIN auction a ON b.bidder = a.seller`,
}

/** What Flink is not asked, and why. */
export const NOT_IN_FLINK: Readonly<Record<string, string>> = {
  q6: "Flink's SQL has no window over rows that are taken back (FLINK-19059)",
  q13: "none of Flink's own connectors reads a file as a table to look up",
}

/** The time is the clock's there, and rows depend on it: nothing to compare. */
export const WITHOUT_ANSWER: ReadonlySet<string> = new Set(["q12"])

/** No state, so that neither a backend nor batches of it matter. */
export const WITHOUT_STATE: ReadonlySet<string> = new Set(["q0", "q1", "q2", "q10", "q14", "q21", "q22"])
