/** Load on one key each, and probes whose arrival in the view is timed. */
import { event, int32, timestamp, view } from "millrace"
import { z } from "zod"

export const click = event("click", {
  schema: z.object({ id: z.string(), at: timestamp(), page: z.string(), ms: int32() }),
  id: "id",
  time: "at",
  outOfOrderness: "1 minute",
})

export const perPage = view("per_page", {
  sql: `SELECT page, window_start, count(*) AS clicks, sum(ms) AS ms, max(ms) AS slowest
    FROM tumble(click, at, INTERVAL '10 seconds') GROUP BY page, window_start`,
})
