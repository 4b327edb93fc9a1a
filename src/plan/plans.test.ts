import assert from "node:assert/strict"
import { test } from "node:test"
import { ACCEPTED } from "../../test/fixtures/accepted-sql.ts"
import { planOf } from "../../test/kit/plan-of.ts"
import { explain } from "./explain.ts"

for (const { title, sql, options, explain: expected } of ACCEPTED) {
  test(title, async () => {
    const lines = expected.split("\n").map((line) => line.replace(/^ {6}/, ""))
    assert.equal(explain(await planOf(sql, options)), lines.slice(1, -1).join("\n"))
  })
}
