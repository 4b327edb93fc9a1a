/** What is advised from queries that really ran: their columns and groupings go through the real engine. */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { Ajv2020 } from "ajv/dist/2020.js"
import { main } from "../../src/cli/main.ts"
import { SCHEMAS } from "../../src/serve/http/openapi-schemas.ts"
import { passGate } from "../../src/stores/hot/gate/gate.ts"
import { twinTerminal } from "../kit/twin-terminal.ts"
import { ask, type QueryServer, startQueryServer } from "./query-server.ts"

const VIEW = "signups_per_plan_and_day"

let server: QueryServer
before(async () => {
  server = await startQueryServer(3)
  await server.engine.clickhouse.command(
    `CREATE TABLE views.${VIEW} (plan Nullable(String), day DateTime64(6, 'UTC'), signups Int64)
     ENGINE = MergeTree ORDER BY day`,
  )
})
after(() => server[Symbol.asyncDispose]())

async function advice(): Promise<
  readonly { kind: string; about: string; columns: string[]; advice: string }[]
> {
  const response = await fetch(`${server.url}/v1/advice`)
  assert.equal(response.status, 200)
  return ((await response.json()) as { advice: [] }).advice
}

async function query(sql: string): Promise<void> {
  const response = await ask(server.url, { sql })
  assert.equal(response.status, 200, await response.text())
}

test("what a statement names is read from the engine's own parse", async () => {
  const named = async (sql: string) => {
    const { columns, groupBy, shape } = (await passGate(sql, (text, given) => server.engine.ask(text, given)))
      .named
    return { columns: columns && [...columns].sort(), groupBy, shape }
  }
  assert.deepEqual(
    await named("select c.plan as p, sum(amount) from click c where id > 7 group by plan, p"),
    {
      columns: ["amount", "c", "id", "p", "plan"],
      groupBy: "plan, p",
      shape: "SELECT c.plan AS p, sum(amount) FROM click AS c WHERE id > ? GROUP BY plan, p",
    },
  )
  const cases: readonly (readonly [sql: string, columns: string[] | null, groupBy: string | null])[] = [
    ["SELECT * FROM click", null, null],
    ["SELECT c.* EXCEPT (id) FROM click c", null, null],
    ["SELECT COLUMNS('pl') FROM click", null, null],
    ["SELECT COLUMNS(plan) FROM click", null, null],
    ["SELECT count() FROM click", [], null],
    ["SELECT plan FROM click JOIN purchase USING (user_id)", ["plan", "user_id"], null],
    ["SELECT plan, count() FROM click GROUP BY plan HAVING count() > 2 ORDER BY plan", ["plan"], "plan"],
    ["SELECT plan FROM (SELECT plan FROM click) GROUP BY plan", ["plan"], null],
    ["SELECT ' GROUP BY x' FROM click", [], null],
    ["SELECT arrayMap(x -> x + id, [1]) FROM click LIMIT 1 BY plan", ["id", "plan", "x"], null],
  ]
  for (const [sql, columns, groupBy] of cases) {
    const found = await named(sql)
    assert.deepEqual([found.columns, found.groupBy], [columns, groupBy], sql)
  }
  const lists = await Promise.all(
    ["IN (1, 2)", "IN (3, 4, 5)"].map((list) => named(`SELECT 1 FROM click WHERE id ${list}`)),
  )
  assert.equal(lists[0]!.shape, lists[1]!.shape)
})

test("a view is unread until somebody asks; columns that only named queries leave out are told", async () => {
  assert.deepEqual(
    (await advice()).map(({ kind, about }) => [kind, about]),
    [["unread-view", VIEW]],
  )
  await query(`SELECT plan, sum(signups) FROM ${VIEW} GROUP BY plan`)
  const [found, ...more] = await advice()
  assert.deepEqual([found?.kind, found?.columns, more], ["unread-columns", ["day"], []])
  assert.match(found!.advice, /was read by 1 query and 0 views alone, and none of them names day/)
  assert.equal((await ask(server.url, { sql: `SELECT nothing FROM ${VIEW}` })).status, 400)
  assert.equal((await advice()).length, 1, "a query that failed has read nothing")
  await query(`SELECT max(day) FROM views.${VIEW}`)
  assert.deepEqual(await advice(), [])
})

test("a query that is asked often is a view that is missing, whatever its values are", async () => {
  for (let id = 0; id < 19; id++)
    await query(`SELECT plan, count() FROM click WHERE id > ${id} GROUP BY plan`)
  assert.deepEqual(await advice(), [])
  await query("SELECT plan, count() FROM events.click WHERE id > 1 GROUP BY plan")
  assert.deepEqual(await advice(), [], "another text is another query")
  await query("select plan, count() from click where id > 20 group by plan")
  const terminal = twinTerminal({ url: server.url })
  assert.equal(await main(["explain", "--advice"], terminal), 0, terminal.noted.join("\n"))
  const printed = terminal.printed.join("\n")
  assert.match(printed, /missing-view: a view of click with GROUP BY plan would have .* asked 20 times/)
  assert.match(printed, / {2}SELECT plan, count\(\) FROM click WHERE id > \? GROUP BY plan/)
})

test("answers are what the API document says", async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const fits = ajv.compile(SCHEMAS["AdviceList"]!)
  const body: unknown = await (await fetch(`${server.url}/v1/advice`)).json()
  assert.ok(fits(body), JSON.stringify(fits.errors))
  const unknown = await fetch(`${server.url}/v1/views/signups_per_plan_and_dey/plan`)
  assert.equal(unknown.status, 404)
  assert.match(await unknown.text(), /signups_per_plan_and_day/)
})

test("a page of rows reads all columns", async () => {
  await using other = await startQueryServer(1)
  const response = await fetch(`${other.url}/v1/views/${VIEW}/rows`)
  assert.equal(response.status, 200)
  const body = (await (await fetch(`${other.url}/v1/advice`)).json()) as { advice: unknown[] }
  assert.deepEqual(body.advice, [])
})
