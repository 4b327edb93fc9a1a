import assert from "node:assert/strict"
import { test } from "node:test"
import { PgOracle } from "../kit/pg-oracle.ts"
import { differential } from "./differential.ts"

/** A minute's worth; `npm run differential` runs any number. */
const PROJECTS = 1_000

test("random views answer as PostgreSQL does, in whatever order and batches rows come", async () => {
  await using oracle = await PgOracle.open()
  const report = await differential(oracle, 1, PROJECTS)
  assert.ok(report.compared > PROJECTS, `${report.compared} views compared`)
  assert.ok(report.unjudged < report.compared / 20, `${report.unjudged} views were beyond PostgreSQL`)
  for (const feature of ["tumble", "hop", "emit final", "union all", "cte", "view over view", "having"]) {
    assert.ok(report.features.has(feature), `${feature} occurs`)
  }
})
