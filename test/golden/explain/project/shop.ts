/** Two events, and a view of every kind that the planner knows; explained.txt has what is said of them. */
import { decimal, event, pattern, timestamp, view } from "millrace"
import { z } from "zod"

export const order = event("order_placed", {
  schema: z.object({
    order_id: z.string(),
    placed_at: timestamp(),
    customer: z.string(),
    country: z.string().nullable(),
    amount: decimal(12, 2),
    note: z.string().nullable(),
  }),
  id: "order_id",
  time: "placed_at",
  outOfOrderness: "1 minute",
})

export const payment = event("payment", {
  schema: z.object({
    payment_id: z.string(),
    paid_at: timestamp(),
    order_id: z.string(),
    failed: z.boolean(),
  }),
  id: "payment_id",
  time: "paid_at",
  outOfOrderness: "1 minute",
})

export const perHour = view("per_hour", {
  sql: `SELECT window_start AS hour, country, sum(amount) AS amount, max(amount) AS largest
    FROM tumble(order_placed, placed_at, INTERVAL '1 hour') WHERE amount > 0 GROUP BY window_start, country`,
  emit: "final",
})

export const paidOrders = view("paid_orders", {
  sql: `SELECT o.order_id, o.customer, p.paid_at FROM order_placed AS o, payment AS p
    WHERE o.order_id = p.order_id AND NOT p.failed AND o.amount > 10
      AND p.paid_at BETWEEN o.placed_at AND o.placed_at + INTERVAL '1 hour'`,
})

export const largest = view("largest", {
  sql: `SELECT country, order_id, amount, place FROM (
      SELECT country, order_id, amount,
        row_number() OVER (PARTITION BY country ORDER BY amount DESC, order_id) AS place
      FROM order_placed
    ) AS ranked WHERE place <= 3`,
  state: "unbounded",
})

export const largestFirst = view("largest_first", {
  sql: `SELECT place, amount, country, order_id FROM (
      SELECT country, order_id, amount,
        row_number() OVER (PARTITION BY country ORDER BY amount DESC, order_id) AS number
      FROM order_placed
    ) AS ranked (country, order_id, amount, place) WHERE place <= 3`,
  state: "unbounded",
})

export const visits = view("visits", {
  sql: `SELECT customer, window_start AS began, count(*) AS orders
    FROM session(order_placed, placed_at, INTERVAL '30 minutes', customer)
    GROUP BY customer, window_start, window_end`,
})

export const retries = pattern("retries", {
  from: "payment",
  key: "order_id",
  steps: [
    { name: "refused", where: "failed", times: { atLeast: 2 } },
    { name: "paid", where: "NOT failed" },
  ],
  within: "10 minutes",
  select: "order_id, count(refused.*) AS refused, paid.paid_at AS paid_at",
})

export const both = view("both", {
  sql: `SELECT id, at FROM (
      SELECT order_id AS id, placed_at AS at, amount > 100 AS large FROM order_placed
      UNION ALL SELECT order_id, paid_at, failed FROM payment
    ) AS all_of_them WHERE id <> '' AND at > TIMESTAMP '2020-01-01 00:00:00+00'`,
})

export const hoursOfCountries = view("hours_of_countries", {
  sql: "SELECT country, max(amount) AS best FROM per_hour GROUP BY country HAVING count(*) > 1",
  state: "unbounded",
})
