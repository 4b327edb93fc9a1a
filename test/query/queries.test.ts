/**
 * POST /v1/query over the real engine: answers in every format, parameters, limits, and ends of all kinds.
 */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { tableFromIPC } from "apache-arrow"
import { parquetReadObjects } from "hyparquet"
import { compressors } from "hyparquet-compressors"
import { call, startTwinServer } from "../kit/twin-server.ts"
import { ask, eventually, type QueryServer, startQueryServer } from "./query-server.ts"

let server: QueryServer

before(async () => {
  server = await startQueryServer(3)
  await server.engine.clickhouse.command(`INSERT INTO events.click
    SELECT
      number, 'u' || toString(number % 10), ['free', 'pro'][number % 2 + 1], number / 4, number * 1.5,
      toDateTime64('2026-03-01 00:00:00', 6, 'UTC') + number, ['a', 'b'], '{"n": 1}',
      if(number % 3 = 0, NULL, 'r'),
      now64(6)
    FROM numbers(1000)`)
})
after(() => server[Symbol.asyncDispose]())

const FOREVER = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)"
const ENDLESS_ROWS = "SELECT number, toString(number) AS text FROM numbers(100000000000)"

async function problem(body: object): Promise<Record<string, unknown>> {
  const response = await ask(server.url, body)
  return { status: response.status, ...((await response.json()) as object) }
}

test("JSON has data, meta and rows; int64 and decimals are strings, times are ISO", async () => {
  const response = await ask(server.url, {
    sql: "SELECT id, plan, amount, duration_ms, clicked_at, tags, referrer FROM click ORDER BY id LIMIT 2",
  })
  assert.equal(response.status, 200)
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/)
  assert.match(response.headers.get("millrace-query-id") ?? "", /^q-[0-9a-f]{24}$/)
  const { data, meta, rows, statistics } = (await response.json()) as Record<string, unknown>
  assert.deepEqual(data, [
    {
      ...{ id: "0", plan: "free", amount: "0", duration_ms: 0, clicked_at: "2026-03-01T00:00:00.000000Z" },
      ...{ tags: ["a", "b"], referrer: null },
    },
    {
      ...{
        id: "1",
        plan: "pro",
        amount: "0.25",
        duration_ms: 1.5,
        clicked_at: "2026-03-01T00:00:01.000000Z",
      },
      ...{ tags: ["a", "b"], referrer: "r" },
    },
  ])
  assert.deepEqual((meta as object[])[0], { name: "id", type: "Int64" })
  assert.equal(rows, 2)
  assert.equal(typeof statistics, "object")
})

test("numbers=json gives numbers, and what is no number has its name", async () => {
  const sql = "SELECT id, amount, nan AS x, inf AS y FROM click WHERE id = 1"
  const { data } = (await (await ask(server.url, { sql, numbers: "json" })).json()) as { data: unknown }
  assert.deepEqual(data, [{ id: 1, amount: 0.25, x: "nan", y: "inf" }])
})

test("NDJSON and CSV, asked for by format or by Accept", async () => {
  const sql = "SELECT id, plan FROM events.click ORDER BY id LIMIT 2"
  const lines = await ask(server.url, { sql, format: "ndjson" })
  assert.match(lines.headers.get("content-type") ?? "", /x-ndjson/)
  assert.equal(await lines.text(), '{"id":"0","plan":"free"}\n{"id":"1","plan":"pro"}\n')
  const csv = await ask(server.url, { sql }, { headers: { accept: "text/html, text/csv;q=0.9" } })
  assert.match(csv.headers.get("content-type") ?? "", /^text\/csv/)
  assert.equal(await csv.text(), '"id","plan"\n0,"free"\n1,"pro"\n')
})

test("Arrow and Parquet are read by readers that are not ours", async () => {
  const sql = "SELECT id, plan, duration_ms, clicked_at FROM events.click ORDER BY id"
  const arrow = await ask(server.url, { sql, format: "arrow" })
  assert.equal(arrow.headers.get("content-type"), "application/vnd.apache.arrow.stream")
  const table = tableFromIPC(new Uint8Array(await arrow.arrayBuffer()))
  assert.equal(table.numRows, 1000)
  assert.equal(table.getChild("id")?.get(999), 999n)
  assert.equal(String(table.getChild("plan")?.get(1)), "pro")
  const parquet = await ask(server.url, { sql, format: "parquet" })
  assert.equal(parquet.headers.get("content-type"), "application/vnd.apache.parquet")
  const rows = await parquetReadObjects({ file: await parquet.arrayBuffer(), compressors })
  assert.equal(rows.length, 1000)
  assert.deepEqual(
    [rows[999]?.["id"], rows[999]?.["plan"], rows[999]?.["duration_ms"]],
    [999n, "pro", 1498.5],
  )
})

test("a table without rows answers with its columns, in every format", async () => {
  const sql = "SELECT plan, count FROM clicks_per_plan"
  const json = (await (await ask(server.url, { sql })).json()) as Record<string, unknown>
  assert.deepEqual([json["data"], json["rows"], (json["meta"] as object[]).length], [[], 0, 2])
  assert.equal(await (await ask(server.url, { sql, format: "ndjson" })).text(), "")
  assert.equal(await (await ask(server.url, { sql, format: "csv" })).text(), '"plan","count"\n')
  const arrow = tableFromIPC(
    new Uint8Array(await (await ask(server.url, { sql, format: "arrow" })).arrayBuffer()),
  )
  assert.deepEqual([arrow.numRows, arrow.schema.fields.length], [0, 2])
})

test("parameters arrive as they were given, whatever is in them", async () => {
  const texts = [
    "it's",
    "a\\b",
    "tab\tline\nend\r",
    "{x:String}",
    "'; DROP TABLE x --",
    "ä€𝄞",
    "",
    "\\N",
    "\0",
  ]
  for (const text of texts) {
    const body = {
      sql: "SELECT {t:String} AS t, {l:Array(String)} AS l",
      params: { t: text, l: [text, "x"] },
    }
    const { data } = (await (await ask(server.url, body)).json()) as { data: unknown }
    assert.deepEqual(data, [{ t: text, l: [text, "x"] }])
  }
  const sql = `SELECT {i:Int64} AS i, {u:UInt64} AS u, {f:Float64} AS f, {d:Decimal(18, 2)} AS d,
    {b:Bool} AS b, {at:DateTime64(6)} AS at, {day:Date} AS day, {n:Nullable(Int32)} AS n,
    {ns:Array(Nullable(Float64))} AS ns`
  const given = {
    ...{ i: "-9223372036854775808", u: "18446744073709551615", f: 1.5, d: "12.50", b: true, n: null },
    ...{ at: "2026-03-01T10:15:00.000001+02:00", day: "2026-03-01", ns: [1, null, "NaN"] },
  }
  const { data } = (await (await ask(server.url, { sql, params: given })).json()) as { data: unknown }
  assert.deepEqual(data, [{ ...given, d: "12.5", at: "2026-03-01T08:15:00.000001Z", ns: [1, null, "nan"] }])
})

test("a parameter that does not fit says what it must be", async () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ["SELECT {n:UInt8}", { n: 300 }, /the parameter n is 300; it must be a whole number from 0 to 255/],
    ["SELECT {n:UInt8}", { n: 1.5 }, /whole number/],
    ["SELECT {n:Int64}", { n: 2 ** 60 }, /as a text where JSON's numbers end/],
    ["SELECT {n:Int64}", { n: "1; DROP" }, /whole number/],
    ["SELECT {n:Int64}", { n: null }, /it must be no null/],
    ["SELECT {n:Int64}", {}, /\{n:Int64\} has no value; give it in params/],
    ["SELECT {n:Int64}", { n: 1, m: 2 }, /params has "m", but the SQL has \{n:Int64\}/],
    ["SELECT 1", { m: 2 }, /the SQL has no parameter; write \{m:Type\} into it/],
    ["SELECT {s:String}", { s: 1 }, /must be a text/],
    ["SELECT {a:Array(UInt8)}", { a: [1, 256] }, /from 0 to 255/],
    ["SELECT {a:Array(String)}", { a: "x" }, /a list of String/],
    ["SELECT {a:Array(String)}", { a: [null] }, /a list without null/],
    ["SELECT {d:Decimal(5, 2)}", { d: "1.234" }, /at most 5 digits, 2 of them behind the point/],
    ["SELECT {d:Decimal(5, 2)}", { d: "12345" }, /at most 5 digits/],
    ["SELECT {t:DateTime}", { t: "2026-03-01 00:00:00" }, /an instant such as/],
    ["SELECT {t:DateTime}", { t: "2026-03-01T00:00:00.5Z" }, /whole seconds/],
    ["SELECT {t:DateTime}", { t: "1960-01-01T00:00:00Z" }, /from 1970-01-01T00:00:00Z/],
    ["SELECT {t:DateTime64(3, 'Asia/Tokyo')}", { t: "2026-03-01T00:00:00Z" }, /a type in UTC/],
    ["SELECT {d:Date}", { d: "2026-02-30" }, /a day such as/],
    ["SELECT {b:Bool}", { b: 1 }, /true or false/],
    ["SELECT {m:Map(String, String)}", { m: {} }, /a type that parameters can have/],
    ["SELECT {n:UInt8}, {n:UInt16}", { n: 1 }, /has two types, UInt8 and UInt16/],
  ]
  for (const [sql, params, message] of cases) {
    const answer = await problem({ sql, params })
    assert.deepEqual(
      [answer["status"], answer["code"]],
      [400, "query-parameter"],
      `${sql} ${answer["detail"]}`,
    )
    assert.match(String(answer["detail"]), message)
  }
})

test("what does not pass the gate is 403 and named, what is not there 404 with near names", async () => {
  const refused = await problem({ sql: "SELECT * FROM file('/etc/passwd')" })
  assert.deepEqual(
    [refused["status"], refused["code"], refused["construct"]],
    [403, "query-refused", "the table function file()"],
  )
  const missing = await problem({ sql: "SELECT * FROM events.clicks" })
  assert.deepEqual(
    [missing["status"], missing["code"], missing["suggestions"]],
    [404, "unknown-table", ["events.click"]],
  )
  assert.equal((await problem({ sql: "SELECT * FROM views.click" }))["code"], "unknown-table")
  const mixed = await problem({ sql: "SELECT * FROM click JOIN signups USING (plan)" })
  assert.match(String(mixed["detail"]), /write events\.click and views\.signups/)
})

test("a failing query says why in ClickHouse's words, with its place where there is one", async () => {
  const column = await problem({ sql: "SELECT nothing FROM events.click" })
  assert.deepEqual(
    [column["status"], column["code"], column["engine_code"]],
    [400, "query-failed", "UNKNOWN_IDENTIFIER"],
  )
  assert.match(String(column["detail"]), /`nothing`/)
  const syntax = await problem({ sql: "SELECT 1\nFROM events.click WHERE )" })
  assert.deepEqual([syntax["status"], syntax["code"]], [400, "query-syntax"])
  assert.equal(typeof syntax["position"], "number")
  const types = await problem({ sql: "SELECT id + 'x' FROM events.click" })
  assert.equal(types["code"], "query-failed")
})

test("a body that does not fit says which member", async () => {
  const cases: readonly (readonly [object, string])[] = [
    [{}, "sql"],
    [{ sql: 1 }, "sql"],
    [{ sql: "SELECT 1", format: "xml" }, "format"],
    [{ sql: "SELECT 1", params: [] }, "params"],
    [{ sql: "SELECT 1", timeout_ms: 0 }, "timeout_ms"],
    [{ sql: "SELECT 1", numbers: "all" }, "numbers"],
    [{ sql: "SELECT 1", query_id: 7 }, "query_id"],
    [{ sql: "SELECT 1", query_id: "a b" }, "query_id"],
    [{ sql: "SELECT 1", parms: {} }, "parms"],
  ]
  for (const [body, parameter] of cases) {
    const answer = await problem(body)
    assert.deepEqual([answer["status"], answer["parameter"]], [400, parameter], JSON.stringify(answer))
  }
  const plain = await call(server.url, "/v1/query", { method: "POST", body: "SELECT 1" })
  assert.equal(plain.status, 415)
})

test("a query that takes too long is stopped in the engine and answered with 504", async () => {
  const answer = await problem({ sql: FOREVER, timeout_ms: 300 })
  assert.deepEqual([answer["status"], answer["code"]], [504, "query-timeout"])
  await nothingRuns()
})

test("a query that needs too much memory, or answers too much, is 422", async () => {
  const memory = await problem({ sql: "SELECT groupArray(toString(number)) FROM numbers(100000000)" })
  assert.deepEqual([memory["status"], memory["code"]], [422, "query-too-large"], JSON.stringify(memory))
  const rows = await problem({ sql: "SELECT number FROM numbers(2000000)" })
  assert.deepEqual([rows["status"], rows["code"]], [422, "query-too-large"], JSON.stringify(rows))
})

test("a cancelled query stops in the engine, and its caller hears it", async () => {
  const waiting = ask(server.url, { sql: FOREVER, query_id: "long-one" })
  await eventually("the query runs", async () => (await server.engine.runningIds()).includes("long-one"))
  const { queries } = (await (await fetch(`${server.url}/v1/queries`)).json()) as {
    queries: { id: string; sql: string }[]
  }
  assert.deepEqual(
    queries.map(({ id, sql }) => ({ id, sql })),
    [{ id: "long-one", sql: FOREVER }],
  )
  assert.equal((await problem({ sql: "SELECT 1", query_id: "long-one" }))["code"], "query-id-taken")
  const cancelled = await fetch(`${server.url}/v1/queries/long-one`, { method: "DELETE" })
  assert.deepEqual([cancelled.status, await cancelled.json()], [200, { id: "long-one", cancelled: true }])
  const response = await waiting
  assert.deepEqual(
    [response.status, ((await response.json()) as { code: string }).code],
    [409, "query-cancelled"],
  )
  await nothingRuns()
  const again = await fetch(`${server.url}/v1/queries/long-one`, { method: "DELETE" })
  assert.deepEqual([again.status, ((await again.json()) as { code: string }).code], [404, "unknown-query"])
})

test("a caller who goes away stops the query in the engine", async () => {
  const gone = new AbortController()
  const waiting = ask(server.url, { sql: FOREVER, query_id: "left" }, { signal: gone.signal })
  await eventually("the query runs", async () => (await server.engine.runningIds()).includes("left"))
  gone.abort()
  await assert.rejects(waiting, { name: "AbortError" })
  await nothingRuns()
})

test("a reader who stops reading holds the engine back, and ends the query by leaving", async () => {
  const gone = new AbortController()
  const response = await ask(
    server.url,
    { sql: ENDLESS_ROWS, format: "ndjson", query_id: "slow" },
    { signal: gone.signal },
  )
  assert.equal(response.status, 200)
  const reader = response.body!.getReader()
  const { value } = await reader.read()
  assert.ok(value!.length > 0)
  assert.ok((await server.engine.runningIds()).includes("slow"))
  gone.abort()
  await nothingRuns()
})

test("a failure in the middle of an answer breaks the connection", async () => {
  const response = await ask(server.url, {
    sql: "SELECT number, intDiv(1, 3000000 - number) FROM numbers(4000000)",
    format: "ndjson",
  })
  assert.equal(response.status, 200)
  await assert.rejects(response.text(), /terminated/)
  const late = await ask(server.url, { sql: ENDLESS_ROWS, format: "ndjson", timeout_ms: 500 })
  assert.equal(late.status, 200)
  await assert.rejects(late.text(), /terminated/)
  const stopped = await ask(server.url, { sql: ENDLESS_ROWS, format: "ndjson", query_id: "midway" })
  assert.equal((await fetch(`${server.url}/v1/queries/midway`, { method: "DELETE" })).status, 200)
  await assert.rejects(stopped.text(), /terminated/)
  await nothingRuns()
  assert.deepEqual(server.kit.failures, [])
})

test("more queries than the limit are told to come again", async () => {
  const ids = ["one", "two", "three"]
  const waiting = ids.map((id) => ask(server.url, { sql: FOREVER, query_id: id }))
  await eventually("three run", async () => {
    const { queries } = (await (await fetch(`${server.url}/v1/queries`)).json()) as { queries: unknown[] }
    return queries.length === 3
  })
  const response = await ask(server.url, { sql: "SELECT 1" })
  assert.deepEqual([response.status, response.headers.get("retry-after")], [429, "1"])
  assert.equal(((await response.json()) as { code: string }).code, "too-many-queries")
  for (const id of ids) await fetch(`${server.url}/v1/queries/${id}`, { method: "DELETE" })
  for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 409)
  await nothingRuns()
  assert.equal((await ask(server.url, { sql: "SELECT 1" })).status, 200)
})

test("without a store, or with one that is down, a query is told why", async () => {
  await using without = await startTwinServer()
  const none = await ask(without.url, { sql: "SELECT 1" })
  assert.equal(none.status, 503)
  assert.match(((await none.json()) as { detail: string }).detail, /runs without a store/)
  for (const [method, path] of [
    ["GET", "/v1/queries"],
    ["DELETE", "/v1/queries/x"],
  ] as const) {
    assert.equal((await call(without.url, path, { method })).status, 503)
  }
  await using stopped = await startQueryServer()
  await stopped.engine.clickhouse[Symbol.asyncDispose]()
  const down = await ask(stopped.url, { sql: "SELECT 1" })
  const { code, detail } = (await down.json()) as { code: string; detail: string }
  assert.deepEqual([down.status, code], [503, "store-unavailable"])
  assert.match(detail, /it is stopped/)
})

async function nothingRuns(): Promise<void> {
  await eventually("nothing runs in the engine", async () => (await server.engine.runningIds()).length === 0)
  const { queries } = (await (await fetch(`${server.url}/v1/queries`)).json()) as { queries: unknown[] }
  assert.deepEqual(queries, [])
}
