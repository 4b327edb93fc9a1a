import assert from "node:assert/strict"
import { test } from "node:test"
import { killRun } from "./kill-run.ts"

/** About two minutes; `node test/kill/kill-run.ts --kills 200` is the long proof. */
const KILLS = 20

test("however often platform and store are killed, answers are what was acknowledged", async (t) => {
  const report = await killRun({ kills: KILLS, seed: 1, print: (line) => t.diagnostic(line) })
  t.diagnostic(JSON.stringify(report))
  const { kills, history, verdicts } = report
  assert.equal(kills.platform + kills.store + kills.both, KILLS)
  for (const [target, count] of Object.entries(kills)) assert.ok(count > 0, `${target} was killed`)
  assert.ok(report.acknowledgedPosts > KILLS, "the platform lived long enough to acknowledge posts")
  assert.ok(history.deletedRecords > 0, "there is history that only the lake has")
  assert.ok(history.sharedRecords > 0, "there is history that lake and log can be compared by")
  assert.ok(report.deadLetters > 0)
  assert.ok(report.duplicates > 0)
  for (const [view, verdict] of [
    ["ratios", "failed"],
    ["per_window", "late"],
    ["high", "filtered"],
  ] as const) {
    assert.ok((verdicts[view]?.[verdict] ?? 0) > 0, `${view} has ${verdict} rows`)
  }
})
