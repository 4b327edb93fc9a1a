/**
 * Every golden case, in every arrangement, held against PostgreSQL, or against the rows that the case
 * expects. `npm run golden -- NAME` runs the cases whose file names contain NAME.
 */
import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { after, before, test } from "node:test"
import type { EventContract } from "../../src/contracts/contract.ts"
import { createJsonDecoder } from "../../src/contracts/json/decoder.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { eventColumns } from "../../src/runners/embedded/lower.ts"
import { cellOfText, differenceOf, type Row } from "../kit/canonical.ts"
import { ClickHouseHome } from "../kit/clickhouse-home.ts"
import { PgOracle } from "../kit/pg-oracle.ts"
import { ARRANGEMENTS, type EventRows, runViews, withProcessedAt } from "../kit/run-views.ts"
import { type GoldenCase, parseCase } from "./case-file.ts"

const CASES = new URL("./cases/", import.meta.url)
const wanted = process.argv[2] ?? ""
let oracle: PgOracle
let clickhouse: ClickHouseHome

before(async () => {
  oracle = await PgOracle.open()
  clickhouse = new ClickHouseHome()
})
after(async () => {
  clickhouse[Symbol.dispose]()
  await oracle[Symbol.asyncDispose]()
})

for (const file of readdirSync(CASES).filter((name) => name.endsWith(".case") && name.includes(wanted))) {
  const golden = parseCase(readFileSync(new URL(file, CASES), "utf8"))
  test(`${file}: ${golden.title}`, () => runCase(golden))
}

async function runCase(golden: GoldenCase): Promise<void> {
  const { plans, problems } = await bindProject({ events: golden.events, views: golden.views })
  assert.deepEqual(problems, [])
  const inputs = golden.events.map((contract) => decode(golden, contract))
  const tables = inputs.map(({ contract, batch }) => {
    return { name: contract.name, columns: eventColumns(contract), batch }
  })
  const judged = plans.filter(({ name }) => !golden.expected.has(name))
  await oracle.load(tables, judged)
  const { excluded, partly } = runViews(inputs, plans, ARRANGEMENTS[0]!)
  await clickhouse.load({ contracts: golden.events, plans, rows: golden.rows, excluded, partly })
  for (const plan of plans) {
    const expected = golden.expected.has(plan.name) ? writtenRows(golden, plan) : await oracle.rows(plan)
    for (const arrangement of ARRANGEMENTS) {
      const { rows } = runViews(inputs, plans, arrangement)
      const difference = differenceOf(plan.columns, expected, rows.get(plan.name)!)
      assert.equal(difference, null, `${plan.name}, ${arrangement.name}: ${difference}`)
    }
    if (golden.unverifiable.has(plan.name)) {
      await assert.rejects(clickhouse.rows(plan), { code: "no-clickhouse-spelling" }, plan.name)
      continue
    }
    const difference = differenceOf(plan.columns, expected, await clickhouse.rows(plan))
    assert.equal(difference, null, `${plan.name}, in ClickHouse: ${difference}`)
  }
}

function decode(golden: GoldenCase, contract: EventContract): EventRows {
  const body = Buffer.from(golden.rows.get(contract.name) ?? "")
  const { batch, rejected } = createJsonDecoder(contract).decode(body, "ndjson")
  assert.deepEqual(rejected, [], "a golden case's rows are valid")
  return { contract, batch: withProcessedAt(batch) }
}

function writtenRows(golden: GoldenCase, { name, columns }: ViewPlan): readonly Row[] {
  return golden.expected.get(name)!.map((row) =>
    columns.map((column) => {
      const value = row[column.name]
      return value === null || value === undefined ? null : cellOfText(String(value), column.type)
    }),
  )
}
