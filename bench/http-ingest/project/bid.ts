/** Nexmark's bid, 212 bytes as JSON; once without and once with memory of its ids. No view: the door. */
import { event, int64, timestamp } from "millrace"
import { z } from "zod"

const schema = z.object({
  id: z.string(),
  auction: int64(),
  bidder: int64(),
  price: int64(),
  channel: z.string(),
  url: z.string(),
  date_time: timestamp(),
  extra: z.string(),
})

export const bid = event("bid", { schema, id: "id", time: "date_time", outOfOrderness: "1 minute" })

export const bidOnce = event("bid_once", {
  schema,
  id: "id",
  time: "date_time",
  outOfOrderness: "1 minute",
  dedup: "1 hour",
})
