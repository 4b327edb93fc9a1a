/** Checks as people ask for them over HTTP: quick ones, long ones, failing ones; and what /metrics says. */
import assert from "node:assert/strict"
import { after, test } from "node:test"
import { isPlatformError } from "../../src/std/errors.ts"
import type { ClickHouse } from "../../src/stores/clickhouse.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"
import { storeUnavailable } from "../../src/stores/errors.ts"
import { call, startTwinServer, type TwinServer } from "../kit/twin-server.ts"
import { SHOP, useShop } from "./shop.ts"
import { openVerifyWorld } from "./verify-world.ts"

const LEFTOVERS = ["_verify_7", "_why_3"]

let server: TwinServer
const shop = useShop({
  prepare: async ({ clickhouse }) => {
    for (const name of LEFTOVERS) await clickhouse.command(`CREATE DATABASE ${name}`)
  },
  opened: async ({ world: { runtime, verifier, explainer, runs } }) => {
    server = await startTwinServer({ runtime, checks: { verifier, explainer, runs } })
  },
})
after(() => server[Symbol.asyncDispose]())

const json = ({ text }: { text: string }) => JSON.parse(text) as Record<string, unknown>
const post = (path: string, url = server.url) => call(url, path, { method: "POST" })

async function untilOver(url: string, place: string): Promise<Record<string, unknown>> {
  for (;;) {
    const run = json(await call(url, place))
    if (run["state"] !== "waiting" && run["state"] !== "running") return run
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test("a check that is quick enough is answered at once", async () => {
  const answer = await post("/v1/views/per_item/verify?wait_ms=30000")
  assert.equal(answer.status, 200)
  const { verdict, events_read: read, rows_compared: rows } = json(answer)
  assert.deepEqual({ verdict, read, rows }, { verdict: "equal", read: 5, rows: 1 })
})

test("one that takes longer goes on, has an id, and is joined by who asks for the same", async () => {
  const answer = await post("/v1/views/best/verify?wait_ms=0")
  assert.equal(answer.status, 202)
  const { id, state, view, verification } = json(answer)
  assert.deepEqual([view, verification], ["best", null])
  assert.match(String(state), /waiting|running/)
  assert.equal(answer.headers.location, `/v1/verifications/${id}`)
  assert.equal(json(await post("/v1/views/best/verify?wait_ms=0"))["id"], id)
  const run = await untilOver(server.url, `/v1/verifications/${id}`)
  assert.equal(run["state"], "done")
  assert.equal(run["progress"], 1)
  const result = run["verification"] as Record<string, unknown>
  assert.equal(result["verdict"], "equal")
  assert.deepEqual(json(await call(server.url, "/v1/views/best"))["verification"], result)
})

test("what a kill left in ClickHouse is gone with the first check and the first question", async () => {
  await shop().world.explainer.why({ view: "best", key: [], limit: 1 })
  const names = LEFTOVERS.map((name) => `'${name}'`).join(", ")
  const sql = `SELECT name FROM system.databases WHERE name IN (${names}, 'system')`
  const found = await queryRows(shop().store.clickhouse, sql)
  assert.deepEqual(found, [{ name: "system" }])
})

test("metrics count checks by result, and tell of each view's newest", async () => {
  const { text } = await call(server.url, "/metrics")
  const { atMs, durationMs } = shop().world.verifier.lastResult("per_item")!
  const lines = [
    'millrace_verifications_total{result="equal"} 2',
    'millrace_verifications_total{result="failed"} 0',
    'millrace_verification_last_result{view="per_item",result="equal"} 1',
    'millrace_verification_last_result{view="per_item",result="different"} 0',
    `millrace_verification_last_time_seconds{view="per_item"} ${atMs / 1_000}`,
    `millrace_verification_duration_seconds{view="per_item"} ${durationMs / 1_000}`,
    'millrace_verification_rows_compared{view="per_item"} 1',
    'millrace_verification_events_read{view="per_item"} 5',
    'millrace_verification_different_rows{view="per_item"} 0',
  ]
  for (const line of lines) assert.ok(text.split("\n").includes(line), `${line} in\n${text}`)
  assert.ok(!text.includes('millrace_verification_last_time_seconds{view="pots"}'), "pots was not checked")
})

test("ids and times to wait that are none are refused", async () => {
  const unknown = await call(server.url, "/v1/verifications/x-1")
  assert.deepEqual([unknown.status, json(unknown)["code"]], [404, "unknown-verification"])
  for (const wait of ["30001", "-1", "soon"]) {
    const answer = await post(`/v1/views/best/verify?wait_ms=${wait}`)
    assert.deepEqual([answer.status, json(answer)["code"]], [400, "bad-parameter"], wait)
  }
})

test("a check that fails says so at once or by its id, and counts as failed", async () => {
  const { clickhouse } = shop().store
  let isDown = false
  const flaky: ClickHouse = {
    async command(...given) {
      if (!isDown) return await clickhouse.command(...given)
      await new Promise((resolve) => setTimeout(resolve, 200))
      throw storeUnavailable("this is a test")
    },
    insert: (request) => clickhouse.insert(request),
    query: (...given) => clickhouse.query(...given),
    kill: (id) => clickhouse.kill(id),
    settle: (...given) => clickhouse.settle(...given),
    version: () => clickhouse.version(),
  }
  await using world = await openVerifyWorld({ clickhouse: flaky, project: SHOP })
  const { runtime, verifier, explainer, runs } = world
  await using door = await startTwinServer({ runtime, checks: { verifier, explainer, runs } })
  isDown = true
  const quick = await post("/v1/views/best/verify?wait_ms=30000", door.url)
  assert.deepEqual([quick.status, json(quick)["code"]], [503, "store-unavailable"])
  const { id } = json(await post("/v1/views/best/verify?wait_ms=0", door.url))
  const run = await untilOver(door.url, `/v1/verifications/${id}`)
  assert.equal(run["state"], "failed")
  const { status, code } = run["error"] as Record<string, unknown>
  assert.deepEqual([status, code], [503, "store-unavailable"])
  const { text } = await call(door.url, "/metrics")
  assert.ok(text.includes('millrace_verifications_total{result="failed"} 2'))
})

test("a check that runs when the platform stops ends, and is called stopped", async () => {
  const world = await openVerifyWorld({ clickhouse: shop().store.clickhouse, project: SHOP })
  const { id } = await world.runs.ask("best", 0)
  await world[Symbol.asyncDispose]()
  assert.equal(world.runs.run(id)?.state, "stopped")
  await assert.rejects(world.verifier.verify("nothing"), (error) => isPlatformError(error))
})
