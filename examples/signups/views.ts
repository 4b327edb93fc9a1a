/** What the signups add up to. */
import { view } from "millrace"

export const signupsPerPlan = view("signups_per_plan", {
  description: "How many people signed up, by plan and day.",
  sql: `
    SELECT plan, window_start AS day, count(*) AS count
    FROM tumble(user_signup, timestamp, INTERVAL '1 day')
    GROUP BY plan, window_start`,
})
