/** Somebody signed up. */
import { event, int32, timestamp } from "millrace"
import { z } from "zod"

export const userSignup = event("user_signup", {
  description: "Somebody signed up.",
  schema: z.object({
    event_id: z.string().min(1),
    event_type: z.literal("user_signup"),
    timestamp: timestamp(),
    user_id: z.string().min(1),
    email: z.email().optional(),
    plan: z
      .string()
      .optional()
      .meta({ examples: ["premium"] }),
    metadata: z.record(z.string(), z.unknown()).optional(),
    schema_version: int32().min(1),
  }),
  id: "event_id",
  time: "timestamp",
  key: "user_id",
  // Telephones send what they gathered while they were offline, and partners their lists at the end of the
  // month. Waiting that long costs little: the view keeps one small row a plan and day.
  outOfOrderness: "31 days",
  // A producer that did not see its answer sends again.
  dedup: "1 day",
})
