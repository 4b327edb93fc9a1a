/** explain as people run it: over a project's files, and over a platform that runs. */
import assert from "node:assert/strict"
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { twinTerminal } from "../../test/kit/twin-terminal.ts"
import { type Platform, startPlatform } from "../platform/start-platform.ts"
import { main } from "./main.ts"

const PROJECT = `import { event, int32, timestamp, view } from "millrace"
import { z } from "zod"
export const order = event("order", {
  schema: z.object({ id: z.string(), at: timestamp(), plan: z.string(), quantity: int32() }),
  id: "id",
  time: "at",
  outOfOrderness: "1 minute",
})
export const perPlan = view("per_plan", {
  sql: 'SELECT plan, count(*) AS n FROM "order" WHERE quantity > 1 GROUP BY plan',
  state: "unbounded",
})
`
const ROWS = [
  { id: "a", at: "2026-01-01T00:00:00Z", plan: "free", quantity: 4 },
  { id: "b", at: "2026-01-01T00:00:01Z", plan: "paid", quantity: 5 },
  { id: "c", at: "2026-01-01T00:00:03Z", plan: "free", quantity: 0 },
]

let directory: string
let platform: Platform
before(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "millrace-explain-")))
  const config = 'export default defineConfig({ name: "shop", store: false })\n'
  writeFileSync(join(directory, "millrace.config.ts"), `import { defineConfig } from "millrace"\n${config}`)
  writeFileSync(join(directory, "events.ts"), PROJECT)
  platform = await startPlatform({ projectDirectory: directory, port: 0 })
  const body = Buffer.from(ROWS.map((row) => JSON.stringify(row)).join("\n"))
  const { receipt } = await platform.runtime.ingest({ event: "order", body, framing: "ndjson" })
  await platform.runtime.awaitReceipt("per_plan", receipt!, 10_000)
})
after(async () => {
  await platform?.close()
  rmSync(directory, { recursive: true, force: true })
})

async function millrace(...args: string[]) {
  const terminal = twinTerminal({ url: platform.url })
  const code = await main(args, terminal)
  return { code, printed: terminal.printed.join("\n"), noted: terminal.noted.join("\n") }
}

test("a view is explained from the project's files: its plan, the rules, and what it reads", async () => {
  const { code, printed, noted } = await millrace("explain", "per_plan", directory)
  assert.equal(code, 0, noted)
  assert.match(printed, /^view per_plan: emit changes/)
  assert.match(printed, /aggregate n = count\(\*\) by plan/)
  assert.match(printed, /drop-identity-project: .*\n {2}project plan, n: left out/)
  assert.match(printed, /nothing to do: share-subplans, push-filter-below-project, /)
  assert.match(printed, /event order: plan, quantity; not id, at, processed_at/)
  assert.doesNotMatch(printed, /busy/)
})

test("with --analyze the platform says what each operator has done, and which is the slowest", async () => {
  const { code, printed, noted } = await millrace("explain", "per_plan", "--analyze")
  assert.equal(code, 0, noted)
  assert.match(printed, /rows in +out +ms +share +ms of last minute +rows kept +bytes +operator/)
  assert.match(printed, /\n +3 +3 .* 0 +0 {2}verdicts of its events\n/)
  assert.match(printed, /\n +3 +2 +[\d.]+ +\d+ % +[\d.]+ +2 +[\d,]+ {2}aggregate n = count\(\*\) by plan\n/)
  assert.match(printed, /\n +2 +2 .* 2 +[\d,]+ {2}rows of the view\n/)
  assert.match(printed, /in the loop of aggregate .*: scan event order; filter \(quantity > 1\)/)
  assert.match(printed, /slowest: .*, \d+ % of the view's time \([\d.]+ ms\)/)
  const json = await millrace("explain", "per_plan", "--analyze", "--json")
  const { analysis } = JSON.parse(json.printed) as { analysis: { operators: { share: number }[] } }
  const all = analysis.operators.reduce((sum, { share }) => sum + share, 0)
  assert.ok(Math.abs(all - 1) < 0.01, `shares add up: ${all}`)
})

test("a view that nobody has read is told, until somebody does", async () => {
  const { code, printed } = await millrace("explain", "--advice")
  assert.equal(code, 0)
  assert.match(printed, /unread-view: no page of rows, .* has read per_plan/)
  assert.equal((await fetch(`${platform.url}/v1/views/per_plan/rows`)).status, 200)
  assert.match((await millrace("explain", "--advice")).printed, /nothing to advise$/)
  const json = JSON.parse((await millrace("explain", "--advice", "--json")).printed) as { advice: [] }
  assert.deepEqual(json.advice, [])
})

test("mistakes are told: no view, a wrong name, a folder beside --analyze, no project", async () => {
  const cases: readonly (readonly [args: readonly string[], words: RegExp])[] = [
    [[], /needs the name of a view/],
    [["per_plam", directory], /no view per_plam; did you mean per_plan\?/],
    [["per_plan", directory, "--analyze"], /takes no project folder/],
    [["per_plam", "--analyze"], /per_plan/],
    [["per_plan", join(directory, "nowhere")], /nowhere/],
    [["per_plan", "--advice"], /takes neither a view/],
    [["per_plan", "--analyze", "--port", "1"], /127\.0\.0\.1:1/],
    [["--advice", "--port", "1"], /127\.0\.0\.1:1/],
  ]
  for (const [args, words] of cases) {
    const { code, noted } = await millrace("explain", ...args)
    assert.equal(code, 2)
    assert.match(noted, words)
  }
})
