/**
 * The example signups, started for real: what is sent is asked back from events, views and lake, through the
 * door and the command, until all three agree.
 */
import assert from "node:assert/strict"
import { copyFileSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { fileURLToPath } from "node:url"
import { main } from "../../src/cli/main.ts"
import { type Platform, startPlatform } from "../../src/platform/start-platform.ts"
import { twinTerminal } from "../kit/twin-terminal.ts"
import { ask } from "./query-server.ts"

const EXAMPLE = fileURLToPath(new URL("../../examples/signups", import.meta.url))
/** The example's own, but for the lake, which would take a minute between two commits. */
const CONFIG = `import { defineConfig } from "millrace"
export default defineConfig({ name: "signups", lake: { interval: "1 second" } })
`
const PLANS = ["free", "premium", "team"]
const DAYS = 5
const TIMEOUT_MS = 60_000

let directory: string
let platform: Platform
before(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "millrace-asked-")))
  for (const name of readdirSync(EXAMPLE)) copyFileSync(join(EXAMPLE, name), join(directory, name))
  writeFileSync(join(directory, "millrace.config.ts"), CONFIG)
  platform = await startPlatform({ projectDirectory: directory, port: 0 })
})
after(async () => {
  await platform.close()
  rmSync(directory, { recursive: true, force: true })
})

async function send(from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, i) => from + i).map((n) => ({
    event_id: `e-${n}`,
    event_type: "user_signup",
    timestamp: new Date(Date.UTC(2026, 2, 1 + (n % DAYS))).toISOString(),
    user_id: `u-${n}`,
    plan: PLANS[n % PLANS.length],
    schema_version: 1,
  }))
  const response = await fetch(`${platform.url}/v1/events/user_signup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rows),
  })
  assert.equal(response.status, 200)
}

type Rows = readonly Readonly<Record<string, unknown>>[]

async function throughDoor(sql: string): Promise<Rows> {
  const response = await ask(platform.url, { sql })
  const body = (await response.json()) as { data?: Rows; detail?: string }
  assert.equal(response.status, 200, `${sql}: ${body.detail}`)
  return body.data!
}

async function throughCommand(sql: string): Promise<Rows> {
  const terminal = twinTerminal({ url: platform.url })
  assert.equal(await main(["query", sql, "--json"], terminal), 0, terminal.printed.join("\n"))
  return (JSON.parse(Buffer.concat(terminal.written).toString()) as { data: Rows }).data
}

/** Asks again while the answer is another one; its last answer is in the failure. */
async function until(sql: string, expected: Rows): Promise<void> {
  for (const deadline = Date.now() + TIMEOUT_MS; ; ) {
    const response = await ask(platform.url, { sql })
    const { data, detail, code } = (await response.json()) as { data?: Rows; detail?: string; code?: string }
    const isThere = response.status === 200 && JSON.stringify(data) === JSON.stringify(expected)
    if (isThere) return
    // The store starts beside the platform.
    assert.ok(response.status === 200 || code === "store-unavailable", `${sql}: ${detail}`)
    if (Date.now() > deadline) assert.deepEqual(data ?? detail, expected, sql)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const COUNTS = `SELECT
  (SELECT count() FROM events.user_signup) AS events,
  (SELECT sum(count) FROM views.signups_per_plan) AS counted,
  (SELECT count() FROM lake.user_signup) AS archived,
  (SELECT uniqExact(event_id) FROM lake.user_signup) AS ids`

const counts = (n: number): Rows => {
  return [{ events: `${n}`, counted: `${n}`, archived: `${n}`, ids: `${n}` }]
}

/** By plan and day: the view, and the same from events and lake. */
const GROUPS = ["views.signups_per_plan", "events.user_signup", "lake.user_signup"].map((table) =>
  table.startsWith("views")
    ? `SELECT plan, toDate(day) AS day, toInt64(count) AS n FROM ${table} ORDER BY plan, day`
    : `SELECT plan, toDate(timestamp) AS day, toInt64(uniqExact(event_id)) AS n FROM ${table}
       GROUP BY plan, day ORDER BY plan, day`,
)

test("before the first event all three are tables without rows", async () => {
  await until(COUNTS, counts(0))
})

test("events, views and lake agree on what was sent, through the door and the command", async () => {
  await send(0, 300)
  await send(290, 310)
  await until(COUNTS, counts(310))
  const [view, ...others] = await Promise.all(GROUPS.map(throughDoor))
  assert.equal(view!.length, PLANS.length * DAYS)
  assert.equal(
    view!.reduce((sum, { n }) => sum + Number(n), 0),
    310,
  )
  for (const other of others) assert.deepEqual(other, view)
  for (const sql of GROUPS) assert.deepEqual(await throughCommand(sql), view)
})

test("the lake is asked as it was while events go on", async () => {
  const { tables } = (await (await fetch(`${platform.url}/v1/lake`)).json()) as {
    tables: readonly { event: string; snapshots: readonly { id: string; at: string }[] }[]
  }
  const { id, at } = tables.find(({ event }) => event === "user_signup")!.snapshots.at(-1)!
  await send(310, 400)
  await until(COUNTS, counts(400))
  const sql = `SELECT count() AS n, uniqExact(event_id) AS ids
    FROM lake.user_signup AT SNAPSHOT ${id} AS past
    JOIN lake.user_signup AT '${at}' AS then USING (_topic, _partition, _offset)`
  for (const answer of [await throughDoor(sql), await throughCommand(sql)]) {
    assert.deepEqual(answer, [{ n: "310", ids: "310" }])
  }
})

test("the page's examples run as they are", async () => {
  // By its place: the page has a TypeScript configuration of its own.
  const place = new URL("../../studio/src/ask/examples.ts", import.meta.url)
  const { examplesOf } = (await import(place.href)) as {
    examplesOf(events: unknown, views: unknown): readonly { name: string; sql: string }[]
  }
  const [events, views] = await Promise.all(
    ["events", "views"].map(async (name) => {
      const body = (await (await fetch(`${platform.url}/v1/${name}`)).json()) as Record<string, Rows>
      return body[name]!
    }),
  )
  const detailed = await Promise.all(
    events!.map(async ({ name }) => (await fetch(`${platform.url}/v1/events/${name}`)).json()),
  )
  const examples = examplesOf(detailed, views)
  assert.deepEqual(
    examples.map(({ name }) => name),
    ["Newest user_signup", "user_signup by user_id", "signups_per_plan", "user_signup per minute"],
  )
  for (const { name, sql } of examples) assert.ok((await throughDoor(sql)).length > 0, name)
})

test("the view and the event are exported, and have the same rows", async () => {
  for (const [name, json] of [
    ["signups_per_plan", '"view":"signups_per_plan"'],
    ["user_signup", '"rows":400'],
  ] as const) {
    const to = join(directory, `${name}.csv`)
    const terminal = twinTerminal({ url: platform.url })
    const args = ["export", name, "--to", to, "--format", "csv", "--data", platform.data, "--json"]
    assert.equal(await main(args, terminal), 0, terminal.printed.join("\n"))
    assert.ok(terminal.printed.join("\n").includes(json), terminal.printed.join("\n"))
  }
})
