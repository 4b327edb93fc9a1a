/** A card was charged. */
import { decimal, event, float64, timestamp } from "millrace"
import { z } from "zod"

export const payment = event("payment", {
  description: "A card was charged somewhere.",
  schema: z.object({
    payment_id: z.string().min(1),
    card: z.string().min(1),
    amount: decimal(12, 2).meta({ description: "In euros", examples: ["12.50"] }),
    merchant: z.string().min(1),
    latitude: float64().min(-90).max(90).optional().meta({ description: "Of the shop; absent online" }),
    longitude: float64().min(-180).max(180).optional(),
    paid_at: timestamp(),
  }),
  id: "payment_id",
  time: "paid_at",
  key: "card",
  // Terminals send within seconds.
  outOfOrderness: "30 seconds",
  dedup: "1 day",
})
