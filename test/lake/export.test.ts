import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { parse } from "csv-parse/sync"
import { type ExportFormat, exportLake } from "../../src/platform/export-lake.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"
import { openLakeWorld, orderRows } from "../kit/lake-world.ts"

let directory: string
let store: EmbeddedStore
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "export-"))
  await using world = await openLakeWorld({ disk: new NodeDisk(), directory })
  await world.archiver.prepare()
  await world.append(0, orderRows(0, 30))
  world.clock.skip(60_000)
  await world.append(1, orderRows(30, 50))
  await world.archiver.archiveNow()
  store = await openEmbeddedStore()
})
after(async () => {
  await store[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

const request = (format: ExportFormat, name: string) => {
  const to = join(directory, name)
  return { event: "order", format, to, fromMs: null, untilMs: null, dataDirectory: directory }
}
const CLICKHOUSE = { parquet: "Parquet", orc: "ORC", avro: "Avro" } as const

for (const format of ["parquet", "orc", "avro"] as const) {
  test(`an event is written as ${format}, with all rows`, async () => {
    const { to } = request(format, `all.${format}`)
    const { rows } = await exportLake(request(format, `all.${format}`))
    assert.equal(rows, 50)
    const sql = `SELECT count() AS n, sum(total) AS total FROM file('${to}', '${CLICKHOUSE[format]}')`
    const total = 9_007_199_254_740_993n * 50n + 1225n
    assert.deepEqual(await queryRows(store.clickhouse, sql), [{ n: "50", total: String(total) }])
  })
}

test("lines of JSON hold what was sent, and a range takes append times", async () => {
  const midnight = Date.UTC(2026, 10, 28)
  const later = { ...request("ndjson", "later.ndjson"), fromMs: midnight }
  const earlier = { ...request("csv", "earlier.csv"), untilMs: midnight }
  assert.deepEqual([(await exportLake(later)).rows, (await exportLake(earlier)).rows], [20, 30])
  const lines = readFileSync(later.to, "utf8").trimEnd().split("\n")
  const values = lines.map((line) => (JSON.parse(line) as { _value: string })._value)
  assert.deepEqual(
    values,
    orderRows(30, 50).map(({ value }) => value),
  )
  const records = parse(readFileSync(earlier.to), { columns: true }) as { id: string }[]
  assert.deepEqual(
    records.map(({ id }) => id),
    orderRows(0, 30).map(({ key }) => key),
  )
})

test("an event that the lake does not have, and a file that exists, are refused", async () => {
  const wrong = { ...request("csv", "x.csv"), event: "refund" }
  await assert.rejects(exportLake(wrong), (error) => isPlatformError(error, "unknown-lake-table"))
  const taken = { ...request("csv", "x.csv"), to: `${directory}/lake` }
  await assert.rejects(exportLake(taken), (error) => isPlatformError(error, "export-failed"))
})
