import assert from "node:assert/strict"
import { test } from "node:test"
import { ExpressionOracle } from "./expression-oracle.ts"
import { fuzzExpressions } from "./fuzz-expressions.ts"

/** A few seconds' worth; fuzz-expressions.ts runs any number. */
const EXPRESSIONS = 1_000

test("random expressions give PostgreSQL's values, NULLs and errors", async () => {
  await using oracle = await ExpressionOracle.open()
  const report = await fuzzExpressions(oracle, { seed: 1, count: EXPRESSIONS })
  const { value, null: nulls, error } = report.agreed
  assert.equal(report.expressions, EXPRESSIONS)
  assert.ok(value > EXPRESSIONS && nulls > 0 && error > 0, "values, NULLs and errors occur")
  assert.ok(report.beyond + report.otherError < value / 100, "few rows escape the comparison")
})
