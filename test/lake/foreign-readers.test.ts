import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { promisify } from "node:util"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"
import { lakeSource } from "../../src/stores/lake/lake-source.ts"
import { decode, type StoredRecord } from "../../src/testing/plain-records.ts"
import { openEmbeddedStore } from "../kit/embedded-store.ts"
import { icebirdRows } from "../kit/icebird-rows.ts"
import { type LakeWorld, openLakeWorld, order1, order2, orderRows } from "../kit/lake-world.ts"

/** 80 rows by the first contract in four commits, put together into one file; 20 more by the second. */
let directory: string
let world: LakeWorld
let rows: StoredRecord[]
let half: { readonly atMs: number; readonly snapshotId: string }

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "lake-"))
  const disk = new NodeDisk()
  const first = await openLakeWorld({ disk, directory, contracts: [order1], limits: { smallFiles: 2 } })
  await first.archiver.prepare()
  for (let n = 0; n < 80; n += 20) {
    await first.append(n % 40 === 0 ? 0 : 1, orderRows(n, n + 20))
    await first.archiver.archiveNow()
    const snapshot = first.lake.table("order").snapshot!
    if (n === 20) half = { atMs: snapshot["timestamp-ms"], snapshotId: String(snapshot["snapshot-id"]) }
    first.clock.skip(20_000)
  }
  await first.archiver.upkeepNow()
  const { clock } = first
  await first[Symbol.asyncDispose]()
  world = await openLakeWorld({ disk, directory, clock, contracts: [order2], seed: 2 })
  await world.archiver.prepare()
  const grown = orderRows(80, 100).map(({ key, value }) => {
    return { key, value: value!.replace("{", '{"coupon":"C",') }
  })
  await world.append(0, grown, order2)
  await world.archiver.archiveNow()
  rows = []
  for (const partition of [0, 1]) {
    const { durableEnd } = await world.log.range("order", partition)
    for (let offset = 0; offset < durableEnd; ) {
      const read = await world.log.read({ topic: "order", partition, offset, maxBytes: 1_000_000 })
      rows.push(...decode(read.batches, offset))
      offset = read.nextOffset
    }
  }
  assert.equal(rows.length, 100)
})
after(async () => {
  await world[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

interface Sent {
  readonly id: string
  readonly amount: string
  readonly total: string
  readonly paid: boolean
  readonly coupon?: string
}

const sent = () => rows.map(({ value }) => JSON.parse(value!) as Sent)
const sumOfTotals = () => sent().reduce((sum, { total }) => sum + BigInt(total), 0n)

test("icebird reads every row of the log", async () => {
  const location = world.lake.table("order").directory
  const read = await icebirdRows(location)
  assert.equal(read.length, 100)
  const values = new Set(read.map((row) => row["_value"]))
  for (const { value } of rows) assert.ok(values.has(value), String(value))
  assert.equal(
    read.reduce((sum, row) => sum + (row["total"] as bigint), 0n),
    sumOfTotals(),
  )
  const byId = new Map(read.map((row) => [row["id"], row]))
  for (const { id, paid, coupon } of sent()) {
    assert.equal(byId.get(id)?.["paid"], paid)
    assert.equal(byId.get(id)?.["coupon"] ?? undefined, coupon)
  }
})

test("ClickHouse reads the table, now and as it was", async () => {
  await using store = await openEmbeddedStore()
  const { clickhouse } = store
  const facts = "count() AS n, sum(total) AS total, sum(mapContains(_unknown_fields, 'hint')) AS hints"
  const expected = { n: "100", total: String(sumOfTotals()), hints: "15", coupons: "20" }
  const now = `SELECT ${facts}, countIf(coupon = 'C') AS coupons FROM `
  assert.deepEqual(await queryRows(clickhouse, now + lakeSource(world.lake, "order").from), [expected])
  for (const moment of [{ atMs: half.atMs }, { snapshotId: half.snapshotId }]) {
    const { from } = lakeSource(world.lake, "order", { moment })
    assert.deepEqual(await queryRows(clickhouse, `SELECT count() AS n, max(total) AS last FROM ${from}`), [
      { n: "40", last: String(9_007_199_254_740_993n + 39n) },
    ])
  }
  const { from } = lakeSource(world.lake, "order")
  const exact = `SELECT _value FROM ${from} ORDER BY _partition, _offset`
  const values = await queryRows<{ _value: string }>(clickhouse, exact)
  assert.deepEqual(
    values.map(({ _value }) => _value),
    rows.map(({ value }) => value),
  )
})

test("ClickHouse's own reader of Iceberg finds the snapshots by itself", async () => {
  const { directory: location } = world.lake.table("order")
  const sql = `SELECT count() AS n, sum(total) AS total FROM icebergLocal('${location}/')`
  const now = { n: "100", total: String(sumOfTotals()) }
  assert.deepEqual(await inChdb(sql), now)
  const then = { n: "40", total: String(9_007_199_254_740_993n * 40n + 780n) }
  assert.deepEqual(await inChdb(`${sql} SETTINGS iceberg_timestamp_ms = ${half.atMs}`), then)
})

/** In a process of its own: ClickHouse takes files below its working directory only. */
async function inChdb(sql: string): Promise<unknown> {
  const module = createRequire(import.meta.url).resolve("chdb")
  const program = `
    const { query } = require(${JSON.stringify(module)})
    process.stdout.write(query(${JSON.stringify(sql)}, "JSONStringsEachRow"))`
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", program], { cwd: directory })
  return JSON.parse(stdout)
}

test("a moment before the first snapshot, an unknown snapshot and an unknown table are refused", () => {
  const wrong = [
    ["order", { atMs: 0 }, /keeps no snapshot of 1970-01-01T00:00:00.000Z; the oldest kept is \d+ \(2026-/],
    ["order", { snapshotId: "7" }, /keeps no snapshot 7/],
    ["refund", null, /no table "refund"; known are order/],
  ] as const
  for (const [event, moment, message] of wrong)
    assert.throws(() => lakeSource(world.lake, event, { moment }), { message })
})
