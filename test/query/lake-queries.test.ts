/** Queries of the lake over the real engine: as it is, and as it was. */
import assert from "node:assert/strict"
import { existsSync, renameSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { z } from "zod"
import { main } from "../../src/cli/main.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import { event, timestamp } from "../../src/index.ts"
import { DEFAULT_ARCHIVER_LIMITS } from "../../src/runners/archiver/archiver.ts"
import { tablesOf } from "../../src/runners/archiver/open-lake.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"
import type { LakeTables } from "../../src/stores/hot/lake-views.ts"
import { MAX_QUERY_TIMEOUT_MS } from "../../src/stores/hot/query-limits.ts"
import { type LakeWorld, openLakeWorld, order1, order2, orderRows } from "../kit/lake-world.ts"
import { twinTerminal } from "../kit/twin-terminal.ts"
import { ask, type QueryServer, startQueryServer } from "./query-server.ts"

const refund = event("refund", {
  schema: z.object({ id: z.string(), at: timestamp() }),
  id: "id",
  time: "at",
}) as unknown as EventContract

/** Snapshots of 20, 40 and 60 rows, a minute apart; then 10 rows of the contract that grew. */
let directory: string
let world: LakeWorld
let server: QueryServer
let tables: LakeTables
const moments: { readonly atMs: number; readonly id: string }[] = []

async function archive(from: number, to: number): Promise<void> {
  await world.append(0, orderRows(from, to))
  await world.archiver.archiveNow()
  const snapshot = world.lake.table("order").snapshot!
  moments.push({ atMs: snapshot["timestamp-ms"], id: String(snapshot["snapshot-id"]) })
  world.clock.skip(60_000)
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "lake-queries-"))
  const disk = new NodeDisk()
  const limits = { smallFiles: 2, snapshotMs: 3_600_000 }
  world = await openLakeWorld({ disk, directory, contracts: [order1], limits })
  // The server asks whichever life of the lake there is.
  tables = { names: () => tablesNow().names(), source: (name, moment) => tablesNow().source(name, moment) }
  server = await startQueryServer(4, tables)
  for (let n = 0; n < 60; n += 20) await archive(n, n + 20)
  const { clock } = world
  await world[Symbol.asyncDispose]()
  world = await openLakeWorld({ disk, directory, clock, contracts: [order2], seed: 2, limits })
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

const tablesNow = () => tablesOf(world.lake, [order2, refund])
const iso = (ms: number) => new Date(ms).toISOString()

async function rowsOf(sql: string): Promise<unknown> {
  const answer = (await (await ask(server.url, { sql })).json()) as { data?: unknown }
  return answer.data ?? answer
}

async function problemOf(sql: string) {
  const response = await ask(server.url, { sql })
  const body = (await response.json()) as { code: string; detail: string; position?: number }
  return { ...body, status: response.status }
}

test("an event's history is a table: all archived rows, with their place in the log", async () => {
  const sql = "SELECT count() AS n, max(_offset) AS last, any(_topic) AS topic FROM lake.order"
  assert.deepEqual(await rowsOf(sql), [{ n: "60", last: "59", topic: "order" }])
  const one = await rowsOf("SELECT order.id, lake.order.total FROM lake.order WHERE _offset = 7")
  assert.deepEqual(one, [{ id: "order-7", total: "9007199254741000" }])
})

test("a table is read as it was at a time, or as of a snapshot", async () => {
  for (const [index, { atMs, id }] of moments.entries()) {
    const n = String((index + 1) * 20)
    for (const moment of [
      `'${iso(atMs)}'`,
      `'${iso(atMs + 59_000)}'`,
      `SNAPSHOT ${id}`,
      `SNAPSHOT '${id}'`,
    ]) {
      const sql = `SELECT count() AS n, max(order._offset) + 1 AS next FROM lake.order AT ${moment}`
      assert.deepEqual(await rowsOf(sql), [{ n, next: n }], moment)
    }
  }
})

test("each table of one query may be of another time", async () => {
  const [first, , third] = moments
  const sql = `
    SELECT count() AS added, min(now._offset) AS first
    FROM lake.order AT SNAPSHOT ${third!.id} AS now
    LEFT ANTI JOIN lake.order AT '${iso(first!.atMs)}' AS before ON now.id = before.id`
  assert.deepEqual(await rowsOf(sql), [{ added: "40", first: "20" }])
  const before = `(SELECT count() FROM lake.order AT SNAPSHOT ${first!.id})`
  const counts = `SELECT ${before} AS a, count() AS b FROM lake.order`
  assert.deepEqual(await rowsOf(counts), [{ a: "20", b: "60" }])
})

test("a field that the contract gains is there at once; as it was, the table does not have it", async () => {
  const coupons = "SELECT count() AS n, count(coupon) AS coupons FROM lake.order"
  assert.deepEqual(await rowsOf(coupons), [{ n: "60", coupons: "0" }])
  await world.archiver.prepare()
  const grown = orderRows(60, 70).map(({ key, value }) => {
    return { key, value: value!.replace("{", '{"coupon":"C",') }
  })
  await world.append(0, grown, order2)
  await world.archiver.archiveNow()
  assert.deepEqual(await rowsOf(coupons), [{ n: "70", coupons: "10" }])
  const { status, code, detail } = await problemOf(
    `SELECT coupon FROM lake.order AT SNAPSHOT ${moments[0]!.id}`,
  )
  assert.deepEqual([status, code], [400, "query-failed"])
  assert.match(detail, /`coupon`/)
})

test("compaction changes no answer, of now or of then", async () => {
  const files = world.lake.table("order").dataFiles().length
  await world.archiver.upkeepNow()
  assert.ok(world.lake.table("order").dataFiles().length < files)
  assert.equal(world.lake.table("order").snapshot?.summary.operation, "replace")
  const facts = "SELECT count() AS n, uniqExact(id) AS ids, sum(_offset) AS offsets FROM lake.order"
  assert.deepEqual(await rowsOf(facts), [{ n: "70", ids: "70", offsets: "2415" }])
  assert.deepEqual(await rowsOf(`${facts} AT '${iso(moments[1]!.atMs)}'`), [
    { n: "40", ids: "40", offsets: "780" },
  ])
})

test("an event of which nothing is archived is a table without rows, and has no past", async () => {
  const response = await ask(server.url, { sql: "SELECT * FROM lake.refund" })
  const { meta, rows } = (await response.json()) as { meta: { name: string; type: string }[]; rows: number }
  assert.equal(rows, 0)
  assert.deepEqual(meta.slice(0, 4), [
    { name: "id", type: "Nullable(String)" },
    { name: "at", type: "Nullable(DateTime64(6, 'UTC'))" },
    { name: "processed_at", type: "DateTime64(6, 'UTC')" },
    { name: "_topic", type: "String" },
  ])
  const { code, detail } = await problemOf("SELECT * FROM lake.refund AT '2026-11-27'")
  assert.equal(code, "unknown-snapshot")
  assert.match(detail, /the oldest kept is none/)
})

test("what is not there, or has no past, is refused by name and with its place", async () => {
  const cases: readonly (readonly [sql: string, status: number, code: string, detail: RegExp])[] = [
    [
      "SELECT 1 FROM lake.ordr",
      404,
      "unknown-table",
      /there is no table lake\.ordr; did you mean lake\.order\?/,
    ],
    ["SELECT 1 FROM lake.ordr AT SNAPSHOT 1", 404, "unknown-table", /did you mean lake\.order\?/],
    [
      "SELECT 1 FROM lake.order AT SNAPSHOT 1",
      404,
      "unknown-snapshot",
      new RegExp(`oldest kept is ${moments[0]!.id}`),
    ],
    [
      "SELECT 1 FROM lake.order AT '2020-01-01'",
      404,
      "unknown-snapshot",
      /no snapshot of 2020-01-01T00:00:00\.000Z/,
    ],
    ["SELECT 1 FROM lake.order AT 'noon'", 400, "query-moment", /AT takes a time/],
    ["SELECT 1 FROM events.click AT '2026-11-27'", 400, "query-moment", /events\.click is none/],
    ["SELECT 1 FROM click AT '2026-11-27'", 400, "query-moment", /click is none/],
  ]
  for (const [sql, status, code, detail] of cases) {
    const found = await problemOf(sql)
    assert.deepEqual([found.status, found.code], [status, code], sql)
    assert.match(found.detail, detail)
  }
})

test("places that the parser complains of are those of the text with AT in it", async () => {
  const past = `lake.order AT\n  SNAPSHOT ${moments[0]!.id}`
  const sql = `SELECT 1 FROM lake.order AT '2026-11-28' AS a\nJOIN ${past} ON )`
  const { code, position, detail } = await problemOf(sql)
  assert.deepEqual([code, position], ["query-syntax", sql.length])
  assert.match(detail, /line 3, column \d+: "\)" is not expected/)
})

test("through the lake nobody reads more than it: the gate and the rights are what they were", async () => {
  await rowsOf(`SELECT 1 FROM lake.order AT SNAPSHOT ${moments[0]!.id}`)
  for (const sql of [
    "SELECT * FROM lake.order, file('/etc/passwd', 'LineAsString')",
    `SELECT * FROM lake.order AT SNAPSHOT ${moments[0]!.id} UNION ALL SELECT * FROM system.tables`,
    "SELECT file('/etc/passwd') FROM lake.order",
    "SELECT * FROM lake.order AT '2026-11-28' SETTINGS readonly = 0",
    `SELECT * FROM icebergLocal('${directory}/lake/order')`,
  ]) {
    assert.equal((await problemOf(sql)).code, "query-refused", sql)
  }
  const reader = { role: "reader" } as const
  const files = world.lake
    .table("order")
    .dataFiles()
    .map(({ path }) => path)
  for (const sql of [
    `SELECT * FROM file('${files[0]}', 'Parquet')`,
    "CREATE OR REPLACE VIEW lake.order SQL SECURITY NONE AS SELECT * FROM file('/etc/passwd', 'CSV')",
    "DROP VIEW lake.order",
    "ALTER TABLE lake.order MODIFY SQL SECURITY INVOKER",
  ]) {
    await assert.rejects(server.engine.clickhouse.command(sql, reader), /ACCESS_DENIED|READONLY/, sql)
  }
})

test("the limits of queries hold within the lake", async () => {
  const cross = "SELECT sum(cityHash64(a.id, b.id, c.id, d.id, e.id, f.id)) FROM lake.order AS a"
  const sql = ["b", "c", "d", "e", "f"].reduce(
    (text, name) => `${text} CROSS JOIN lake.order AS ${name}`,
    cross,
  )
  const response = await ask(server.url, { sql, timeout_ms: 500 })
  assert.equal(response.status, 504)
})

test("millrace query travels too, and shows where a moment is wrong", async () => {
  const terminal = twinTerminal({ url: server.url })
  const sql = `SELECT count() AS n FROM lake.order AT '${iso(moments[0]!.atMs)}'`
  assert.equal(await main(["query", sql, "--format", "csv"], terminal), 0)
  assert.equal(Buffer.concat(terminal.written).toString(), '"n"\n20\n')
  const wrong = twinTerminal({ url: server.url })
  assert.equal(await main(["query", "SELECT 1 FROM lake.order AT 'noon'"], wrong), 2)
  assert.deepEqual(wrong.noted.slice(0, 2), ["  SELECT 1 FROM lake.order AT 'noon'", `${" ".repeat(30)}^`])
})

test("more moments than are kept: views of the past go, those in use stay", async () => {
  for (let n = 70; n < 74; n++) await archive(n, n + 1)
  for (const { id: snapshot } of moments)
    await rowsOf(`SELECT 1 FROM lake.order AT SNAPSHOT ${snapshot} LIMIT 1`)
  const [{ n } = { n: "" }] = await queryRows<{ n: string }>(
    server.engine.clickhouse,
    "SELECT count() AS n FROM system.tables WHERE database = 'lake' AND name LIKE '\\\\_%'",
  )
  assert.equal(n, "3")
  const all = moments.map(({ id: snapshot }) => `SELECT count() AS n FROM lake.order AT SNAPSHOT ${snapshot}`)
  const together = `SELECT sum(n) AS sum FROM (${all.join(" UNION ALL ")})`
  assert.deepEqual(await rowsOf(together), [{ sum: String(20 + 40 + 60 + 71 + 72 + 73 + 74) }])
})

test("a query that has begun keeps its files when their snapshot expires", async () => {
  assert.ok(DEFAULT_ARCHIVER_LIMITS.graceMs >= MAX_QUERY_TIMEOUT_MS, "the grace outlives every query")
  const { id, atMs } = moments[1]!
  const source = tables.source("order", { snapshotId: id })
  world.clock.skip(2 * 3_600_000)
  await world.archiver.upkeepNow()
  for (const moment of [`SNAPSHOT ${id}`, `'${iso(atMs)}'`]) {
    const { status, code } = await problemOf(`SELECT 1 FROM lake.order AT ${moment}`)
    assert.deepEqual([status, code], [404, "unknown-snapshot"])
  }
  assert.ok(source.files.every((path) => existsSync(path)))
  const sql = `SELECT count() AS n, max(_offset) AS last FROM ${source.from}`
  assert.deepEqual(await queryRows(server.engine.clickhouse, sql), [{ n: "40", last: "39" }])
  world.clock.skip(DEFAULT_ARCHIVER_LIMITS.graceMs)
  await world.archiver.upkeepNow()
  const kept = new Set(tables.source("order", null).files)
  const gone = source.files.filter((path) => !kept.has(path))
  assert.ok(gone.length > 0 && !gone.some((path) => existsSync(path)))
  assert.deepEqual(await rowsOf("SELECT count() AS n FROM lake.order"), [{ n: "74" }])
})

test("a data file that is gone fails the query, instead of leaving its rows out", async () => {
  const [path] = tables.source("order", null).files
  renameSync(path!, `${path}.aside`)
  const { status, code, detail } = await problemOf("SELECT count() FROM lake.order")
  assert.deepEqual([status, code], [503, "lake-file-corrupt"])
  assert.match(detail, /it is not there/)
  renameSync(`${path}.aside`, path!)
  assert.deepEqual(await rowsOf("SELECT count() AS n FROM lake.order"), [{ n: "74" }])
})
