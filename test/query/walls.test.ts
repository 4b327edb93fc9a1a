/** The second wall: what a reader's connection may do when the gate lets everything through. */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { queryRows } from "../../src/stores/clickhouse.ts"
import { openTestEngine, type TestEngine } from "./engine.ts"

let engine: TestEngine
before(async () => {
  engine = await openTestEngine()
})
after(() => engine[Symbol.asyncDispose]())

const READER = { role: "reader" } as const
const NO_RIGHTS = /ACCESS_DENIED|READONLY|readonly|CANNOT_EXTRACT_TABLE_STRUCTURE/

test("a reader reads the tables of the three databases", async () => {
  for (const table of ["events.click", "views.clicks_per_plan", "views.shown"]) {
    const sql = `SELECT count() AS n FROM ${table}`
    assert.deepEqual(await queryRows(engine.clickhouse, sql, READER), [{ n: "0" }])
  }
})

test("a reader reaches no file, network or other table, and changes nothing, without the gate", async () => {
  const attempts = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM s3('https://bucket.s3.amazonaws.com/x.parquet')",
    "SELECT * FROM mysql('127.0.0.1:3306', 'd', 't', 'u', 'p')",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM executable('cat', 'LineAsString', 'line String')",
    "INSERT INTO events.click (id) VALUES (1)",
    "INSERT INTO FUNCTION file('/tmp/millrace-never', 'CSV', 'a Int8') SELECT 1",
    "DROP TABLE events.click",
    "CREATE TABLE events.x (a Int8) ENGINE = Memory",
    "CREATE FUNCTION f AS x -> x",
    "ALTER TABLE events.click DELETE WHERE 1",
    "TRUNCATE TABLE events.click",
    "SYSTEM STOP MERGES events.click",
    "SET readonly = 0",
    "GRANT ALL ON *.* TO reader",
    "CREATE USER other",
    "SELECT * FROM secrets.keys",
    "SELECT * FROM merge('secrets', '.*')",
  ]
  const passed: string[] = []
  for (const sql of attempts) {
    const failure = await engine.clickhouse.command(sql, READER).then(
      () => null,
      (error: unknown) => String(error),
    )
    if (failure === null) passed.push(sql)
    else assert.match(failure, NO_RIGHTS, sql)
  }
  assert.deepEqual(passed, [])
})

test("a reader sees of system.tables only what it may read", async () => {
  const sql = "SELECT DISTINCT database AS name FROM system.tables WHERE database != 'system' ORDER BY name"
  const rows = await queryRows<{ name: string }>(engine.clickhouse, sql, READER)
  const names = rows.map(({ name }) => name).filter((name) => !/information_schema/i.test(name))
  assert.deepEqual(names, ["_views", "events", "views"])
})
