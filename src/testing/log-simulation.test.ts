import assert from "node:assert/strict"
import { test } from "node:test"
import { simulateLog } from "./log-simulation.ts"

const SEEDS = 200

test("the log keeps its laws through 200 seeded lives full of crashes and faults", () => {
  let restarts = 0
  for (let seed = 0; seed < SEEDS; seed++) restarts += simulateLog(seed, { steps: 40 }).restarts
  assert.ok(restarts > SEEDS * 3, "the lives were eventful")
})

test("the same seed gives the same trace, another seed another one", () => {
  assert.deepEqual(simulateLog(7).trace, simulateLog(7).trace)
  assert.notDeepEqual(simulateLog(7).trace, simulateLog(8).trace)
})
