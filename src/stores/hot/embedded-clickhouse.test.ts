import assert from "node:assert/strict"
import { readdirSync, statSync } from "node:fs"
import { after, before, test } from "node:test"
import { type EmbeddedStore, openEmbeddedStore } from "../../../test/kit/embedded-store.ts"
import { isPlatformError } from "../../std/errors.ts"
import { queryRows, readAll } from "../clickhouse.ts"

let store: EmbeddedStore
before(async () => {
  store = await openEmbeddedStore()
})
after(async () => store[Symbol.asyncDispose]())

const failsWith = (code: string, message: RegExp) => (error: unknown) =>
  isPlatformError(error, code) && message.test(error.message)

test("statements run, parameters are bound, and settings hold for one statement", async () => {
  const { clickhouse } = store
  await clickhouse.command("CREATE DATABASE d")
  await clickhouse.command("CREATE TABLE d.t (a Int64, s Nullable(String)) ENGINE = MergeTree ORDER BY a")
  const body = [Buffer.from('{"a":"9007199254740993","s":"x"}\n'), Buffer.from('{"a":2,"s":null}\n')]
  await clickhouse.insert({ table: "d.t", columns: ["a", "s"], format: "JSONEachRow", body })
  assert.deepEqual(await queryRows(clickhouse, "SELECT * FROM d.t ORDER BY a"), [
    { a: "2", s: null },
    { a: "9007199254740993", s: "x" },
  ])
  const tricky = "it's\ta \\ line\nbreak {x:Int8}"
  const parameters = { s: tricky, n: null, a: ["q'", "\\"], i: 12n }
  const sql = "SELECT {s:String} s, {n:Nullable(String)} n, {a:Array(String)} a, {i:Int64} i"
  assert.deepEqual(await queryRows(clickhouse, sql, { parameters }), [
    { s: tricky, n: null, a: ["q'", "\\"], i: "12" },
  ])
  const setting = "SELECT getSetting('max_block_size')::UInt32 v"
  const usual = await queryRows<{ v: number }>(clickhouse, setting)
  assert.deepEqual(await queryRows(clickhouse, setting, { settings: { max_block_size: 77 } }), [{ v: 77 }])
  assert.deepEqual(await queryRows(clickhouse, setting), usual)
})

test("blocks in the Native format are inserted, and come back as they were", async () => {
  const { clickhouse } = store
  await clickhouse.command("CREATE TABLE d.n (s String, a UInt64) ENGINE = MergeTree ORDER BY a")
  const made = await clickhouse.query("SELECT number AS a, toString(number) AS s FROM numbers(200000)", {
    format: "Native",
  })
  const body = [await readAll(made.body)]
  await clickhouse.insert({ table: "d.n", columns: ["a", "s"], format: "Native", body })
  const [row] = await queryRows(clickhouse, "SELECT count() c, sum(a) a, sum(toUInt64(s)) s FROM d.n")
  assert.deepEqual(row, { c: "200000", a: "19999900000", s: "19999900000" })
})

test("a reader changes nothing, not even a setting", async () => {
  const { clickhouse } = store
  const reader = { role: "reader" } as const
  assert.deepEqual(await queryRows(clickhouse, "SELECT 1 AS one", reader), [{ one: 1 }])
  for (const sql of [
    "CREATE TABLE d.x (a Int8) ENGINE = Memory",
    "INSERT INTO d.t VALUES (1, 'x')",
    "SELECT 1 SETTINGS max_threads = 1",
    "SET readonly = 0",
    "DROP DATABASE d",
  ]) {
    await assert.rejects(
      clickhouse.command(sql, reader),
      failsWith("query-failed", /readonly|privileges/),
      sql,
    )
  }
  const limited = queryRows(clickhouse, "SELECT sum(number) FROM numbers(1e12)", {
    ...reader,
    settings: { max_execution_time: 0.2 },
  })
  await assert.rejects(limited, failsWith("query-timeout", /exceeded/i))
})

test("a failure says what ClickHouse said, before the first row or after a million", async () => {
  const { clickhouse } = store
  await assert.rejects(
    clickhouse.command("SELECT nosuch"),
    failsWith("query-failed", /statement: Unknown expression identifier `nosuch`.*UNKNOWN_IDENTIFIER/),
  )
  const { body } = await clickhouse.query("SELECT throwIf(number = 1500000) FROM numbers(3000000)", {
    format: "Native",
  })
  let bytes = 0
  const read = async () => {
    for await (const piece of body) bytes += piece.length
  }
  await assert.rejects(read(), failsWith("query-failed", /throwIf/))
  assert.ok(bytes > 0)
})

test("a statement is stopped by its id, by a signal, or by leaving its rows", async () => {
  const { clickhouse } = store
  const endless = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
  const running = async (id: string) =>
    (
      await queryRows(
        clickhouse,
        "SELECT 1 FROM system.processes WHERE Settings['log_comment'] = {id:String}",
        {
          parameters: { id },
        },
      )
    ).length > 0
  const until = async (id: string, wanted: boolean) => {
    while ((await running(id)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const killed = clickhouse.command(endless, { queryId: "k1" })
  killed.catch(() => undefined)
  await until("k1", true)
  assert.equal(await clickhouse.kill("k1"), true)
  await assert.rejects(killed, failsWith("query-cancelled", /k1/))
  assert.equal(await clickhouse.kill("k1"), false)

  for (const format of ["JSON", "JSONEachRow"]) {
    const abort = new AbortController()
    const aborted = clickhouse.query(endless, { queryId: `k2${format}`, signal: abort.signal, format })
    aborted.catch(() => undefined)
    await until(`k2${format}`, true)
    abort.abort()
    await assert.rejects(aborted, failsWith("query-cancelled", /k2/))
    await until(`k2${format}`, false)
  }

  const { body } = await clickhouse.query("SELECT number FROM system.numbers", {
    queryId: "k3",
    format: "Native",
  })
  for await (const _ of body) break
  await until("k3", false)
})

test("the socket is nobody else's, and no body of an insert is left", async () => {
  const socket = `${store.directory}/socket`
  assert.equal(statSync(socket).mode & 0o777, 0o700)
  assert.equal(statSync(`${socket}/http`).mode & 0o777, 0o600)
  const names = readdirSync("/dev/shm").filter((name) => name.startsWith("millrace-"))
  for (const name of names) {
    const left = readdirSync(`/dev/shm/${name}`).filter((file) =>
      file.startsWith(`${store.clickhouse.status.pid}-`),
    )
    assert.deepEqual(left, [])
  }
})

test("a killed host is started again and has what it had", async () => {
  const { clickhouse } = store
  const { pid } = clickhouse.status
  assert.ok(pid !== null)
  process.kill(pid, "SIGKILL")
  while (clickhouse.status.state === "ready") await new Promise((resolve) => setTimeout(resolve, 5))
  await assert.rejects(clickhouse.version(), failsWith("store-unavailable", /SIGKILL/))
  await clickhouse.whenReady()
  assert.equal(clickhouse.status.crashes, 1)
  assert.notEqual(clickhouse.status.pid, pid)
  assert.deepEqual(await queryRows(clickhouse, "SELECT count() c FROM d.n"), [{ c: "200000" }])
})
