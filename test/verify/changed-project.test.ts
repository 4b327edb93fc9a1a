/**
 * A project that changes between two starts: views that stay as they were keep their rows and what was ruled
 * on them, the others are built from the log, and of all of them ClickHouse says that they are their query.
 */
import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { checkProject } from "../../src/platform/check-project.ts"
import { startPlatform } from "../../src/platform/start-platform.ts"
import { verifyView } from "../kit/verify-view.ts"

const AT = Date.UTC(2026, 2, 2, 10)
const ROWS = 3_000
const DEVICES = 60
const STORE_PATIENCE_MS = 30_000

const EVENT = `import { event, int32, timestamp, view } from "millrace"
import { z } from "zod"
export const visit = event("visit", {
  schema: z.object({ id: z.string(), person: z.string(), ms: int32(), at: timestamp({ unit: "ms" }) }),
  id: "id",
  time: "at",
  key: "person",
  dedup: "1 day",
})
`
const device = (extra: string) => `export const device = event("device", {
  schema: z.object({ id: z.string(), seen: timestamp({ unit: "ms" }), model: z.string()${extra} }),
  id: "id",
  time: "seen",
})
`
const MODELS = `export const models = view("models", {
  sql: "SELECT model, count(*) AS devices FROM device GROUP BY model",
  state: "unbounded",
})
`
const COUNTED = `export const counted = view("counted", {
  sql: "SELECT person, count(*) AS visits FROM visit GROUP BY person",
  state: "unbounded",
})
`
const MINUTES = `export const minutes = view("minutes", {
  sql: \`SELECT person, window_start, max(ms) AS slowest
    FROM tumble(visit, at, INTERVAL '1 minute') GROUP BY person, window_start\`,
})
`
const slow = (ms: number) => `export const slow = view("slow", {
  sql: \`SELECT person, count(*) AS visits, 1000 / min(ms) AS pace
    FROM visit WHERE ms > ${ms} GROUP BY person\`,
  state: "unbounded",
})
`
const often = (visits: number, name: string) => `export const often = view("often", {
  sql: \`SELECT person, count(*) AS ${name}, avg(ms) AS ms FROM visit WHERE ms > 50
    GROUP BY person HAVING count(*) > ${visits}\`,
  state: "unbounded",
})
`
const SPREAD = `export const spread = view("spread", {
  sql: "SELECT visits, count(*) AS people FROM slow GROUP BY visits",
  state: "unbounded",
})
`

const config = (workers: number) => `import { defineConfig } from "millrace"
export default defineConfig({ name: "shop", workers: ${workers} })
`

function devices(from: number): string {
  const models = Array.from({ length: DEVICES }, (_, k) => `model ${k % 5}`)
  return models.map((model, k) => JSON.stringify({ id: `${from + k}`, seen: AT, model })).join("\n")
}

/** Every hundredth row is an old one, every fiftieth comes twice. */
function body(from: number, until: number): string {
  return Array.from({ length: until - from }, (_, k) => {
    const number = from + k
    const at = AT + number * 500 - (number % 100 === 0 ? 3_600_000 : 0)
    const row = JSON.stringify({ id: `${number}`, person: `person ${number % 37}`, ms: number % 701, at })
    return number % 50 === 0 ? `${row}\n${row}` : row
  }).join("\n")
}

async function json<Answer>(url: string, path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(`${url}${path}`, init)
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as Answer
}

interface Seen {
  readonly reports: readonly string[]
  readonly rows: Record<string, readonly string[]>
  readonly verdicts: Record<string, Readonly<Record<string, number>>>
}

/** Modules are loaded once, so each version of a project has a folder of its own. */
function folders(t: TestContext) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "millrace-changed-")))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return {
    data: (name: string) => join(root, name),
    async project(name: string, text: string, workers = 1): Promise<string> {
      const directory = join(root, name)
      mkdirSync(directory)
      writeFileSync(join(directory, "project.ts"), text)
      writeFileSync(join(directory, "millrace.config.ts"), config(workers))
      await checkProject(directory, { writeLock: true })
      return directory
    },
  }
}

test("unchanged views go on, changed ones are built, and every one is its query", async (t) => {
  const { project, data } = folders(t)
  const run = async (name: string, views: readonly string[], range: Range, kept = "data", workers = 1) => {
    return see(await project(name, EVENT + views.join(""), workers), data(kept), range)
  }
  const before = await run("before", [COUNTED, MINUTES, slow(100)], [0, ROWS])
  assert.ok(before.verdicts["minutes"]!["late"]! > 10, "rows are late")
  const changed = [COUNTED, MINUTES, slow(0), SPREAD]
  const after = await run("after", changed, [ROWS, 2 * ROWS], "data", 2)
  assert.deepEqual(builtIn(after), ["slow, spread: built from the log. Views that go on as they were: 2."])
  const fewer = await run("fewer", [MINUTES, slow(0)], [2 * ROWS, 3 * ROWS])
  const steady = await run("steady", changed, [0, 3 * ROWS], "steady")
  assert.deepEqual(fewer.rows["slow"], steady.rows["slow"])
  assert.deepEqual(fewer.verdicts["minutes"], steady.verdicts["minutes"])
  assert.deepEqual(fewer.rows["minutes"], steady.rows["minutes"])
})

test("a change behind groups leaves them their state", async (t) => {
  const { project, data } = folders(t)
  const run = async (name: string, views: readonly string[], range: Range, kept = "data", workers = 1) => {
    return see(await project(name, EVENT + views.join(""), workers), data(kept), range)
  }
  const before = await run("before", [MINUTES, often(75, "visits")], [0, ROWS])
  const changed = [MINUTES.replace("AS slowest", "AS longest"), often(74, "times")]
  const after = await run("after", changed, [ROWS, ROWS + 500], "data", 2)
  assert.ok(after.reports.includes("often: made of the state in front of what changed."))
  assert.deepEqual(builtIn(after), [])
  assert.notEqual(before.rows["often"]!.length, after.rows["often"]!.length)
  const steady = await run("steady", changed, [0, ROWS + 500], "steady")
  assert.deepEqual(after.rows, steady.rows)
  assert.deepEqual(after.verdicts, steady.verdicts)
})

test("a change of one event lets the views of others go on", async (t) => {
  const { project, data } = folders(t)
  const text = (extra: string) => EVENT + device(extra) + COUNTED + MINUTES + MODELS
  const before = await see(await project("before", text("")), data("data"), [0, ROWS])
  const wider = await project("wider", text(", firmware: z.string().optional()"))
  const after = await see(wider, data("data"), [ROWS, 2 * ROWS])
  assert.deepEqual(builtIn(after), ["models: built from the log. Views that go on as they were: 2."])
  const sum = (seen: Seen, view: string, column: string) => {
    return seen.rows[view]!.reduce((total, row) => total + Number(JSON.parse(row)[column]), 0)
  }
  assert.deepEqual([sum(before, "counted", "visits"), sum(after, "counted", "visits")], [ROWS, 2 * ROWS])
  assert.equal(sum(after, "models", "devices"), 2 * DEVICES)
  const asChecked = await project("checked", text(", firmware: z.string().max(9).optional()"))
  const again = await see(asChecked, data("data"), [2 * ROWS, 2 * ROWS + 500])
  assert.deepEqual(builtIn(again), ["models: built from the log. Views that go on as they were: 2."])
})

function builtIn({ reports }: Seen): readonly string[] {
  return reports.filter((line) => line.includes("built from the log"))
}

type Range = readonly [from: number, until: number]

/** Posts the rows, in order, and looks at everything. */
async function see(projectDirectory: string, dataDirectory: string, [from, until]: Range): Promise<Seen> {
  const seen = { reports: [] as string[], rows: {}, verdicts: {} } satisfies Seen as Seen & {
    reports: string[]
  }
  const report = (line: string) => seen.reports.push(line)
  const platform = await startPlatform({ projectDirectory, dataDirectory, port: 0, report })
  const { url } = platform
  try {
    let receipt = ""
    for (let first = from; first < until; first += 500) {
      receipt = await posted(url, "visit", body(first, first + 500))
    }
    const names = (await viewsOf(url)).map(({ name }) => name)
    const ofDevice = names.includes("models") ? await posted(url, "device", devices(from)) : ""
    for (const name of names) {
      const after = name === "models" ? ofDevice : receipt
      const page = `/v1/views/${name}/rows?limit=10000&after=${encodeURIComponent(after)}`
      const { rows } = await json<{ rows: readonly unknown[] }>(url, page)
      seen.rows[name] = rows.map((row) => JSON.stringify(row)).sort()
      const { verdict, reason } = await verifyView(url, name)
      assert.equal(verdict, "equal", `${name}: ${reason}`)
      await untilStored(url, name, rows.length)
    }
    for (const { name, verdicts } of await viewsOf(url)) seen.verdicts[name] = verdicts
  } finally {
    await platform.close()
  }
  return seen
}

/** @returns the receipt */
async function posted(url: string, event: string, rows: string): Promise<string> {
  return (await post<{ receipt: string }>(url, `/v1/events/${event}`, "x-ndjson", rows)).receipt
}

function post<Answer>(url: string, path: string, type: string, text: string): Promise<Answer> {
  return json<Answer>(url, path, {
    method: "POST",
    headers: { "content-type": `application/${type}` },
    body: text,
  })
}

async function viewsOf(url: string) {
  type View = { readonly name: string; readonly verdicts: Readonly<Record<string, number>> }
  return (await json<{ views: readonly View[] }>(url, "/v1/views")).views
}

/** The store is a second behind. */
async function untilStored(url: string, view: string, rows: number): Promise<void> {
  const query = JSON.stringify({ sql: `SELECT count() AS n FROM views.${view}`, numbers: "json" })
  const untilMs = performance.now() + STORE_PATIENCE_MS
  for (;;) {
    const { data } = await post<{ data: { n: number }[] }>(url, "/v1/query", "json", query)
    if (data[0]!.n === rows) return
    if (performance.now() > untilMs) assert.equal(data[0]!.n, rows, `rows of ${view} in the store`)
    await sleep(100)
  }
}
