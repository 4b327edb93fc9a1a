import assert from "node:assert/strict"
import { test } from "node:test"
import { ClickHouseHome } from "../kit/clickhouse-home.ts"
import { PgOracle } from "../kit/pg-oracle.ts"
import { differential, differentialInClickHouse } from "./differential.ts"

/** A minute's worth; `npm run differential` runs any number. */
const PROJECTS = 1_000

test("random views answer as PostgreSQL does, in whatever order and batches rows come", async () => {
  await using oracle = await PgOracle.open()
  const report = await differential(oracle, 1, PROJECTS)
  assert.ok(report.compared > PROJECTS, `${report.compared} views compared`)
  assert.ok(report.unjudged < report.compared / 20, `${report.unjudged} views were beyond PostgreSQL`)
  const windows = ["tumble", "hop", "cumulate", "session", "offset"]
  for (const feature of [...windows, "emit final", "union all", "cte", "view over view", "having"]) {
    assert.ok(report.features.has(feature), `${feature} occurs`)
  }
})

/** ClickHouse plans a query for as long as the engine answers a hundred. */
const PROJECTS_IN_CLICKHOUSE = 25

test("random views answer alike in ClickHouse, over the bytes that were sent", async () => {
  using home = new ClickHouseHome()
  const compared = await differentialInClickHouse(home, 1, PROJECTS_IN_CLICKHOUSE)
  assert.ok(compared > PROJECTS_IN_CLICKHOUSE, `${compared} views compared`)
})
