import assert from "node:assert/strict"
import { test } from "node:test"
import { parseDuration } from "./durations.ts"

test("durations are a number and a unit", () => {
  const cases: [string, number][] = [
    ["500 ms", 500],
    ["10s", 10_000],
    ["10 seconds", 10_000],
    ["1 minute", 60_000],
    ["5m", 300_000],
    ["1.5 hours", 5_400_000],
    ["36 h", 129_600_000],
    ["7 days", 604_800_000],
    ["2 weeks", 1_209_600_000],
  ]
  for (const [text, ms] of cases) assert.equal(parseDuration(text, "x"), ms, text)
})

test("what is not a duration is refused with its place", () => {
  for (const text of ["", "ten", "10", "-1 s", "10 parsecs", "1 month"]) {
    assert.throws(() => parseDuration(text, "outOfOrderness of flight"), /outOfOrderness of flight/, text)
  }
})
