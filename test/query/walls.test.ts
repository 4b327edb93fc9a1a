/** The second wall: what a reader's connection may do when the gate lets everything through. */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import type { Session } from "chdb"
import { openTestEngine, type TestEngine } from "./engine.ts"

let engine: TestEngine
let reader: Session

before(() => {
  engine = openTestEngine()
  reader = engine.openReader()
})
after(() => {
  reader.close()
  engine[Symbol.dispose]()
})

const NO_RIGHTS = /ACCESS_DENIED|READONLY/

test("a reader reads the tables of the three databases", () => {
  assert.equal(reader.query("SELECT count() FROM events.click", "TSV"), "0\n")
  assert.equal(reader.query("SELECT count() FROM views.clicks_per_plan", "TSV"), "0\n")
})

test("a reader reaches no file, network or other program, and changes nothing, even without the gate", () => {
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
  ]
  const passed = attempts.filter((sql) => {
    try {
      reader.query(sql)
      return true
    } catch (error) {
      assert.match(String(error), NO_RIGHTS, sql)
      return false
    }
  })
  assert.deepEqual(passed, [])
})

test("a reader sees of system.tables only what it may read", () => {
  const databases = reader.query(
    "SELECT DISTINCT database FROM system.tables WHERE database != 'system'",
    "TSV",
  )
  const seen = databases.split("\n").filter((name) => name !== "" && !/information_schema/i.test(name))
  assert.deepEqual(seen.toSorted(), ["events", "views"])
})
