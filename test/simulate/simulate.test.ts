import assert from "node:assert/strict"
import { test } from "node:test"
import { simulateRuntime } from "../../src/testing/runtime-simulation.ts"
import { OPERATOR_KINDS } from "../../src/testing/views/sim-view.ts"
import { simulateDiskFaults } from "./disk-faults.ts"
import { FAULTS_PER_SEED, simulate } from "./simulate.ts"

/** About 35 s on two cores; `npm run simulate -- --count 10000` is the long proof. */
const SEEDS = 200
const SEEDS_RUN_TWICE = 10
/** `npm run simulate -- --disk-faults 1000` tries each of them. */
const EVERY_NTH_WRITE = 37

test("log and runtime keep their laws through seeded lives full of crashes and faults", async (t) => {
  const report = await simulate(0, SEEDS)
  t.diagnostic(JSON.stringify(report))
  assert.ok(report.leastFaults >= FAULTS_PER_SEED, `a seed met ${report.leastFaults} faults`)
  for (const kind of [
    "power loss",
    "kill",
    "slow disk",
    "disk-failed",
    "disk-full",
    "crash in recovery",
    "crash in a checkpoint",
    "damaged checkpoint",
    "damaged pages",
    "missing pages",
  ]) {
    assert.ok((report.faults[kind] ?? 0) >= SEEDS / 10, `${kind}: ${report.faults[kind]}`)
  }
  for (const kind of ["clean stop", "project change"]) {
    assert.ok((report.turns[kind] ?? 0) >= SEEDS / 10, `${kind}: ${report.turns[kind]}`)
  }
  for (const operator of OPERATOR_KINDS) {
    assert.ok((report.faultsAmid[operator] ?? 0) >= SEEDS / 2, `${operator}: ${report.faultsAmid[operator]}`)
  }
  assert.ok(report.epochs > SEEDS * 10, "the lives were eventful")
})

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
