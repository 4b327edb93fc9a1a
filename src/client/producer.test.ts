import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { clientWorld, ingestReply, type Reply, settle } from "../../test/kit/client-world.ts"
import { type Signup, signup, userSignup } from "../../test/kit/signups.ts"
import { makeTwin, startTwinServer } from "../../test/kit/twin-server.ts"
import { event } from "../contracts/event.ts"
import { int64, timestamp } from "../contracts/field-types.ts"
import { PlatformError } from "../std/errors.ts"
import { ProducerError } from "./errors.ts"
import { createProducer } from "./producer.ts"

const url = "http://127.0.0.1:4600/"

function lines(body: string): Signup[] {
  return body.split("\n").map((line) => JSON.parse(line) as Signup)
}

function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ status, code, detail: `it is ${code}` })
  return new Response(body, { status, headers: { "content-type": "application/problem+json", ...headers } })
}

test("rows reach the server, and each gets its receipt", async () => {
  await using kit = await startTwinServer()
  await using producer = createProducer({ url: kit.url })
  const receipts = await Promise.all(["a", "b", "c"].map((id) => producer.send(userSignup, signup(id))))
  assert.deepEqual(
    receipts.map((receipt) => receipt.event),
    ["user_signup", "user_signup", "user_signup"],
  )
  assert.equal(kit.twin.events()[0]?.accepted, 3)
  await producer.send("user_signup", { ...signup("d") })
  assert.equal(kit.twin.events()[0]?.accepted, 4)
})

test("a bad row rejects with its field, code and message; its neighbours are taken", async () => {
  await using kit = await startTwinServer()
  await using producer = createProducer({ url: kit.url })
  const bad = { ...signup("b"), user_id: 7 as unknown as string }
  const outcomes = await Promise.allSettled([
    producer.send(userSignup, signup("a")),
    producer.send(userSignup, bad),
    producer.send(userSignup, signup("c")),
  ])
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ["fulfilled", "rejected", "fulfilled"],
  )
  const { reason } = outcomes[1] as PromiseRejectedResult
  assert.ok(reason instanceof ProducerError)
  assert.deepEqual(
    [reason.code, reason.field, reason.message],
    ["wrong-type", "user_id", "user_id is not a string"],
  )
  await assert.rejects(producer.send(userSignup, bad), { code: "wrong-type" })
})

test("an unknown event rejects with the server's words", async () => {
  await using kit = await startTwinServer()
  await using producer = createProducer({ url: kit.url })
  await assert.rejects(producer.send("user_signups", {}), { code: "unknown-event", message: /did you mean/ })
})

test("a missing id is made, once for all attempts, and given ids stay", async () => {
  const world = clientWorld([new Error("reset"), ingestReply])
  const producer = createProducer({ url, surroundings: world })
  const { event_id: _, ...row } = signup("x")
  const sent = [producer.send(userSignup, row as Signup), producer.send(userSignup, signup("mine"))]
  await world.advance(1_000)
  await Promise.all(sent)
  const [first, second] = world.requests.map(({ body }) => lines(body))
  assert.deepEqual(first, second)
  assert.match(
    String(first?.[0]?.event_id),
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  )
  assert.equal(first?.[1]?.event_id, "mine")
})

test("rows gather until the batch is full in rows or bytes, or the linger time is over", async () => {
  const world = clientWorld([ingestReply])
  const producer = createProducer({
    url,
    surroundings: world,
    maxBatchRows: 3,
    maxBatchBytes: 2_000,
    lingerMs: 50,
  })
  const sent = [1, 2, 3, 4].map((n) => producer.send(userSignup, signup(`${n}`)))
  await settle()
  assert.deepEqual(
    world.requests.map(({ body }) => lines(body).length),
    [3, 1],
  )
  void producer.send(userSignup, signup("5"))
  await world.advance(49)
  assert.equal(world.requests.length, 2)
  await world.advance(1)
  assert.equal(world.requests.length, 3)
  const large = [6, 7].map((n) => producer.send(userSignup, signup(`${n}`, { user_id: "x".repeat(1_500) })))
  await settle()
  assert.deepEqual(
    world.requests.slice(3).map(({ body }) => lines(body).length),
    [1, 1],
  )
  await Promise.all([...sent, ...large])
  assert.equal(world.requests[0]?.url, "http://127.0.0.1:4600/v1/events/user_signup")
})

test("one batch of an event is under way at a time, so order is kept", async () => {
  let open = (_: Response) => {}
  const slow: Reply = () => new Promise<Response>((resolve) => (open = resolve))
  const world = clientWorld([slow, ingestReply])
  const producer = createProducer({ url, surroundings: world, lingerMs: 0 })
  const first = producer.send(userSignup, signup("1"))
  await world.advance(1)
  const rest = [2, 3].map((n) => producer.send(userSignup, signup(`${n}`)))
  await world.advance(100)
  assert.equal(world.requests.length, 1)
  open(ingestReply("", { body: "1" }))
  await settle()
  assert.equal(world.requests.length, 2)
  assert.equal(lines(world.requests[1]?.body ?? "").length, 2)
  await Promise.all([first, ...rest])
})

test("network failures, 429 and 5xx are sent again, and Retry-After is obeyed", async () => {
  const world = clientWorld([
    new Error("ECONNREFUSED"),
    problem(500, "internal-error"),
    problem(503, "not-ready", { "retry-after": "7" }),
    problem(429, "overloaded", { "retry-after": "3" }),
    new Response("<html>bad gateway</html>", { status: 502 }),
    new Response("not what this platform says", { status: 200 }),
    ingestReply,
  ])
  const producer = createProducer({ url, surroundings: world, lingerMs: 0 })
  const sent = producer.send(userSignup, signup("1"))
  await world.advance(60_000)
  assert.equal((await sent).receipt, "r1")
  const pauses = world.requests.slice(1).map(({ atMs }, i) => atMs - (world.requests[i]?.atMs ?? 0))
  assert.equal(pauses.length, 6)
  assert.ok(pauses[2]! >= 7_000 && pauses[2]! < 8_000, String(pauses))
  assert.ok(pauses[3]! >= 3_000 && pauses[3]! < 4_000, String(pauses))
  assert.ok(
    pauses.every((pause) => pause >= 20),
    String(pauses),
  )
})

test("what the server refuses for good is not sent again", async () => {
  for (const status of [400, 403, 404, 413, 415]) {
    const world = clientWorld([problem(status, "some-code")])
    const producer = createProducer({ url, surroundings: world, lingerMs: 0 })
    const sent = producer.send(userSignup, signup("1"))
    const failed = assert.rejects(sent, { code: "some-code", message: "it is some-code" })
    await world.advance(60_000)
    await failed
    assert.equal(world.requests.length, 1)
  }
})

test("a row that cannot be delivered in time rejects and says so", async () => {
  const world = clientWorld([new Error("ECONNREFUSED")])
  const producer = createProducer({ url, surroundings: world, deliveryTimeoutMs: 5_000 })
  const failed = assert.rejects(producer.send(userSignup, signup("1")), {
    code: "delivery-timeout",
    message: /ECONNREFUSED/,
  })
  await world.advance(6_000)
  await failed
})

test("a request that is not answered is given up and sent again", async () => {
  const silent: Reply = () => new Promise<Response>(() => {})
  const world = clientWorld([silent, ingestReply])
  const producer = createProducer({ url, surroundings: world, requestTimeoutMs: 1_000 })
  const sent = producer.send(userSignup, signup("1"))
  await world.advance(2_000)
  assert.equal((await sent).receipt, "r1")
})

test("a batch that is too large goes in halves", async () => {
  const small: Reply = (address, init) =>
    String(init.body).split("\n").length > 2 ? problem(413, "body-too-large") : ingestReply(address, init)
  const world = clientWorld([small])
  const producer = createProducer({ url, surroundings: world, lingerMs: 0 })
  const sent = [1, 2, 3, 4, 5].map((n) => producer.send(userSignup, signup(`${n}`)))
  await world.advance(10)
  await Promise.all(sent)
  const sizes = world.requests.map(({ body }) => lines(body).length)
  assert.deepEqual(sizes, [5, 3, 2, 2, 1])
  const taken = world.requests.filter((_, i) => sizes[i]! <= 2).flatMap(({ body }) => lines(body))
  assert.deepEqual(
    taken.map((row) => row.event_id),
    ["1", "2", "3", "4", "5"],
  )
})

test("when the list of refusals was cut, rows with ids go again in batches that are not cut", async () => {
  await using kit = await startTwinServer({ twin: makeTwin() })
  await using producer = createProducer({ url: kit.url })
  const rows = Array.from({ length: 600 }, (_, n) =>
    n % 2 === 0 ? signup(`${n}`) : { ...signup(`${n}`), user_id: n as unknown as string },
  )
  const outcomes = await Promise.allSettled(rows.map((row) => producer.send(userSignup, row)))
  outcomes.forEach((outcome, n) => {
    assert.equal(outcome.status, n % 2 === 0 ? "fulfilled" : "rejected", `row ${n}`)
  })
  // Without the contract it is not known that ids are remembered, so nothing is sent twice.
  await using nameless = createProducer({ url: kit.url })
  const unnamed = await Promise.allSettled(
    rows.map((row) => nameless.send("user_signup", { ...row, event_id: `again-${row.event_id}` })),
  )
  const codes = unnamed.map((outcome) =>
    outcome.status === "fulfilled" ? "ok" : (outcome.reason as ProducerError).code,
  )
  assert.ok(codes.includes("outcome-unknown"))
})

test("bigint, Date and bytes are written exactly; what JSON cannot hold is refused", async () => {
  const world = clientWorld([ingestReply])
  const producer = createProducer({ url, surroundings: world, lingerMs: 0 })
  const row = {
    big: 9_223_372_036_854_775_807n,
    at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
    bytes: new Uint8Array([104, 105]),
    nested: { n: [1n, null] },
    text: "a\nb\u2028",
  }
  await Promise.all([producer.send("any", row), world.advance(1)])
  const [body = ""] = world.requests.map((request) => request.body)
  assert.equal(body.split("\n").length, 1)
  assert.deepEqual(JSON.parse(body), {
    big: "9223372036854775807",
    at: "2026-01-02T03:04:05.006Z",
    bytes: "aGk=",
    nested: { n: ["1", null] },
    text: "a\nb\u2028",
  })
  const circular: Record<string, unknown> = {}
  circular["self"] = circular
  for (const bad of [{ n: Number.NaN }, { n: Infinity }, { d: new Date(Number.NaN) }, circular]) {
    await assert.rejects(producer.send("any", bad), { code: "row-not-json" })
  }
  await assert.rejects(producer.send("any", [1] as never), { code: "row-not-json" })
})

test("a full buffer makes send wait, or reject when that is asked for", async () => {
  const silent: Reply = () => new Promise<Response>(() => {})
  const refusing = createProducer({
    url,
    surroundings: clientWorld([silent]),
    maxBufferedRows: 2,
    whenFull: "reject",
    onError: () => {},
  })
  void refusing.send(userSignup, signup("1"))
  void refusing.send(userSignup, signup("2"))
  await assert.rejects(refusing.send(userSignup, signup("3")), { code: "buffer-full" })
  const tiny = createProducer({ url, surroundings: clientWorld([silent]), maxBufferedBytes: 10 })
  await assert.rejects(tiny.send(userSignup, signup("1")), { code: "row-too-large" })

  const world = clientWorld([ingestReply])
  const waiting = createProducer({ url, surroundings: world, maxBufferedRows: 2, lingerMs: 0 })
  const sent = [1, 2, 3, 4].map((n) => waiting.send(userSignup, signup(`${n}`)))
  await assert.rejects(waiting.send(userSignup, signup("5")), { code: "buffer-full" })
  await world.advance(10)
  await Promise.all(sent)
  assert.deepEqual(
    world.requests.flatMap(({ body }) => lines(body).map((row) => row.event_id)),
    ["1", "2", "3", "4"],
  )
})

test("flush sends what waits and does not fail with its rows", async () => {
  const world = clientWorld([problem(404, "unknown-event"), ingestReply])
  const producer = createProducer({ url, surroundings: world, lingerMs: 60_000 })
  const failed = assert.rejects(producer.send("nothing", {}), { code: "unknown-event" })
  await producer.flush()
  await failed
  const sent = producer.send(userSignup, signup("1"))
  await producer.flush()
  assert.equal((await sent).receipt, "r1")
})

test("close flushes, refuses later rows, and gives up after its time", async () => {
  const world = clientWorld([ingestReply])
  const producer = createProducer({ url, surroundings: world, lingerMs: 60_000 })
  const sent = producer.send(userSignup, signup("1"))
  await producer.close()
  assert.equal((await sent).receipt, "r1")
  await assert.rejects(producer.send(userSignup, signup("2")), { code: "producer-closed" })
  await producer.close()

  const down = clientWorld([new Error("ECONNREFUSED")])
  const stuck = createProducer({ url, surroundings: down, maxBufferedRows: 1 })
  const failed = [1, 2].map((n) =>
    assert.rejects(stuck.send(userSignup, signup(`${n}`)), { code: "producer-closed" }),
  )
  const closed = stuck.close({ timeoutMs: 500 })
  await down.advance(501)
  await Promise.all([closed, ...failed])
})

test("onError is told of each failure, and promises that nobody awaits do no harm", async () => {
  const world = clientWorld([problem(404, "unknown-event")])
  const told: string[] = []
  const producer = createProducer({ url, surroundings: world, onError: (error) => told.push(error.code) })
  void producer.send("nothing", {})
  void producer.send("nothing", { n: Number.NaN })
  await producer.flush()
  assert.deepEqual(told.sort(), ["row-not-json", "unknown-event"])
})

test("a real server that fails for a while loses nothing and doubles nothing", async () => {
  const twin = makeTwin()
  await using kit = await startTwinServer({ twin })
  const overloaded = new PlatformError({
    code: "overloaded",
    domain: "external",
    message: "full",
    retry: true,
    details: { retryAfterMs: 10 },
  })
  twin.failIngest(new Error("a bug"), overloaded)
  await using producer = createProducer({ url: kit.url })
  await Promise.all(Array.from({ length: 2_500 }, (_, n) => producer.send(userSignup, signup(`${n}`))))
  assert.equal(twin.events()[0]?.accepted, 2_500)
  assert.equal(twin.events()[0]?.duplicates, 0)
})

test("send is typed by the contract's row, whose id may be left out", () => {
  const producer = createProducer({ url, surroundings: clientWorld([ingestReply]), onError: () => {} })
  const visit = event("visit", {
    schema: z.object({ visit_id: z.string(), at: timestamp(), pages: int64(), page: z.string().optional() }),
    id: "visit_id",
    time: "at",
  })
  void producer.send(visit, { at: new Date(0), pages: 3n })
  void producer.send(visit, { visit_id: "x", at: "2026-01-02T03:04:05Z", pages: 3, page: "/" })
  // @ts-expect-error page is text
  void producer.send(visit, { at: new Date(0), pages: 3n, page: 7 })
  // @ts-expect-error pages is missing
  void producer.send(visit, { at: new Date(0) })
})
