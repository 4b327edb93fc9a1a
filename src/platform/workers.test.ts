/** A platform whose views are kept by several threads, started again with other numbers of them. */
import assert from "node:assert/strict"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { checkProject } from "./check-project.ts"
import { startPlatform } from "./start-platform.ts"

const AT = Date.UTC(2026, 2, 2, 10)
const PEOPLE = 500
const ROWS = 2_000

const PROJECT = `import { event, int32, timestamp, view } from "millrace"
import { z } from "zod"
export const visit = event("visit", {
  schema: z.object({
    id: z.string(), person: z.string(), page: z.string(), ms: int32(), at: timestamp({ unit: "ms" }),
  }),
  id: "id",
  time: "at",
  key: "person",
})
export const people = view("people", {
  sql: \`SELECT person, count(*) AS visits, count(DISTINCT page) AS pages, max(ms) AS slowest
        FROM visit GROUP BY person\`,
  state: "unbounded",
})
export const stays = view("stays", {
  sql: \`SELECT person, window_start, count(*) AS visits
        FROM session(visit, at, INTERVAL '30 seconds', person) GROUP BY person, window_start\`,
  emit: "changes",
})
export const slowest = view("slowest", {
  sql: \`SELECT person, page, ms
        FROM (SELECT person, page, ms, row_number() OVER (PARTITION BY page ORDER BY ms DESC) AS r
              FROM visit) AS v WHERE r <= 3\`,
  state: "unbounded",
})
`
const config = (workers: number) =>
  `import { defineConfig } from "millrace"
export default defineConfig({ name: "shop", store: false, lake: false, workers: ${workers} })\n`

function body(from: number, until: number): string {
  return Array.from({ length: until - from }, (_, k) => {
    const number = from + k
    const person = `person ${(number * 7919) % PEOPLE}`
    const at = AT + number * 137
    return JSON.stringify({ id: `${number}`, person, page: `p${number % 23}`, ms: (number * 31) % 4_001, at })
  }).join("\n")
}

type Rows = readonly Readonly<Record<string, unknown>>[]

async function send(url: string, from: number, until: number): Promise<string> {
  const headers = { "content-type": "application/x-ndjson" }
  const init = { method: "POST", headers, body: body(from, until) }
  const response = await fetch(`${url}/v1/events/visit`, init)
  assert.equal(response.status, 200)
  return ((await response.json()) as { receipt: string }).receipt
}

async function rowsOf(url: string, view: string, receipt: string): Promise<Rows> {
  const response = await fetch(
    `${url}/v1/views/${view}/rows?limit=10000&after=${encodeURIComponent(receipt)}`,
  )
  assert.equal(response.status, 200, await response.clone().text())
  return ((await response.json()) as { rows: Rows }).rows
}

/** Modules are loaded once, so each number of workers has a project of its own. */
async function projectOf(root: string, workers: number): Promise<string> {
  const directory = join(root, `project-${workers}`)
  mkdirSync(directory)
  writeFileSync(join(directory, "project.ts"), PROJECT)
  writeFileSync(join(directory, "millrace.config.ts"), config(workers))
  await checkProject(directory, { writeLock: true })
  return directory
}

/** How many parts the newest checkpoint is of. */
function savedParts(data: string): number {
  const directory = join(data, "checkpoints")
  const newest = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  for (const file of newest) {
    const text = readFileSync(file, "latin1")
    if (!text.includes("$engine/meta")) continue
    return 1 + new Set(text.match(/\$part\/\d+/g)).size
  }
  throw new Error(`no checkpoint in ${directory}`)
}

test("views are the same by one, two and three workers, also where their number changes", async (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "millrace-workers-")))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const projects = new Map<number, string>()
  for (const workers of [1, 2, 3]) projects.set(workers, await projectOf(root, workers))
  const run = async (workers: number, data: string, range: readonly [number, number]) => {
    const projectDirectory = projects.get(workers)!
    const platform = await startPlatform({ projectDirectory, dataDirectory: join(root, data), port: 0 })
    const views: Record<string, Rows> = {}
    try {
      const receipt = await send(platform.url, ...range)
      for (const view of ["people", "stays", "slowest"]) {
        views[view] = await rowsOf(platform.url, view, receipt)
      }
    } finally {
      await platform.close()
    }
    assert.equal(savedParts(join(root, data)), workers)
    return views
  }
  for (const [k, workers] of [2, 3, 1, 2].entries()) {
    const range = [ROWS * k, ROWS * (k + 1)] as const
    assert.deepEqual(await run(workers, "many", range), await run(1, "one", range), `${workers} workers`)
  }
})
