/** The oracle against plain counting of the same two days: it must have read what the feeder sends. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { canonical } from "./compare-views.ts"
import { flightsInOrder } from "./departures.ts"
import { expectedViews } from "./oracle.ts"

const RANGE = { from: "2001-01-01", until: "2001-01-03" }

test("PostgreSQL's answers are those of counting by hand", async () => {
  const days = new Map<string, { flights: number; late: number; miles: number; airports: Set<string> }>()
  const hours = new Map<string, number[]>()
  for await (const flight of flightsInOrder(RANGE)) {
    const day = flight.scheduled_at.slice(0, 10)
    const totals = days.get(day) ?? { flights: 0, late: 0, miles: 0, airports: new Set() }
    days.set(day, totals)
    totals.flights++
    totals.late += flight.delay_minutes > 15 ? 1 : 0
    totals.miles += flight.distance_miles
    totals.airports.add(flight.origin)
    const hour = `${flight.origin} ${flight.scheduled_at.slice(0, 13)}`
    hours.set(hour, [...(hours.get(hour) ?? []), flight.delay_minutes])
  }
  const views = new Map((await expectedViews({ range: RANGE })).map((view) => [view.name, view.rows]))
  assert.deepEqual(
    [...days.values()].map(({ flights }) => flights),
    [14_828, 16_850],
  )

  const perDay = views.get("flights_per_day") ?? []
  assert.equal(perDay.length, 2)
  for (const row of perDay) {
    const totals = days.get(String(row["day"]).slice(0, 10))
    assert.deepEqual(
      [row["flights"], row["miles"], row["airports"]],
      [String(totals?.flights), String(totals?.miles), String(totals?.airports.size)],
    )
  }
  for (const row of views.get("late_share_by_day") ?? []) {
    assert.equal(row["late"], String(days.get(String(row["day"]).slice(0, 10))?.late))
  }
  const byHour = views.get("delays_by_airport_hour") ?? []
  assert.equal(byHour.length, hours.size)
  for (const row of byHour) {
    const hour = `${row["origin"]} ${String(row["window_start"]).slice(0, 13).replace(" ", "T")}`
    const delays = hours.get(hour) ?? []
    assert.deepEqual(
      [row["flights"], row["longest_delay"]],
      [String(delays.length), String(Math.max(...delays))],
    )
    const average = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
    assert.ok(Math.abs(average - Number(row["average_delay"])) <= 0.005 + 1e-9, hour)
    assert.match(canonical(row["average_delay"] ?? null, "number"), /^-?\d+(\.\d{1,2})?$/)
  }
})

test("a feed that was stopped is expected to have sent only what had left", async () => {
  const until = Date.UTC(2001, 0, 1, 12) / 60_000
  let left = 0
  for await (const flight of flightsInOrder(RANGE)) {
    if (Date.parse(flight.scheduled_at) / 60_000 + flight.delay_minutes < until) left++
  }
  const views = await expectedViews({ range: RANGE, leftBeforeMinute: until })
  const perDay = views.find(({ name }) => name === "flights_per_day")
  assert.equal(
    perDay?.rows.reduce((sum, row) => sum + Number(row["flights"]), 0),
    left,
  )
})
