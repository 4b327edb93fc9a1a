/**
 * What `millrace explain` prints for a view of every kind, word for word: explained.txt has the answers, each
 * behind a line with its view's name.
 */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { main } from "../../../src/cli/main.ts"
import { bindProject } from "../../../src/plan/bind-project.ts"
import { loadProject } from "../../../src/platform/load-project.ts"
import { twinTerminal } from "../../kit/twin-terminal.ts"

const HERE = import.meta.dirname
const PROJECT = join(HERE, "project")
const [, ...BLOCKS] = readFileSync(join(HERE, "explained.txt"), "utf8").split(/^== /m)
const EXPECTED = new Map(
  BLOCKS.map((block) => [block.slice(0, block.indexOf("\n")), block.slice(block.indexOf("\n") + 1)]),
)

test("every view of the project is in explained.txt, and no other", async () => {
  const { plans, problems } = await bindProject(await loadProject(PROJECT))
  assert.deepEqual(problems, [])
  assert.deepEqual(plans.map(({ name }) => name).sort(), [...EXPECTED.keys()].sort())
})

for (const [view, expected] of EXPECTED) {
  test(`millrace explain ${view}`, async () => {
    const terminal = twinTerminal()
    assert.equal(await main(["explain", view, PROJECT], terminal), 0, terminal.noted.join("\n"))
    assert.equal(`${terminal.printed.join("\n")}\n`, expected)
  })
}
