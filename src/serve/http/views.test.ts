import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { signup } from "../../../test/kit/signups.ts"
import { call, json, post, startTwinServer, type TwinServer } from "../../../test/kit/twin-server.ts"

let kit: TwinServer
let receipt: string
before(async () => {
  kit = await startTwinServer()
  const day = (n: number) => `2026-01-0${n}T10:00:00Z`
  const rows = [
    ...[1, 2, 3].map((n) => signup(`p${n}`, { plan: "premium", timestamp: day(1) })),
    ...[1, 2].map((n) => signup(`f${n}`, { plan: "free", timestamp: day(1) })),
    signup("n1", { plan: null, timestamp: day(1) }),
    signup("e1", { plan: "", timestamp: day(2) }),
    signup("p9", { plan: "premium", timestamp: day(2) }),
  ]
  receipt = String(json(await post(kit.url, "/v1/events/user_signup", rows))["receipt"])
})
after(() => kit[Symbol.asyncDispose]())

const VIEW = "/v1/views/signups_per_plan_and_day"

async function read(query: string) {
  return call(kit.url, `${VIEW}/rows${query}`)
}

async function counts(query: string): Promise<string[]> {
  const rows = json(await read(query))["rows"] as { plan: string | null; day: string; signups: string }[]
  return rows.map((row) => `${row.plan}/${row.day.slice(8, 10)}/${row.signups}`)
}

test("conditions, sorting and limits select rows", async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["", ["/02/1", "free/01/2", "premium/01/3", "premium/02/1", "null/01/1"]],
    ["?where.plan=premium", ["premium/01/3", "premium/02/1"]],
    ["?where.plan.eq=premium&where.signups.gte=2", ["premium/01/3"]],
    ["?where.plan.ne=premium", ["/02/1", "free/01/2"]],
    ["?where.signups.gt=1&where.signups.lt=3", ["free/01/2"]],
    ["?where.signups.lte=1&where.plan.is_null=false", ["/02/1", "premium/02/1"]],
    ["?where.plan.is_null=true", ["null/01/1"]],
    ["?where.plan=", ["/02/1"]],
    ["?where.plan=null", []],
    ["?where.day=2026-01-02T00:00:00Z", ["/02/1", "premium/02/1"]],
    ["?where.day.lt=2026-01-02", ["free/01/2", "premium/01/3", "null/01/1"]],
    ["?sort=-day,plan", ["/02/1", "premium/02/1", "free/01/2", "premium/01/3", "null/01/1"]],
    ["?sort=-signups&limit=1", ["premium/01/3"]],
    ["?sort=-signups,-signups&limit=1", ["premium/01/3"]],
    ["?where.plan=a%26b%20c", []],
  ]
  for (const [query, expected] of cases) assert.deepEqual(await counts(query), expected, query)
})

test("int64 is a string unless numbers=json is asked for", async () => {
  const first = async (query: string) =>
    (json(await read(query))["rows"] as { signups: unknown }[])[0]?.signups
  assert.equal(await first("?sort=-signups"), "3")
  assert.equal(await first("?sort=-signups&numbers=string"), "3")
  assert.equal(await first("?sort=-signups&numbers=json"), 3)
})

test("a page says where it stands, and its cursor goes on at the same epoch", async () => {
  const first = json(await read("?limit=2&sort=plan"))
  assert.equal(first["row_count"], 5)
  assert.equal(typeof first["epoch"], "number")
  assert.match(String(first["watermark"]), /^2001-09-09T01:46:40/)
  await post(kit.url, "/v1/events/user_signup", signup("late", { plan: "aaa" }))
  const second = json(await read(`?limit=2&sort=plan&cursor=${first["cursor"]}`))
  assert.equal(second["epoch"], first["epoch"])
  assert.deepEqual(
    (second["rows"] as { plan: string }[]).map((row) => row.plan),
    ["premium", "premium"],
  )
  const last = json(await read(`?limit=2&sort=plan&cursor=${second["cursor"]}`))
  assert.equal(last["cursor"], null)
  const other = await read(`?limit=2&sort=-plan&cursor=${first["cursor"]}`)
  assert.equal(other.status, 400)
  assert.equal(json(other)["code"], "cursor-invalid")
  assert.equal((await read("?cursor=made-up")).status, 400)
})

test("a cursor whose epoch is gone is 410", async () => {
  const { cursor } = json(await read("?limit=1"))
  for (let n = 0; n < 25; n++)
    await post(kit.url, "/v1/events/user_signup", signup(`epoch-${n}`, { plan: "zzz" }))
  const answer = await read(`?limit=1&cursor=${cursor}`)
  assert.equal(answer.status, 410)
  assert.equal(json(answer)["code"], "cursor-expired")
})

test("what is not known or not valid is 400 and named, with what there is", async () => {
  const cases = [
    ["?where.pln=x", "unknown-column", "pln", ["plan"]],
    ["?where.pln.gte=x", "unknown-column", "pln", ["plan"]],
    ["?where.=x", "unknown-column", "", []],
    ["?where.__proto__=x", "unknown-column", "__proto__", []],
    ["?where.constructor.eq=x", "unknown-column", "constructor", []],
    ["?sort=-dya", "unknown-column", "dya", ["day"]],
    ["?sort=", "unknown-column", "", []],
    ["?where.signups.ge=5", "unknown-comparison", "ge", ["gt", "gte", "ne"]],
    ["?where.signups.toString=5", "unknown-comparison", "toString", []],
    ["?plan=premium", "unknown-parameter", "plan", ["where.plan"]],
    ["?limt=5", "unknown-parameter", "limt", ["limit"]],
    ["?__proto__=5", "unknown-parameter", "__proto__", []],
  ] as const
  for (const [query, code, name, suggestions] of cases) {
    const answer = await read(query)
    assert.equal(answer.status, 400, query)
    const problem = json(answer)
    assert.equal(problem["code"], code, query)
    assert.match(String(problem["detail"]), new RegExp(`"${name.replaceAll(".", "\\.")}"`), query)
    assert.ok((problem["valid"] as string[]).length > 0, query)
    assert.deepEqual(
      (problem["suggestions"] as string[]).slice(0, suggestions.length || 9),
      suggestions,
      query,
    )
  }
  const bad = [
    "?limit=0",
    "?limit=10001",
    "?limit=-1",
    "?limit=1e3",
    "?limit=",
    "?limit=5&limit=6",
    "?numbers=int",
    "?timeout_ms=30001",
    "?where.signups=many",
    "?where.signups=",
    "?where.signups=1.5",
    "?where.signups.gte=99999999999999999999",
    "?where.day.gt=yesterday",
    "?where.plan.is_null=maybe",
  ]
  for (const query of bad) {
    const answer = await read(query)
    assert.equal(answer.status, 400, query)
    assert.equal(json(answer)["code"], "bad-parameter", query)
  }
  assert.equal(json(await read("?where.plan=%zz"))["code"], "malformed-query")
  assert.equal(json(await read("?where.plan=%ff"))["code"], "malformed-query")
  const many = Array.from({ length: 65 }, () => "where.plan=x").join("&")
  assert.equal(json(await read(`?${many}`))["code"], "malformed-query")
})

test("after=RECEIPT answers rows with the verdict, or 504 when the view is behind", async () => {
  const now = json(await read(`?after=${receipt}&limit=1`))
  assert.deepEqual(now["receipt"], { processed: true, verdicts: { applied: 1 }, failures: {}, forgotten: 0 })
  kit.twin.hold()
  const held = json(await post(kit.url, "/v1/events/user_signup", signup("held", { plan: "held" })))
  const late = await read(`?after=${held["receipt"]}&timeout_ms=10`)
  assert.equal(late.status, 504)
  assert.equal(json(late)["code"], "receipt-not-processed")
  assert.deepEqual(json(late)["receipt"], {
    processed: false,
    verdicts: null,
    failures: null,
    forgotten: null,
  })
  const waiting = read(`?after=${held["receipt"]}&where.plan=held`)
  setTimeout(() => kit.twin.release(), 20)
  assert.equal((json(await waiting)["rows"] as unknown[]).length, 1)
  const invalid = await read("?after=made-up")
  assert.equal(invalid.status, 400)
  assert.equal(json(invalid)["code"], "receipt-invalid")
  const both = await read(`?after=${receipt}&cursor=x`)
  assert.equal(both.status, 400)
})

test("a view describes itself", async () => {
  const list = json(await call(kit.url, "/v1/views"))["views"] as Record<string, unknown>[]
  const view = json(await call(kit.url, VIEW))
  assert.deepEqual(
    list.map((entry) => entry["name"]),
    ["signups_per_plan_and_day"],
  )
  assert.deepEqual(view["columns"], [
    { name: "plan", type: "string", nullable: true },
    { name: "day", type: "timestamp", nullable: false },
    { name: "signups", type: "int64", nullable: false },
  ])
  assert.deepEqual(view["key"], ["plan", "day"])
  assert.deepEqual(view["lag"], { events: 0, ms: 0 })
  assert.equal(view["emit"], "changes")
  assert.match(String(view["sql"]), /^SELECT plan/)
  kit.twin.hold()
  await post(kit.url, "/v1/events/user_signup", signup("pending"))
  const behind = json(await call(kit.url, VIEW))
  assert.equal((behind["lag"] as { events: number }).events, 1)
  assert.equal((behind["verdicts"] as { pending: number }).pending, 1)
  kit.twin.release()
})

test("an unknown view is 404 on each of its routes", async () => {
  for (const path of ["", "/rows", "/changes"]) {
    const answer = await call(kit.url, `/v1/views/signups_per_plan${path}`)
    assert.equal(answer.status, 404)
    assert.equal(json(answer)["code"], "unknown-view")
    assert.deepEqual(json(answer)["suggestions"], ["signups_per_plan_and_day"])
  }
})

test("an event describes itself", async () => {
  const list = json(await call(kit.url, "/v1/events"))["events"] as Record<string, unknown>[]
  assert.equal(list[0]?.["name"], "user_signup")
  const event = json(await call(kit.url, "/v1/events/user_signup"))
  assert.deepEqual((event["fields"] as unknown[])[2], {
    name: "timestamp",
    type: "timestamp",
    nullable: false,
    optional: false,
  })
  assert.deepEqual([event["id"], event["time"], event["key"]], ["event_id", "timestamp", "user_id"])
  assert.equal((event["settings"] as Record<string, unknown>)["dedup_window_ms"], 86_400_000)
  assert.equal((event["json_schema"] as Record<string, unknown>)["type"], "object")
  const missing = await call(kit.url, "/v1/events/signup")
  assert.equal(missing.status, 404)
  assert.equal(json(missing)["code"], "unknown-event")
})

test("refused rows can be looked at, the newest first", async () => {
  await post(kit.url, "/v1/events/user_signup", [{ event_id: 7 }])
  const [first] = json(await call(kit.url, "/v1/rejected"))["rejected"] as Record<string, unknown>[]
  assert.equal(first?.["event"], "user_signup")
  assert.equal(first?.["code"], "wrong-type")
  assert.equal(first?.["text"], '{"event_id":7}')
})
