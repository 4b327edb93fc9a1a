/** A line of an invoice: 320,705 of them, a British shop from December 2010 to August 2011. */
import { decimal, event, int32, timestamp } from "millrace"
import { z } from "zod"

export const orderLine = event("order_line", {
  description: "An article was sold, or taken back.",
  schema: z.object({
    line_hash: z
      .string()
      .length(32)
      .meta({ description: "Of the line's text: lines have no number, and some were exported twice" }),
    invoice: z
      .string()
      .min(1)
      .meta({ description: "C before the number: a cancellation", examples: ["536365", "C536379"] }),
    article: z
      .string()
      .min(1)
      .meta({ examples: ["85123A"] }),
    description: z
      .string()
      .optional()
      .meta({ examples: ["WHITE HANGING HEART T-LIGHT HOLDER"] }),
    quantity: int32().meta({ description: "Negative: taken back", examples: [6] }),
    invoiced_at: timestamp(),
    unit_price: decimal(12, 3).meta({ description: "In pounds", examples: ["2.55"] }),
    customer: z
      .string()
      .optional()
      .meta({ examples: ["17850"] }),
    country: z
      .string()
      .min(1)
      .meta({ examples: ["United Kingdom"] }),
  }),
  id: "line_hash",
  time: "invoiced_at",
  key: "country",
  partitions: 2,
  // The file is in the order of its invoices; two feeders may be a few minutes apart.
  outOfOrderness: "1 hour",
  // The same line again is the same sale. A feeder may therefore begin anew at any time of that day.
  dedup: "1 day",
})
