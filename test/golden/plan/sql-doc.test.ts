/** docs/sql.md says what is true: its examples bind, and its list of functions is the catalogue's. */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { functionNames } from "../../../src/expr/catalogue/catalogue.ts"
import { bindProject } from "../../../src/plan/bind-project.ts"
import type { ViewDefinition } from "../../../src/plan/view.ts"
import { view } from "../../../src/plan/view.ts"
import { flight, sample } from "../../kit/plan-events.ts"
import { problemsOf } from "../../kit/plan-of.ts"

const TEXT = readFileSync(join(import.meta.dirname, "../../../docs/sql.md"), "utf8")

test("every example is a view without problems", async () => {
  const blocks = [...TEXT.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map((match) => match[1]!)
  assert.ok(blocks.length >= 3)
  for (const sql of blocks) assert.deepEqual(await problemsOf(sql), [], sql)
})

test("every example in code is views without problems", async () => {
  const blocks = [...TEXT.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => viewsIn(match[1]!))
  assert.deepEqual(
    blocks.map((views) => views.map(({ name }) => name)),
    [["delays"], ["minutes", "days"], ["busy"]],
  )
  for (const views of blocks) {
    const { problems } = await bindProject({ events: [flight, sample], views })
    assert.deepEqual(problems, [])
  }
})

/** The options that examples use. */
function viewsIn(code: string): ViewDefinition[] {
  return [...code.matchAll(/view\("(\w+)", \{([^`]*)`([^`]*)`([\s\S]*?)^\}\)/gm)].map(
    ([, name, , sql, rest]) =>
      view(name!, {
        sql: sql!,
        ...(rest!.includes('emit: "final"') ? { emit: "final" } : {}),
        ...(rest!.includes('state: "unbounded"') ? { state: "unbounded" } : {}),
      }),
  )
}

test("the functions listed are those of the catalogue", () => {
  const section = TEXT.slice(TEXT.indexOf("### Functions"), TEXT.indexOf("### Types"))
  const listed = [...section.matchAll(/`(\w+)`/g)].map((match) => match[1]!)
  assert.deepEqual([...new Set(listed)].toSorted(), [...functionNames()].toSorted())
})
