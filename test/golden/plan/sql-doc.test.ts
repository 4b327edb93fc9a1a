/** docs/sql.md says what is true: its examples bind, and its list of functions is the catalogue's. */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { functionNames } from "../../../src/expr/catalogue/catalogue.ts"
import { problemsOf } from "../../kit/plan-of.ts"

const TEXT = readFileSync(join(import.meta.dirname, "../../../docs/sql.md"), "utf8")

test("every example is a view without problems", async () => {
  const blocks = [...TEXT.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map((match) => match[1]!)
  const inCode = [...TEXT.matchAll(/sql: `([^`]*)`(,\s*state: "unbounded")?/g)]
  assert.ok(blocks.length >= 3 && inCode.length >= 2)
  for (const sql of blocks) assert.deepEqual(await problemsOf(sql), [], sql)
  for (const [, sql = "", declared] of inCode) {
    const options = declared === undefined ? {} : ({ state: "unbounded" } as const)
    assert.deepEqual(await problemsOf(sql, options), [], sql)
  }
})

test("the functions listed are those of the catalogue", () => {
  const section = TEXT.slice(TEXT.indexOf("### Functions"), TEXT.indexOf("### Types"))
  const listed = [...section.matchAll(/`(\w+)`/g)].map((match) => match[1]!)
  assert.deepEqual([...new Set(listed)].toSorted(), [...functionNames()].toSorted())
})
