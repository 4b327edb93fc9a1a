/** SQL text -> the whole plan as explain shows it, or the one problem that its author gets. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { explain } from "../../../src/plan/explain.ts"
import { CONSTRUCT_CODES } from "../../../src/plan/unsupported.ts"
import { planOf, problemsOf } from "../../kit/plan-of.ts"
import { readPlanCases } from "./read-cases.ts"

for (const { title, sql, options, expected } of readPlanCases("accepted.txt")) {
  test(`plan: ${title}`, async () => {
    assert.equal(explain(await planOf(sql, options)), expected, sql)
  })
}

const REFUSED = readPlanCases("refused.txt")

test("what a view cannot say is refused once, with its place and what to write instead", async () => {
  assert.ok(REFUSED.length > 100)
  for (const { sql, options, expected } of REFUSED) {
    const problems = await problemsOf(sql, options)
    const found = problems.map(({ code, line, column, suggestion }) => {
      const place = line === null ? "-" : `${line}:${column}`
      return `${place} ${code} | ${suggestion ?? "-"}`
    })
    assert.equal(found.join("\n"), expected, sql)
  }
})

test("every construct that is listed as unsupported is met by a case", () => {
  const met = new Set(REFUSED.map(({ expected }) => expected.split(" ")[1]))
  assert.deepEqual(
    CONSTRUCT_CODES.filter((code) => !met.has(code)),
    ["unsupported-expression"],
  )
})
