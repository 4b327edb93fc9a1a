/** `millrace export` of views, against a server with the real engine. */
import assert from "node:assert/strict"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { main } from "../../src/cli/main.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"
import { twinTerminal } from "../kit/twin-terminal.ts"
import { ask, type QueryServer, startQueryServer } from "./query-server.ts"

const directory = mkdtempSync(join(tmpdir(), "millrace-export-view-"))
let server: QueryServer
before(async () => {
  server = await startQueryServer()
  await server.engine.clickhouse.command(`INSERT INTO views.clicks_per_plan
    SELECT concat('plän ', toString(number)), toDateTime64('2026-03-01 00:00:00', 6, 'UTC') + number,
      9007199254740993 + number FROM numbers(1000)`)
})
after(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

async function run(args: readonly string[], url = server.url) {
  const terminal = twinTerminal({ url })
  const code = await main(["export", ...args, "--data", join(directory, "none")], terminal)
  return { code, printed: terminal.printed.join("\n"), noted: terminal.noted.join("\n") }
}

const FILES = { parquet: "Parquet", orc: "ORC", avro: "Avro", csv: "CSVWithNames", ndjson: "JSONEachRow" }

test("a view is written in every format, with all rows and exact values", async () => {
  for (const [format, name] of Object.entries(FILES)) {
    const to = join(directory, `clicks.${format}`)
    const { code, printed } = await run(["clicks_per_plan", "--format", format, "--to", to])
    assert.equal(code, 0, format)
    assert.match(printed, /^The rows of clicks_per_plan are in .*clicks\.\w+ \(\d/)
    const sql = `SELECT count() AS n, sum(toInt64(count)) AS sum, max(plan) AS plan
      FROM file('${to}', '${name}')`
    const sum = String(9_007_199_254_740_993n * 1_000n + 499_500n)
    const expected = [{ n: "1000", sum, plan: "plän 999" }]
    assert.deepEqual(await queryRows(server.engine.clickhouse, sql), expected, format)
  }
})

test("a view without rows is a file with its columns", async () => {
  const to = join(directory, "signups.csv")
  const { code, printed } = await run(["views.signups", "--format", "csv", "--to", to, "--json"])
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(printed), { view: "signups", to, bytes: 7 })
  assert.equal(readFileSync(to, "utf8"), '"plan"\n')
})

test("the door gives ORC and Avro by their types, too", async () => {
  for (const [format, magic] of [
    ["orc", "ORC"],
    ["avro", "Obj\x01"],
  ] as const) {
    const accept = `application/vnd.apache.${format}`
    const answer = await ask(server.url, { sql: "SELECT 1 AS n" }, { headers: { accept } })
    assert.equal(answer.headers.get("content-type"), accept)
    assert.equal(
      Buffer.from(await answer.arrayBuffer())
        .subarray(0, magic.length)
        .toString(),
      magic,
    )
  }
})

test("a wrong call or name says what is right, and leaves no file", async () => {
  const to = join(directory, "never.parquet")
  const taken = join(directory, "taken.parquet")
  writeFileSync(taken, "x")
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [[], /needs the name of an event or view/],
    [["clicks_per_plan"], /and --to FILE/],
    [["system.tables", "--to", to], /is no name of an event or view/],
    [["../../etc", "--to", to], /is no name of an event or view/],
    [["clicks_per_plan", "--to", to, "--format", "orcs"], /did you mean orc\?/],
    [["clicks_per_plan", "--to", to, "--from", "2026-11-01"], /--from is for events/],
    [
      ["clicks_per_plna", "--to", to],
      /has no event clicks_per_plna; asking for a view[\s\S]*did you mean views\.clicks_per_plan/,
    ],
    [["views.click", "--to", to], /there is no table views\.click; did you mean events\.click/],
    [["lake.click", "--to", to], /no table "click"/],
    [["clicks_per_plan", "--to", taken], /it exists already/],
    [["clicks_per_plan", "--to", join(directory, "nowhere", "x.orc")], /could not be written: ENOENT/],
  ]
  for (const [args, message] of cases) {
    const { code, noted } = await run(args)
    assert.equal(code, 2, args.join(" "))
    assert.match(noted, message)
  }
  const down = await run(["views.clicks_per_plan", "--to", to], "http://127.0.0.1:9")
  assert.match(down.noted, /no platform answers/)
  assert.ok(!existsSync(to) && !existsSync(`${to}.partial`))
  assert.equal(readFileSync(taken, "utf8"), "x")
})
