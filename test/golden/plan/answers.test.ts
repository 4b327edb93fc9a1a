/**
 * What bound plans mean, held against PostgreSQL: every query of answers.txt over a few rows, as bound and
 * after the rules. Operators have their own tests; here a wrong plan shows before any of them runs.
 */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import type { Row as ScalarRow } from "../../../src/engine/kit/batches.ts"
import { batchOf } from "../../../src/engine/kit/batches.ts"
import type { ViewPlan } from "../../../src/plan/plan.ts"
import { normalize } from "../../../src/plan/rules/normalize.ts"
import { eventColumns } from "../../../src/runners/embedded/lower.ts"
import type { Row } from "../../kit/canonical.ts"
import { cellOfScalar, differenceOf } from "../../kit/canonical.ts"
import type { Tables } from "../../kit/evaluate-plan.ts"
import { evaluatePlan } from "../../kit/evaluate-plan.ts"
import { PgOracle } from "../../kit/pg-oracle.ts"
import { flight, sample } from "../../kit/plan-events.ts"
import { planOf } from "../../kit/plan-of.ts"
import { readLines } from "./read-cases.ts"

const minute = (count: number) => 978_307_200_000_000n + BigInt(Math.round(count * 60)) * 1_000_000n

/** flight_id, scheduled_at, origin, destination, delay, distance, processed_at */
const FLIGHTS: readonly ScalarRow[] = [
  [1n, minute(0), "A", "B", 5, 100, minute(900)],
  [2n, minute(10), "A", "C", 70, null, minute(900)],
  [3n, minute(20), "B", "A", 0, 300, minute(900)],
  [4n, minute(30), "B", "C", -5, 300, minute(900)],
  [5n, minute(70), "C", "A", 15, null, minute(900)],
  [6n, minute(80), "C", "A", 15, 50, minute(900)],
  [7n, minute(90), "D", "B", 90, 700, minute(900)],
  [8n, minute(130), "A", "B", 5, 100, minute(900)],
  [9n, minute(150), "E", "E", 1, 0, minute(900)],
]
/** id, at, flag, i4, i8, f8, price, name, raw, doc, seen_at, day */
const SAMPLES: readonly ScalarRow[] = [
  ["a", minute(1), true, 1, 5n, 1.5, 150n, "A", null, null, minute(2), 11323, minute(900)],
  ["b", minute(12), false, 2, 70n, 2, 200n, "A", null, null, minute(12), 11323, minute(900)],
  ["c", minute(25), null, null, 15n, Number.NaN, null, "B", null, null, null, 11324, minute(900)],
  ["d", minute(71), true, 15, null, -0, 999n, "C", null, null, minute(71), null, minute(900)],
  ["e", minute(72), true, 15, 15n, 0, 999n, "C", null, null, minute(71), 11325, minute(900)],
  ["f", minute(95), false, 90, 1n, null, 150n, null, null, null, minute(90), 11325, minute(900)],
  ["g", minute(140), null, 5, 5n, 7.25, 1n, "F", null, null, minute(140), 11326, minute(900)],
  ["h", minute(141), true, null, 300n, 7.25, 1n, null, null, null, null, 11326, minute(900)],
]

const EVENTS = [
  { contract: flight, rows: FLIGHTS },
  { contract: sample, rows: SAMPLES },
].map(({ contract, rows }) => ({ name: contract.name, columns: eventColumns(contract), rows }))
const TABLES: Tables = new Map(EVENTS.map(({ name, columns, rows }) => [name, { columns, rows }]))

let oracle: PgOracle
before(async () => {
  oracle = await PgOracle.open()
})
after(() => oracle[Symbol.asyncDispose]())

for (const sql of readLines("answers.txt").filter((line) => line !== "" && !line.startsWith("#"))) {
  test(`answer: ${sql}`, async () => {
    const plan = await planOf(sql, { state: "unbounded" })
    await oracle.load(
      EVENTS.map(({ name, columns, rows }) => ({ name, columns, batch: batchOf(columns, rows) })),
      [plan],
    )
    const expected = await oracle.rows(plan)
    for (const [name, each] of [
      ["as bound", plan] as const,
      ["after the rules", normalize(plan).plan] as const,
    ]) {
      const difference = differenceOf(plan.columns, expected, answer(each))
      assert.equal(difference, null, `${name}: ${difference}`)
    }
  })
}

function answer({ root, columns }: ViewPlan): readonly Row[] {
  return evaluatePlan(root, TABLES).map((row) =>
    row.map((value, column) => cellOfScalar(value, columns[column]!.type)),
  )
}
