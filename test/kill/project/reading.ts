/** An event whose rows come to all that a row can: applied, filtered, late, failed, duplicate. */
import { event, int32, int64, timestamp, view } from "millrace"
import { z } from "zod"

export const reading = event("reading", {
  schema: z.object({ id: z.string(), at: timestamp(), device: z.string(), n: int64(), d: int32() }),
  id: "id",
  time: "at",
  key: "device",
  partitions: 3,
  outOfOrderness: "1 minute",
  // Longer than any run: no partition stops to hold the watermark.
  idle: "1 day",
  dedup: "1 day",
  onInvalid: "dead-letter",
  retention: { bytes: 1024 * 1024 },
})

export const perDevice = view("per_device", {
  sql: "SELECT device, count(*) AS n, sum(n) AS total FROM reading GROUP BY device",
  state: "unbounded",
})

/** Rows without a condition that holds are filtered. */
export const high = view("high", { sql: "SELECT id, n FROM reading WHERE n >= 990" })

/** Rows whose `d` is 0 fail. */
export const ratios = view("ratios", {
  sql: "SELECT device, count(*) AS n, sum(n / d) AS total FROM reading GROUP BY device",
  state: "unbounded",
})

/** Rows of yesterday are late. */
export const perWindow = view("per_window", {
  sql: `SELECT window_start, count(*) AS n, sum(n) AS total
    FROM tumble(reading, at, INTERVAL '10 seconds') GROUP BY window_start`,
})
