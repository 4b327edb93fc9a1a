/**
 * The whole file, once: that the order is the real one, and how far behind the newest schedule a flight
 * comes.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { departureMinute, departures, EARLIEST_MINUTES, type Flight, flightsInOrder } from "./departures.ts"
import { ALL_FLIGHTS } from "./flights-file.ts"

/** What events.ts declares, in minutes. */
const OUT_OF_ORDERNESS_MINUTES = 28 * 60

test("all flights come once, by real departure, and none is later than the contract allows", async () => {
  const seen = new Uint8Array(ALL_FLIGHTS)
  let count = 0
  let previous = [0, -1]
  let newest = 0
  let furthestBehind = 0
  let earliest = 0
  for await (const block of departures()) {
    for (let row = 0; row < block.length; row++) {
      const id = block.id[row]!
      const left = departureMinute(block, row)
      const inOrder = left > previous[0]! || (left === previous[0] && id > previous[1]!)
      if (!inOrder) assert.fail(`flight ${id} left at ${left}, after flight ${previous[1]} at ${previous[0]}`)
      previous = [left, id]
      seen[id]!++
      count++
      newest = Math.max(newest, block.scheduledMinute[row]!)
      furthestBehind = Math.max(furthestBehind, newest - block.scheduledMinute[row]!)
      earliest = Math.min(earliest, block.delayMinutes[row]!)
    }
  }
  assert.equal(count, ALL_FLIGHTS)
  assert.ok(seen.every((times) => times === 1))
  assert.equal(furthestBehind, 27 * 60 + 43)
  assert.ok(furthestBehind < OUT_OF_ORDERNESS_MINUTES)
  assert.equal(earliest, -EARLIEST_MINUTES)
})

test("a range is the flights scheduled on its days, wherever they lie in the file", async () => {
  const first: Flight[] = []
  const days = new Set<string>()
  for await (const flight of flightsInOrder({ from: "2001-01-17", until: "2001-01-19" })) {
    if (first.length < 1) first.push(flight)
    days.add(flight.scheduled_at.slice(0, 10))
  }
  assert.deepEqual([...days].sort(), ["2001-01-17", "2001-01-18"])
  assert.match(first[0]?.scheduled_at ?? "", /^2001-01-1[78]T\d\d:\d\d:00Z$/)
  await assert.rejects(async () => {
    for await (const _ of flightsInOrder({ from: "17 January" })) assert.fail("nothing is sent")
  }, /is not a day; write it like 2001-01-01/)
})
