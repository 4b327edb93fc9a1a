/** What people ask about flights. */
import { view } from "millrace"

export const delaysByAirportHour = view("delays_by_airport_hour", {
  description:
    "Average and longest delay, in minutes, of the flights that were to leave an airport within an hour.",
  sql: `
    SELECT origin, window_start,
      round(avg(delay_minutes), 2) AS average_delay, max(delay_minutes) AS longest_delay, count(*) AS flights
    FROM tumble(flight, scheduled_at, INTERVAL '1 hour')
    GROUP BY origin, window_start`,
})

export const worstRoutes = view("worst_routes", {
  description: "Average delay, in minutes, of every route that has been flown ten times or more.",
  sql: `
    SELECT origin, destination, round(avg(delay_minutes), 2) AS average_delay, count(*) AS flights
    FROM flight
    GROUP BY origin, destination
    HAVING count(*) >= 10`,
  // There are 3,400 routes, not ever more of them.
  state: "unbounded",
})

export const lateShareByDay = view("late_share_by_day", {
  description: "How many flights of a day, in per cent, left more than 15 minutes late.",
  sql: `
    SELECT window_start AS day,
      round(100.0 * sum(CASE WHEN delay_minutes > 15 THEN 1 ELSE 0 END) / count(*), 2) AS late_percent,
      sum(CASE WHEN delay_minutes > 15 THEN 1 ELSE 0 END) AS late, count(*) AS flights
    FROM tumble(flight, scheduled_at, INTERVAL '1 day')
    GROUP BY window_start`,
})

export const flightsPerDay = view("flights_per_day", {
  description: "What a day adds up to.",
  sql: `
    SELECT window_start AS day, count(*) AS flights, sum(distance_miles) AS miles,
      sum(delay_minutes) AS delay_minutes, count(DISTINCT origin) AS airports
    FROM tumble(flight, scheduled_at, INTERVAL '1 day')
    GROUP BY window_start`,
})
