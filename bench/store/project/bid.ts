/** Nexmark's bid with memory of its ids, and views with a key: everything on. */
import { event, int64, timestamp, view } from "millrace"
import { z } from "zod"

export const bid = event("bid", {
  schema: z.object({
    id: z.string(),
    auction: int64(),
    bidder: int64(),
    price: int64(),
    channel: z.string(),
    url: z.string(),
    date_time: timestamp(),
    extra: z.string(),
  }),
  id: "id",
  time: "date_time",
  outOfOrderness: "1 minute",
  dedup: "1 hour",
})

export const perAuction = view("per_auction", {
  sql: "SELECT auction, count(*) AS bids, max(price) AS highest FROM bid GROUP BY auction",
  state: "unbounded",
})
