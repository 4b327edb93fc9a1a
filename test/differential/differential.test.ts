import assert from "node:assert/strict"
import { test } from "node:test"
import { ClickHouseHome } from "../kit/clickhouse-home.ts"
import { PgOracle } from "../kit/pg-oracle.ts"
import { missing } from "./coverage-report.ts"
import { differential } from "./differential.ts"
import { differentialInClickHouse } from "./in-clickhouse.ts"

/** Minutes' worth; `npm run differential` runs any number. */
const PAIRS = 20_000

test("random queries over random changes answer as PostgreSQL does, all operators over all", async () => {
  await using oracle = await PgOracle.open()
  const report = await differential(oracle, { firstSeed: 1, pairs: PAIRS, maxDifferences: 1 })
  assert.deepEqual(
    report.differences.map(({ text }) => text),
    [],
  )
  assert.deepEqual([...report.refusals], [], "the generator writes what check accepts")
  assert.deepEqual([...report.unjudged], [], "the generator writes what PostgreSQL can evaluate")
  assert.ok(report.withRows > PAIRS / 3, `${report.withRows} answers have rows`)
  assert.deepEqual(missing(report.coverage), [], "every pair of operators, every operator with every type")
})

/** ClickHouse plans a query for as long as the engine answers a hundred. */
const PROJECTS_IN_CLICKHOUSE = 25

test("random views answer alike in ClickHouse, over the bytes that were sent", async () => {
  using home = new ClickHouseHome()
  const compared = await differentialInClickHouse(home, 1, PROJECTS_IN_CLICKHOUSE)
  assert.ok(compared > PROJECTS_IN_CLICKHOUSE, `${compared} views compared`)
})
