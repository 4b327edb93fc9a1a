import assert from "node:assert/strict"
import { test } from "node:test"
import { killRun } from "./kill-run.ts"

/** About a minute; `node test/kill/kill-run.ts --kills 200` is the long proof. */
const KILLS = 20

test("however often the server is killed, no acknowledged event is lost and none doubled", async (t) => {
  const report = await killRun({ kills: KILLS, seed: 1, print: (line) => t.diagnostic(line) })
  t.diagnostic(JSON.stringify(report))
  assert.equal(report.kills, KILLS)
  assert.ok(report.acknowledgedPosts > KILLS, "the server lived long enough to acknowledge posts")
  assert.ok(report.acknowledgedPosts <= report.sentPosts)
})
