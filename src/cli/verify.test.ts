/** verify and why as people run them, over a platform with its store. */
import assert from "node:assert/strict"
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { twinTerminal } from "../../test/kit/twin-terminal.ts"
import { type Platform, startPlatform } from "../platform/start-platform.ts"
import { main } from "./main.ts"

const EVENTS = `import { event, int32, timestamp, view } from "millrace"
import { z } from "zod"
export const order = event("order", {
  schema: z.object({ id: z.string(), at: timestamp(), plan: z.string().nullable(), quantity: int32() }),
  id: "id",
  time: "at",
  outOfOrderness: "1 minute",
})
export const perPlan = view("per_plan", {
  sql: 'SELECT plan, count(*) AS n, sum(100 / quantity) AS share FROM "order" GROUP BY plan',
  state: "unbounded",
})
export const shown = view("shown", {
  sql: 'SELECT id, ' + "regexp_replace(plan, 'a', 'b') AS plan" + ' FROM "order"',
})
`

const ROWS = [
  { id: "a", at: "2026-01-01T00:00:00Z", plan: "free", quantity: 4 },
  { id: "b", at: "2026-01-01T00:00:01Z", plan: null, quantity: 5 },
  { id: "c", at: "2026-01-01T00:00:03Z", plan: "free", quantity: 0 },
  { id: "d", at: "2026-01-01T00:00:04Z", plan: "free", quantity: 2 },
]

async function until(isSo: () => boolean): Promise<void> {
  for (let attempt = 0; !isSo(); attempt++) {
    assert.ok(attempt < 600, "the platform is ready within a minute")
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

let directory: string
let platform: Platform
before(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "millrace-verify-")))
  const config = 'import { defineConfig } from "millrace"\nexport default defineConfig({ name: "shop" })\n'
  writeFileSync(join(directory, "millrace.config.ts"), config)
  writeFileSync(join(directory, "events.ts"), EVENTS)
  platform = await startPlatform({ projectDirectory: directory, port: 0 })
  await until(() => platform.store?.status().state === "ready")
  const terminal = twinTerminal({
    url: platform.url,
    stdin: ROWS.map((row) => JSON.stringify(row)).join("\n"),
  })
  assert.equal(await main(["send", "order", "-"], terminal), 0, terminal.noted.join("\n"))
  await until(() => {
    const [order] = platform.runtime.events()
    return (
      order!.appended === ROWS.length && order!.partitions.every((each) => each.processed === each.durableEnd)
    )
  })
})
after(async () => {
  await platform?.close()
  rmSync(directory, { recursive: true, force: true })
})

async function millrace(...args: string[]) {
  const terminal = twinTerminal({ url: platform.url })
  const code = await main(args, terminal)
  return { code, printed: terminal.printed, noted: terminal.noted.join("\n") }
}

test("verify says what was compared, for people and as JSON, and exits with 1 where it cannot", async () => {
  const fine = await millrace("verify", "per_plan")
  assert.equal(fine.code, 0, fine.noted)
  assert.match(fine.printed.join("\n"), /^per_plan {2}equal {2}2 rows, 4 events, epoch \d+, \d+ ms$/)
  const json = await millrace("verify", "per_plan", "--json")
  assert.equal((JSON.parse(json.printed.join("")) as { verdict: string }).verdict, "equal")
  const cannot = await millrace("verify", "shown")
  assert.equal(cannot.code, 1)
  assert.match(cannot.printed.join("\n"), /shown {2}cannot[\s\S]*regexp_replace/)
  const unknown = await millrace("verify", "per_plam")
  assert.equal(unknown.code, 2)
  assert.match(unknown.noted, /per_plan/)
})

test("why shows the events behind a row, and a failed one that is not in it", async () => {
  const { code, printed } = await millrace("why", "per_plan", "plan=free")
  assert.equal(code, 0)
  assert.deepEqual(printed, [
    '{"plan":"free","n":"2","share":"75"}',
    `order/0@0  ${JSON.stringify(ROWS[0])}`,
    `order/0@3  ${JSON.stringify(ROWS[3])}`,
    "Not in it:",
    `order/0@2  ${JSON.stringify(ROWS[2])}  failed: division-by-zero`,
  ])
})

test("why takes null in a key, a limit, and says when there is no such row", async () => {
  const none = await millrace("why", "per_plan", "plan.is_null=true")
  assert.deepEqual(none.printed, [
    '{"plan":null,"n":"1","share":"20"}',
    `order/0@1  ${JSON.stringify(ROWS[1])}`,
  ])
  const gold = await millrace("why", "per_plan", "plan=gold")
  assert.deepEqual(gold.printed, ["The view has no such row."])
  const limited = await millrace("why", "per_plan", "plan=free", "--limit", "1")
  assert.equal(limited.printed[2], "… and more")
})

test("why --event shows where one event went, and --late what holds the watermark", async () => {
  const trail = await millrace("why", "--event", "order/0@2")
  assert.match(trail.printed[0]!, /^order\/0@2 {2}\d{4}-.*"id":"c"/)
  assert.match(trail.printed.join("\n"), /^per_plan {2}failed {2}division-by-zero/m)
  const late = await millrace("why", "per_plan", "--late")
  assert.match(late.printed[0]!, /^watermark 2025-12-31T23:59:0[0-9]/)
  assert.match(late.printed[1]!, /^order {2}.*(held by partition 0 since \d{4}-|all partitions are idle)/)
})

test("why refuses what it cannot read", async () => {
  const cases: readonly (readonly [args: string[], words: RegExp])[] = [
    [["why"], /needs the name of a view/],
    [["why", "per_plan", "free"], /"free" is no COLUMN=VALUE/],
    [["why", "--event", "order"], /no EVENT\/PARTITION@OFFSET/],
    [["why", "per_plan", "--event", "order/0@1"], /either a view or --event/],
    [["why", "--event", "order/0@99"], /offsets 0 to 3/],
  ]
  for (const [args, words] of cases) {
    const { code, noted } = await millrace(...args)
    assert.equal(code, 2, args.join(" "))
    assert.match(noted, words)
  }
})

const RUN = { id: "x-0", view: "v", asked_at: "2026-01-01T00:00:00Z", verification: null, error: null }
const FOUND = { rows_compared: 1, events_read: 9, epoch: 3, duration_ms: 7_000, reason: null, examples: [] }

/** A platform whose check takes long: each answer in turn, the first to the post. */
async function slowly(answers: readonly object[], args: string[] = []) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const status = asked.length === 1 ? 202 : 200
    response.writeHead(status, { "content-type": "application/json" })
    response.end(JSON.stringify(answers[asked.length - 1]))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as { port: number }
  const terminal = twinTerminal({ url: `http://127.0.0.1:${port}` })
  try {
    if (args.includes("stop")) terminal.stop()
    return { code: await main(["verify", "v"], terminal), terminal, asked }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test("verify follows a check that takes long until it is over", async () => {
  const { code, terminal, asked } = await slowly([
    { ...RUN, state: "waiting", events_read: 0, progress: 0 },
    { ...RUN, state: "running", events_read: 5, progress: 0.5 },
    { ...RUN, state: "done", events_read: 9, progress: 1, verification: { ...FOUND, verdict: "different" } },
  ])
  assert.equal(code, 1)
  assert.match(terminal.printed[0]!, /^v {2}different {2}1 rows, 9 events, epoch 3, 7000 ms$/)
  assert.deepEqual(asked, [
    "POST /v1/views/v/verify",
    "GET /v1/verifications/x-0",
    "GET /v1/verifications/x-0",
  ])
})

test("verify tells of a check that failed or was stopped, and of one that it follows no more", async () => {
  const running = { ...RUN, state: "running", events_read: 5, progress: 0.5 }
  const error = { status: 503, code: "store-unavailable", detail: "the store is not ready" }
  const failed = await slowly([running, { ...running, state: "failed", error }])
  assert.equal(failed.code, 2)
  assert.match(failed.terminal.noted.join("\n"), /the store is not ready \(HTTP 503, store-unavailable\)/)
  for (const given of [
    await slowly([running, { ...running, state: "stopped" }]),
    await slowly([running], ["stop"]),
  ]) {
    assert.equal(given.code, 1)
    assert.match(given.terminal.noted.join("\n"), /\/v1\/verifications\/x-0/)
  }
})
