import assert from "node:assert/strict"
import { Agent } from "node:http"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from "@clickhouse/client"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"

/** ClickHouse's own client against the embedded host: what it speaks is ClickHouse's interface, not ours. */
let store: EmbeddedStore
let client: ClickHouseClient
before(async () => {
  store = await openEmbeddedStore()
  client = clientFor("internal")
  await client.command({ query: "CREATE DATABASE f" })
  await client.command({
    query: "CREATE TABLE f.t (a Int64, s Nullable(String)) ENGINE = MergeTree ORDER BY a",
  })
})
after(async () => {
  await client.close()
  await store[Symbol.asyncDispose]()
})

function clientFor(username: string): ClickHouseClient {
  // Passed on to each request; the types of Node do not have it.
  const socket = { socketPath: join(store.directory, "socket", "http") }
  return createClient({
    url: "http://localhost",
    username,
    http_agent: new Agent({ keepAlive: true, ...socket }),
    // Failures are what some of the tests are about.
    log: { level: ClickHouseLogLevel.OFF },
  })
}

test("it is there for a ping", async () => {
  assert.deepEqual(await client.ping(), { success: true })
})

test("rows are inserted with a list of columns, and refused with advice without one", async () => {
  const value = 9_007_199_254_740_993n
  await client.insert({
    table: "f.t",
    columns: ["s", "a"],
    format: "JSONEachRow",
    values: [
      { a: String(value), s: "it's\ta \\ line\nbreak" },
      { a: "2", s: null },
    ],
  })
  const withoutColumns = client.insert({ table: "f.t", format: "JSONEachRow", values: [{ a: 3 }] })
  await assert.rejects(withoutColumns, {
    type: "BAD_ARGUMENTS",
    code: "36",
    message: /the columns are needed/,
  })
  const result = await client.query({ query: "SELECT * FROM f.t ORDER BY a", format: "JSONEachRow" })
  assert.deepEqual(await result.json(), [
    { a: "2", s: null },
    { a: String(value), s: "it's\ta \\ line\nbreak" },
  ])
})

test("parameters of a select are bound by their types", async () => {
  const text = "x' OR 1 = 1 \\ \n{a:Int8}"
  const result = await client.query({
    query: `SELECT {s:String} AS s, {n:Nullable(Int64)} AS n, {a:Array(UInt8)} AS a,
      {t:DateTime64(3, 'UTC')} AS t`,
    query_params: { s: text, n: null, a: [1, 2], t: new Date(Date.UTC(2026, 2, 1, 8, 15)) },
    format: "JSON",
  })
  const { data, meta } = await result.json<Record<string, unknown>>()
  assert.deepEqual(data, [{ s: text, n: null, a: [1, 2], t: "2026-03-01 08:15:00.000" }])
  assert.deepEqual(
    meta?.map(({ name }) => name),
    ["s", "n", "a", "t"],
  )
})

test("a large answer comes as a stream", async () => {
  const query = "SELECT number AS n FROM numbers(300000)"
  const result = await client.query({ query, format: "JSONEachRow" })
  let [rows, sum] = [0, 0]
  for await (const part of result.stream<{ n: string }>()) {
    for (const row of part) {
      rows++
      sum += Number(row.json().n)
    }
  }
  assert.deepEqual([rows, sum], [300_000, (299_999 * 300_000) / 2])
})

test("failures have ClickHouse's codes, before the first row and behind many", async () => {
  for (const [query, code, type] of [
    ["SELECT nosuch", "47", "UNKNOWN_IDENTIFIER"],
    ["SELECT * FROM f.missing", "60", "UNKNOWN_TABLE"],
    ["selec 1", "62", "SYNTAX_ERROR"],
    ["SELECT throwIf(1)", "395", "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"],
  ] as const) {
    await assert.rejects(client.query({ query }), (error) => {
      assert.ok(error instanceof ClickHouseError, String(error))
      assert.deepEqual({ code: error.code, type: error.type }, { code, type }, query)
      return true
    })
  }
  const behindMany = async () => {
    const result = await client.query({
      query: "SELECT throwIf(number = 299999) AS x FROM numbers(300000)",
      format: "JSONEachRow",
      clickhouse_settings: { max_block_size: "1000" },
    })
    for await (const _ of result.stream());
  }
  await assert.rejects(behindMany(), { code: "395", type: "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" })
})

test("a reader cannot write, and a user that is not there is refused", async () => {
  const reader = clientFor("reader")
  const stranger = clientFor("default")
  try {
    const insert = { table: "f.t", format: "JSONEachRow", values: [{ a: 4 }] } as const
    await assert.rejects(reader.insert({ ...insert, columns: ["a"] }), { type: "ACCESS_DENIED", code: "497" })
    await assert.rejects(stranger.query({ query: "SELECT 1" }), {
      type: "AUTHENTICATION_FAILED",
      code: "516",
    })
  } finally {
    await reader.close()
    await stranger.close()
  }
})
