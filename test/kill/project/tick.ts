/** What the kills hit: an event without `dedup`, and views of every kind of state over it. */
import { event, int32, int64, timestamp, view } from "millrace"
import { z } from "zod"

export const tick = event("tick", {
  schema: z.object({ id: int64(), at: timestamp(), k: int32(), v: int64() }),
  id: "id",
  time: "at",
  outOfOrderness: "1 hour",
  // The log keeps the newest segments only; what is older comes from the lake.
  retention: { bytes: 1024 * 1024 },
})

/** One row per post of 200: tells lost posts, torn posts and doubled posts apart. */
export const posts = view("posts", {
  sql: "SELECT id / 200 AS post, count(*) AS n, sum(v) AS total FROM tick GROUP BY id / 200",
  state: "unbounded",
})

export const perKey = view("per_key", {
  sql: "SELECT k, count(*) AS n, sum(v) AS total, min(id) AS first, max(id) AS last FROM tick GROUP BY k",
  state: "unbounded",
})

export const perSecond = view("per_second", {
  sql: `SELECT window_start, count(*) AS n, sum(v) AS total
    FROM tumble(tick, at, INTERVAL '1 second') GROUP BY window_start`,
})

export const overPosts = view("over_posts", {
  sql: "SELECT count(*) AS posts, sum(n) AS rows, max(n) AS largest FROM posts",
  state: "unbounded",
})
