/**
 * The seeds that run with every change: two test files of so many each, which run side by side. With
 * MILLRACE_ALL_SEEDS=1 they are a thousand, which takes some minutes of two cores. The long proof is
 * `npm run simulate -- --count 50000`.
 */
import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import { OPERATOR_KINDS } from "../../src/testing/views/sim-view.ts"
import { FAULTS_PER_SEED, simulate } from "./simulate.ts"

/** Half a second to a second of one core for each. */
export const SEEDS = process.env["MILLRACE_ALL_SEEDS"] === "1" ? 500 : 100

export async function simulateSeeds(t: TestContext, firstSeed: number): Promise<void> {
  const report = await simulate(firstSeed, SEEDS)
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
}
