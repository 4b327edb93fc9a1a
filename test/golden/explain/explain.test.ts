/**
 * What `millrace explain` prints for a view of every kind, word for word: explained.txt has the answers, each
 * behind a line with its view's name.
 */
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { Ajv2020 } from "ajv/dist/2020.js"
import { main } from "../../../src/cli/main.ts"
import { bindProject } from "../../../src/plan/bind-project.ts"
import { loadProject } from "../../../src/platform/load-project.ts"
import { startPlatform } from "../../../src/platform/start-platform.ts"
import { SCHEMAS } from "../../../src/serve/http/openapi-schemas.ts"
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

test("a running platform answers for every view what the API document says", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "millrace-explain-"))
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(SCHEMAS["ViewPlan"]!)
  const platform = await startPlatform({ projectDirectory: PROJECT, dataDirectory, port: 0 })
  try {
    for (const view of EXPECTED.keys()) {
      const body: unknown = await (await fetch(`${platform.url}/v1/views/${view}/plan`)).json()
      assert.ok(fits(body), `${view}: ${JSON.stringify(fits.errors)}`)
    }
  } finally {
    await platform.close()
    rmSync(dataDirectory, { recursive: true, force: true })
  }
})
