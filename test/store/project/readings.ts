/** What the store is fed in the tests: duplicates, NULLs, and views of every shape that a table can have. */
import { event, int64, timestamp, view } from "millrace"
import { z } from "zod"

export const reading = event("reading", {
  schema: z.object({
    id: z.string(),
    at: timestamp(),
    sensor: z.string().nullable(),
    n: int64(),
    value: z.number().nullable(),
  }),
  id: "id",
  time: "at",
  key: "id",
  partitions: 3,
  outOfOrderness: "1 hour",
  dedup: "1 hour",
})

/** A key: rows are replaced. */
export const perSensor = view("per_sensor", {
  sql: "SELECT sensor, count(*) AS n, sum(n) AS total, max(value) AS highest FROM reading GROUP BY sensor",
  state: "unbounded",
})

/** No key, and rows only come. */
export const high = view("high", { sql: "SELECT sensor, value FROM reading WHERE value > 90" })

/** No key, and rows come and go. */
export const counts = view("counts", { sql: "SELECT n % 10 AS digit FROM per_sensor" })

/** One row. */
export const all = view("totals", {
  sql: "SELECT count(*) AS rows, sum(n) AS total FROM reading",
  state: "unbounded",
})
