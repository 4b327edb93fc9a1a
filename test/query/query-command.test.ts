/** `millrace query` against a server with the real engine. */
import assert from "node:assert/strict"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { tableFromIPC } from "apache-arrow"
import { main } from "../../src/cli/main.ts"
import { twinTerminal } from "../kit/twin-terminal.ts"
import { eventually, type QueryServer, startQueryServer } from "./query-server.ts"

let server: QueryServer
before(async () => {
  server = await startQueryServer()
})
after(() => server[Symbol.asyncDispose]())

async function run(args: readonly string[], stdin?: string) {
  const terminal = twinTerminal({ url: server.url, ...(stdin === undefined ? {} : { stdin }) })
  const code = await main(["query", ...args], terminal)
  return { code, printed: terminal.printed, noted: terminal.noted, written: Buffer.concat(terminal.written) }
}

test("a table: numbers to the right, long texts cut, NULL by its name", async () => {
  const sql = `SELECT number AS n, repeat('x', number * 50) AS text, if(number = 1, NULL, 1.5) AS f,
    'a\nb' AS lines
    FROM numbers(9, 3) UNION ALL SELECT 1, 'é', NULL, '' ORDER BY n`
  const { code, printed } = await run([sql.replace("ORDER BY n", "")])
  assert.equal(code, 0)
  assert.match(printed[0]!, /^ n {2}text +f {2}lines$/)
  const rows = printed.slice(1, -1).toSorted()
  assert.equal(rows[0]!.trimEnd(), ` 1  é${" ".repeat(60)} NULL`)
  assert.match(rows[1]!, /^ 9 {2}x{59}… {2} 1\.5 {2}a\\nb$/)
  assert.match(printed.at(-1)!, /^4 rows in \d+ ms, \d+ read$/)
})

test("a table without rows has its columns", async () => {
  const { printed } = await run(["SELECT plan, count FROM clicks_per_plan"])
  assert.deepEqual(printed.slice(0, -1), ["plan  count"])
  assert.match(printed.at(-1)!, /^0 rows in /)
})

test("the formats go out as they come", async () => {
  const sql = "SELECT number AS n FROM numbers(2)"
  assert.equal((await run([sql, "--format", "csv"])).written.toString(), '"n"\n0\n1\n')
  assert.equal((await run([sql, "--format", "ndjson"])).written.toString(), '{"n":"0"}\n{"n":"1"}\n')
  assert.equal(JSON.parse((await run([sql, "--json"])).written.toString())["rows"], 2)
  assert.equal(tableFromIPC((await run([sql, "--format", "arrow"])).written).numRows, 2)
  assert.equal((await run([sql, "--format", "parquet"])).written.subarray(0, 4).toString(), "PAR1")
})

test("parameters, also lists, and SQL from a file or standard input", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "millrace-sql-")), "q.sql")
  writeFileSync(file, "SELECT {n:Int64} + {f:Float64} AS s, {l:Array(String)} AS l, {t:String} AS t")
  const params = ["--param", "n=1", "--param", "f=0.5", "--param", 'l=["a","b"]', "--param", "t=[x=y"]
  const answer = await run(["--file", file, ...params, "--format", "ndjson"])
  assert.equal(answer.written.toString(), '{"s":1.5,"l":["a","b"],"t":"[x=y"}\n')
  assert.equal(
    (await run(["--file", "-", "--format", "csv"], "SELECT 1 AS one")).written.toString(),
    '"one"\n1\n',
  )
})

test("what the parser does not take is shown with a caret below it", async () => {
  const { code, noted } = await run(["SELECT plan\nFROM events.click WHERE )"])
  assert.equal(code, 2)
  assert.deepEqual(noted.slice(0, 2), ["  FROM events.click WHERE )", "                          ^"])
  assert.match(noted[2]!, /^error: this is not ClickHouse SQL: line 2, column 25: .*HTTP 400, query-syntax/)
})

test("refusals and failures end with 2 and the platform's words, as JSON with --json", async () => {
  const refused = await run(["SELECT * FROM file('/etc/passwd')"])
  assert.equal(refused.code, 2)
  assert.match(refused.noted[0]!, /the table function file\(\) reads files; .*403, query-refused/)
  const json = await run(["SELECT nothing FROM click", "--json"])
  assert.equal(json.code, 2)
  assert.equal(JSON.parse(json.printed[0]!)["error"]["problem"], "query-failed")
})

test("a wrong call says what is right", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /needs the SQL/],
    [["SELECT 1", "--file", "x"], /either as its argument/],
    [["SELECT 1", "--format", "cvs"], /did you mean csv/],
    [["SELECT 1", "--param", "x"], /NAME=VALUE/],
    [["SELECT 1", "--timeout", "0"], /from 0\.001 to 600/],
    [["--file", "/nowhere/at/all.sql"], /cannot be read/],
  ]
  for (const [args, message] of cases) {
    const { code, noted } = await run(args)
    assert.equal(code, 2)
    assert.match(noted.join("\n"), message)
  }
})

test("an answer that breaks off is no success", async () => {
  const sql = "SELECT number FROM numbers(100000000000)"
  const { code, noted } = await run([sql, "--format", "ndjson", "--timeout", "0.5"])
  assert.equal(code, 2)
  assert.match(noted.at(-1)!, /broke off in the middle of its answer/)
})

test("Ctrl-C stops the query in the engine", async () => {
  const terminal = twinTerminal({ url: server.url })
  const sql = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)"
  const running = main(["query", sql], terminal)
  await eventually("it runs", async () => (await server.engine.runningIds()).length === 1)
  terminal.stop()
  assert.equal(await running, 2)
  assert.deepEqual(terminal.noted, ["the query was stopped"])
  await eventually("nothing runs", async () => (await server.engine.runningIds()).length === 0)
})
