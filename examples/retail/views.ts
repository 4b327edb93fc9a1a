/** What the shop asks. Money is exact: decimals, never floats. */
import { view } from "millrace"

export const revenueByDayAndCountry = view("revenue_by_day_and_country", {
  description: "Pounds taken on a day in a country, cancellations taken off, and how many lines it were.",
  sql: `
    SELECT window_start AS day, country, sum(quantity * unit_price) AS revenue, sum(quantity) AS units,
      count(*) AS lines, count(DISTINCT invoice) AS invoices
    FROM tumble(order_line, invoiced_at, INTERVAL '1 day')
    GROUP BY window_start, country`,
})

export const cancellationsByDay = view("cancellations_by_day", {
  description: "What was taken back on a day, in pounds.",
  sql: `
    SELECT window_start AS day, -sum(quantity * unit_price) AS pounds, count(*) AS lines
    FROM tumble(order_line, invoiced_at, INTERVAL '1 day')
    WHERE quantity < 0 AND invoice LIKE 'C%'
    GROUP BY window_start`,
})

export const articles = view("articles", {
  description: "Units sold of every article, and what they brought.",
  sql: `
    SELECT article, sum(quantity) AS units, sum(quantity * unit_price) AS revenue,
      max(unit_price) AS highest_price
    FROM order_line
    GROUP BY article`,
  // A shop has a few thousand articles.
  state: "unbounded",
})

export const days = view("days", {
  description: "All countries of a day together: a view over a view.",
  sql: `
    SELECT day, sum(revenue) AS revenue, sum(lines) AS lines, count(*) AS countries
    FROM revenue_by_day_and_country
    GROUP BY day`,
  state: "unbounded",
})
