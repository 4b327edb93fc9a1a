import assert from "node:assert/strict"
import { test } from "node:test"
import { simulateRuntime } from "../../src/testing/runtime-simulation.ts"
import { simulateDiskFaults } from "./disk-faults.ts"
import { simulateSeeds } from "./simulate-seeds.ts"

const SEEDS_RUN_TWICE = 10
/** `npm run simulate -- --disk-faults 1000` tries each of them. */
const EVERY_NTH_WRITE = 74

test("log and runtime keep their laws through seeded lives full of crashes and faults", (t) =>
  simulateSeeds(t, 0))

test("the disk full or failing at any write loses nothing that was acknowledged", async (t) => {
  const report = await simulateDiskFaults(1_000, EVERY_NTH_WRITE)
  t.diagnostic(JSON.stringify(report))
  assert.ok(report.struck > report.lives / 2, "most lives are long enough for their fault")
})

test("the same seed gives the same trace, another seed another one", async () => {
  const hashes = new Set<string>()
  for (let seed = 7; seed < 7 + SEEDS_RUN_TWICE; seed++) {
    const first = await simulateRuntime(seed)
    const again = await simulateRuntime(seed)
    if (again.traceHash !== first.traceHash) assert.deepEqual(again.trace, first.trace, `seed ${seed}`)
    assert.equal(again.traceHash, first.traceHash)
    hashes.add(first.traceHash)
  }
  assert.equal(hashes.size, SEEDS_RUN_TWICE)
})
