import assert from "node:assert/strict"
import { connect } from "node:net"
import { afterEach, beforeEach, test } from "node:test"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { signup } from "../../../test/kit/signups.ts"
import {
  call,
  json,
  post,
  rawExchange,
  startTwinServer,
  type TwinServer,
} from "../../../test/kit/twin-server.ts"
import { PlatformError } from "../../std/errors.ts"
import { MAX_BODY_BYTES } from "../limits.ts"

let kit: TwinServer
beforeEach(async () => {
  kit = await startTwinServer()
})
afterEach(() => kit[Symbol.asyncDispose]())

const PATH = "/v1/events/user_signup"
const lines = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n")

test("one object, an array and NDJSON are taken, with a receipt", async () => {
  const one = await post(kit.url, PATH, signup("a"))
  assert.equal(one.status, 200)
  assert.equal(one.headers["content-type"], "application/json; charset=utf-8")
  assert.deepEqual(json(one), {
    received: 1,
    accepted: 1,
    duplicates: 0,
    rejected: [],
    rejected_count: 0,
    rejected_truncated: false,
    dead_lettered: 0,
    dead_letters: [],
    receipt: "twin:user_signup:1",
  })
  assert.equal(json(await post(kit.url, PATH, [signup("b"), signup("c")]))["accepted"], 2)
  assert.equal(json(await post(kit.url, PATH, `${lines(signup("d"), signup("e"))}\n`))["accepted"], 2)
})

test("POST /v1/events routes by event_type", async () => {
  const answer = await post(kit.url, "/v1/events", [signup("a"), { event_type: "nothing" }])
  assert.equal(answer.status, 200)
  assert.equal(json(answer)["accepted"], 1)
  assert.deepEqual(json(answer)["rejected"], [
    { index: 1, field: "event_type", code: "unknown-event", message: "no such event" },
  ])
})

test("the status says whether any row is in the log", async () => {
  await post(kit.url, PATH, signup("old"))
  const bad = { event_id: 1 }
  const cases = [
    { rows: [signup("new")], status: 200 },
    { rows: [signup("newer"), bad], status: 200 },
    { rows: [signup("old")], status: 200 },
    { rows: [signup("old"), bad], status: 200 },
    { rows: [bad], status: 422, code: "all-rows-rejected" },
    { rows: [bad, bad], status: 422, code: "all-rows-rejected" },
    { rows: [], status: 422, code: "no-rows" },
  ]
  for (const { rows, status, code } of cases) {
    const answer = await post(kit.url, PATH, rows)
    assert.equal(answer.status, status, JSON.stringify(rows))
    assert.equal(json(answer)["received"], rows.length)
    if (code === undefined) continue
    assert.equal(answer.headers["content-type"], "application/problem+json; charset=utf-8")
    assert.equal(json(answer)["code"], code)
    assert.equal(json(answer)["status"], 422)
    assert.equal(json(answer)["receipt"], null)
  }
})

test("the list of refused rows is capped and says so", async () => {
  const answer = json(
    await post(
      kit.url,
      PATH,
      Array.from({ length: 250 }, () => ({})),
    ),
  )
  assert.equal((answer["rejected"] as unknown[]).length, 100)
  assert.equal(answer["rejected_count"], 250)
  assert.equal(answer["rejected_truncated"], true)
})

test("a body that is not JSON is 400, and so is one that is not UTF-8", async () => {
  for (const body of ["{", "", '[{"event_id":', Buffer.from([0x22, 0xff, 0xfe, 0x22])]) {
    const answer = await call(kit.url, PATH, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    })
    assert.equal(answer.status, 400)
    assert.equal(json(answer)["code"], "body-not-json")
  }
})

test("an unknown event is 404 and the near names are suggested", async () => {
  const answer = await post(kit.url, "/v1/events/user_signups", signup("a"))
  assert.equal(answer.status, 404)
  assert.equal(json(answer)["code"], "unknown-event")
  assert.deepEqual(json(answer)["suggestions"], ["user_signup"])
  assert.match(String(json(answer)["detail"]), /did you mean "user_signup"/)
  assert.deepEqual(json(await post(kit.url, "/v1/events/zzz", signup("a")))["suggestions"], [])
})

test("only JSON and NDJSON in UTF-8 are taken", async () => {
  const taken = [
    "application/json",
    "Application/JSON; charset=UTF-8",
    'application/json;charset="utf-8"',
    "application/x-ndjson",
    "application/ndjson; charset=utf8",
    "application/jsonl",
    "application/x-jsonlines",
  ]
  const refused = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin1",
    "application/jsonp",
    "application/cloudevents+json",
    "json",
    "*/*",
  ]
  for (const type of taken) {
    const answer = await post(kit.url, PATH, signup(type), { "content-type": type })
    assert.equal(answer.status, 200, type)
  }
  for (const type of refused) {
    const answer = await post(kit.url, PATH, signup("x"), { "content-type": type })
    assert.equal(answer.status, 415, type)
    assert.equal(json(answer)["code"], "unsupported-media-type", type)
  }
  const none = await call(kit.url, PATH, { method: "POST", body: "{}" })
  assert.equal(none.status, 415)
  const nothing = await call(kit.url, PATH, { method: "POST" })
  assert.equal(nothing.status, 415)
})

test("gzip is taken, also in several members; other encodings are 415", async () => {
  const body = JSON.stringify([signup("a"), signup("b")])
  const headers = { "content-encoding": "gzip" }
  const send = (bytes: Uint8Array, encoding: Record<string, string>) =>
    call(kit.url, PATH, {
      method: "POST",
      headers: { "content-type": "application/json", ...encoding },
      body: bytes,
    })
  assert.equal(json(await send(gzipSync(body), headers))["accepted"], 2)
  const half = body.length >> 1
  const members = Buffer.concat([gzipSync(body.slice(0, half)), gzipSync(body.slice(half))])
  assert.equal(json(await send(members, headers))["duplicates"], 2)
  assert.equal((await send(Buffer.from(body), { "content-encoding": "identity" })).status, 200)
  for (const encoding of ["br", "deflate", "zstd", "gzip, gzip"]) {
    const answer = await send(brotliCompressSync(body), { "content-encoding": encoding })
    assert.equal(answer.status, 415, encoding)
    assert.equal(json(answer)["code"], "unsupported-encoding")
    assert.equal(answer.headers["accept-encoding"], "gzip")
  }
})

test("a body of many chunks arrives as it was sent, plain and compressed", async () => {
  const rows = Array.from({ length: 20_000 }, (_, n) => signup(`${n}`, { user_id: `u-${n * 7_919}` }))
  const body = Buffer.from(lines(...rows))
  const headers = { "content-type": "application/x-ndjson" }
  const packed = { ...headers, "content-encoding": "gzip" }
  const plain = await call(kit.url, PATH, { method: "POST", headers, body })
  assert.equal(json(plain)["accepted"], 20_000)
  const same = await call(kit.url, PATH, { method: "POST", headers: packed, body: gzipSync(body) })
  assert.deepEqual([json(same)["received"], json(same)["duplicates"]], [20_000, 20_000])
  const chunked = { ...packed, "transfer-encoding": "chunked" }
  const again = await call(kit.url, PATH, { method: "POST", headers: chunked, body: gzipSync(body) })
  assert.equal(json(again)["duplicates"], 20_000)
  const metrics = await call(kit.url, "/metrics")
  assert.match(metrics.text, new RegExp(`^millrace_http_body_bytes_total ${3 * body.length}$`, "m"))
})

test("broken gzip is 400 and nothing of it is taken", async () => {
  const whole = gzipSync(lines(signup("a"), signup("b")))
  const flipped = Buffer.from(whole)
  flipped[flipped.length - 6]! ^= 0xff
  for (const body of [whole.subarray(0, whole.length - 4), flipped, Buffer.from("plain"), Buffer.alloc(0)]) {
    const answer = await call(kit.url, PATH, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", "content-encoding": "gzip" },
      body,
    })
    assert.equal(answer.status, 400)
    assert.equal(json(answer)["code"], "body-not-gzip")
  }
  assert.equal(kit.twin.events()[0]?.received, 0)
})

test("a gzip bomb is 413 long before it is unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(32 * MAX_BODY_BYTES, 0x20), { level: 1 })
  assert.ok(bomb.length < MAX_BODY_BYTES / 4)
  const before = process.memoryUsage().rss
  const answer = await call(kit.url, PATH, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: bomb,
  })
  assert.equal(answer.status, 413)
  assert.equal(json(answer)["code"], "body-too-large")
  assert.ok(process.memoryUsage().rss - before < 16 * MAX_BODY_BYTES, "it was not unpacked whole")
})

test("a body of the limit is taken, one byte more is 413, declared or chunked", async () => {
  const row = JSON.stringify(signup("big"))
  const exact = row + " ".repeat(MAX_BODY_BYTES - row.length)
  const headers = { "content-type": "application/json" }
  assert.equal((await call(kit.url, PATH, { method: "POST", headers, body: exact })).status, 200)
  const more = await call(kit.url, PATH, {
    method: "POST",
    headers: { ...headers, "transfer-encoding": "chunked" },
    body: `${exact} `,
  })
  assert.equal(more.status, 413)
  const head = `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
  const declared = await rawExchange(kit.url, `${head}Content-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`)
  assert.match(declared, /^HTTP\/1.1 413 /)
})

test("a truncated body is not taken", async () => {
  const body = lines(signup("a"), signup("b"))
  const head = `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n`
  const { port, hostname } = new URL(kit.url)
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${head}Content-Length: ${body.length + 10}\r\n\r\n${body}`, () => {
        setTimeout(() => socket.destroy(), 20)
      })
    })
    socket.on("close", () => resolve())
  })
  const half = await rawExchange(kit.url, `${head}Content-Length: ${body.length + 10}\r\n\r\n${body}`, {
    end: true,
  })
  assert.match(half, /^(HTTP\/1.1 400 .*|)/)
  const broken = `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\nzz\r\n`
  await rawExchange(kit.url, broken)
  assert.equal(kit.twin.events()[0]?.received, 0)
  assert.equal((await post(kit.url, PATH, signup("c"))).status, 200)
})

test("an overloaded platform is 429 with Retry-After", async () => {
  kit.twin.failIngest(
    new PlatformError({
      code: "overloaded",
      domain: "external",
      message: "the log's queue is full",
      retry: true,
      details: { retryAfterMs: 1_500 },
    }),
  )
  const answer = await post(kit.url, PATH, signup("a"))
  assert.equal(answer.status, 429)
  assert.equal(answer.headers["retry-after"], "2")
  assert.equal(json(answer)["retry_after_ms"], 1_500)
})

test("a failed log is 503, and so is a platform that is not ready", async () => {
  kit.twin.failIngest(
    new PlatformError({ code: "log-failed", domain: "external", message: "the disk refused a sync" }),
  )
  const failed = await post(kit.url, PATH, signup("a"))
  assert.equal(failed.status, 503)
  assert.equal(json(failed)["code"], "log-failed")
  kit.twin.makeReady("replaying the journal")
  const starting = await post(kit.url, PATH, signup("a"))
  assert.equal(starting.status, 503)
  assert.equal(json(starting)["code"], "not-ready")
  assert.equal(json(starting)["reason"], "replaying the journal")
  assert.ok(starting.headers["retry-after"])
})

test("a bug is 500, says nothing about itself, and is reported", async () => {
  const bug = new TypeError("secret detail")
  kit.twin.failIngest(bug)
  const answer = await post(kit.url, PATH, signup("a"))
  assert.equal(answer.status, 500)
  assert.equal(json(answer)["code"], "internal-error")
  assert.doesNotMatch(answer.text, /secret/)
  assert.deepEqual(kit.failures, [bug])
})

test("bodies in work are bounded together", async () => {
  await using small = await startTwinServer({ limits: { bufferedBodyBytes: 1_000 } })
  const answer = await post(small.url, PATH, signup("a", { user_id: "x".repeat(2_000) }))
  assert.equal(answer.status, 429)
  assert.ok(answer.headers["retry-after"])
  assert.equal((await post(small.url, PATH, signup("a"))).status, 200)
})

test("__proto__ is a field like any other and poisons nothing", async () => {
  const body = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`
  const answer = await call(kit.url, PATH, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  })
  assert.equal(answer.status, 422)
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined)
})
