import assert from "node:assert/strict"
import { test } from "node:test"
import { simulateRuntime } from "../../src/testing/runtime-simulation.ts"
import { simulateDiskFaults } from "./disk-faults.ts"
import { simulate } from "./simulate.ts"

/** About 35 s on two cores; `npm run simulate -- --count 10000` is the long proof. */
const SEEDS = 200
const FAULTS_PER_SEED = 20
/** `npm run simulate -- --disk-faults 1000` tries each of them. */
const EVERY_NTH_WRITE = 37

test("log and runtime keep their laws through seeded lives full of crashes and faults", async (t) => {
  const report = await simulate(0, SEEDS)
  t.diagnostic(JSON.stringify(report))
  const struck = Object.values(report.faults).reduce((total, count) => total + count, 0)
  assert.ok(struck >= SEEDS * FAULTS_PER_SEED, `${struck} faults`)
  for (const kind of [
    "power loss",
    "kill",
    "clean stop",
    "slow disk",
    "disk-failed",
    "disk-full",
    "crash in recovery",
    "crash in a checkpoint",
    "damaged checkpoint",
    "damaged pages",
    "missing pages",
    "project change",
  ]) {
    assert.ok((report.faults[kind] ?? 0) >= SEEDS / 10, `${kind}: ${report.faults[kind]}`)
  }
  assert.ok(report.epochs > SEEDS * 10, "the lives were eventful")
})

test("the disk full or failing at any write loses nothing that was acknowledged", async (t) => {
  const report = await simulateDiskFaults(1_000, EVERY_NTH_WRITE)
  t.diagnostic(JSON.stringify(report))
  assert.ok(report.struck > report.lives / 2, "most lives are long enough for their fault")
})

test("the same seed gives the same trace, another seed another one", async () => {
  const first = await simulateRuntime(7)
  assert.deepEqual((await simulateRuntime(7)).trace, first.trace)
  assert.notEqual((await simulateRuntime(8)).traceHash, first.traceHash)
})
