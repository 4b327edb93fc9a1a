import assert from "node:assert/strict"
import { test } from "node:test"
import { signup, userSignup } from "../../test/kit/signups.ts"
import { makeTwin, startTwinServer } from "../../test/kit/twin-server.ts"
import type { Change, Position } from "./follow-view.ts"
import { createProducer } from "./producer.ts"
import { createReader } from "./reader.ts"
import { queryString } from "./reader-query.ts"

const VIEW = "signups_per_plan_and_day"

interface Row {
  readonly plan: string | null
  readonly signups: string
}

test("queries become the parameters of the API", () => {
  const cases = [
    [{}, ""],
    [{ where: { plan: "a b&c" } }, "?where.plan.eq=a+b%26c"],
    [{ where: { plan: null } }, "?where.plan.is_null=true"],
    [
      { where: { n: { gte: 5, lt: 10n, isNull: false } } },
      "?where.n.gte=5&where.n.lt=10&where.n.is_null=false",
    ],
    [{ where: { at: { gte: new Date(0) } } }, "?where.at.gte=1970-01-01T00%3A00%3A00.000Z"],
    [
      { sort: ["-day", "plan"], limit: 5, timeoutMs: 9, after: "r" },
      "?sort=-day%2Cplan&limit=5&after=r&timeout_ms=9",
    ],
  ] as const
  for (const [query, expected] of cases) assert.equal(queryString(query), expected)
})

test("a reader reads its own writes, page by page", async () => {
  await using kit = await startTwinServer()
  await using producer = createProducer({ url: kit.url })
  const reader = createReader({ url: kit.url })
  const receipts = await Promise.all(
    ["free", "premium", "team"].map((plan) => producer.send(userSignup, signup(plan, { plan }))),
  )
  const after = receipts.at(-1)!.receipt
  const first = await reader.rows<Row>(VIEW, {
    after,
    limit: 2,
    sort: "plan",
    where: { signups: { gte: 1n } },
  })
  assert.deepEqual(
    first.rows.map((row) => row.plan),
    ["free", "premium"],
  )
  assert.deepEqual([first.rowCount, first.verdicts], [3, { applied: 1 }])
  const query = { limit: 2, sort: "plan", where: { signups: { gte: 1n } }, cursor: first.cursor! }
  const second = await reader.rows<Row>(VIEW, query)
  assert.deepEqual(
    [second.rows.map((row) => row.plan), second.cursor, second.verdicts],
    [["team"], null, null],
  )
})

test("what the server refuses, and a server that is not there, are ReaderErrors", async () => {
  const kit = await startTwinServer()
  const reader = createReader({ url: kit.url })
  await assert.rejects(reader.rows(VIEW, { where: { pln: "x" } }), { code: "unknown-column", status: 400 })
  await assert.rejects(reader.rows("nothing"), { code: "unknown-view", status: 404 })
  const handlers = { onSnapshot: () => {}, onChanges: () => {} }
  await assert.rejects(reader.changes("nothing", handlers), { code: "unknown-view", status: 404 })
  await kit.server.close()
  await assert.rejects(reader.rows(VIEW), { code: "unreachable", status: null })
})

test("changes follow a view over a restart of the server without losing an epoch", async () => {
  const twin = makeTwin()
  let kit = await startTwinServer({ twin })
  const { port } = kit.server
  const stop = new AbortController()
  const told: string[] = []
  const state = new Map<string, string>()
  let position: Position | null = null
  const followed = createReader({ url: kit.url }).changes<Row>(VIEW, {
    signal: stop.signal,
    onConnection: (connected) => told.push(connected ? "connected" : "lost"),
    onSnapshot: (rows, at) => {
      told.push("snapshot")
      state.clear()
      for (const row of rows) state.set(String(row.plan), row.signups)
      position = at
    },
    onChanges: (changes, at) => {
      told.push("changes")
      apply(state, changes)
      position = at
    },
  })
  await until(() => told.includes("snapshot"))
  const body = (id: string, plan: string) => ({ ...signup(id, { plan }) })
  const producer = createProducer({ url: kit.url })
  await producer.send("user_signup", body("1", "free"))
  await until(() => state.get("free") === "1")
  await kit.server.close()
  await until(() => told.includes("lost"))
  kit = await startTwinServer({ twin, port })
  await producer.send("user_signup", body("2", "free"))
  await until(() => state.get("free") === "2")
  assert.equal(told.filter((word) => word === "snapshot").length, 1)
  assert.equal((position as Position | null)?.epoch, twin.epoch)
  stop.abort()
  await followed
  await producer.close()
  await kit.server.close()
  assert.equal(twin.openSubscriptions, 0)
})

test("a handler's own failure ends the following and is passed on", async () => {
  await using kit = await startTwinServer()
  const failure = new Error("mine")
  const handlers = {
    onSnapshot: () => {
      throw failure
    },
    onChanges: () => {},
  }
  await assert.rejects(createReader({ url: kit.url }).changes(VIEW, handlers), failure)
})

function apply(state: Map<string, string>, changes: readonly Change<Row>[]): void {
  for (const { weight, row } of changes) {
    if (weight > 0) state.set(String(row.plan), row.signups)
    else state.delete(String(row.plan))
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 1_500 && !condition(); n++) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.ok(condition(), "it came to pass in time")
}
