import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { signup } from "../../../test/kit/signups.ts"
import {
  call,
  json,
  makeTwin,
  post,
  rawExchange,
  startTwinServer,
  type TwinServer,
} from "../../../test/kit/twin-server.ts"
import { isPlatformError } from "../../std/errors.ts"
import { HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from "../limits.ts"

let kit: TwinServer
before(async () => {
  kit = await startTwinServer({ project: "flights" })
})
after(() => kit[Symbol.asyncDispose]())

test("only loopback addresses are listened on", async () => {
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "example.com", ""]) {
    await assert.rejects(startTwinServer({ host }), (error) => isPlatformError(error, "bind-refused"), host)
  }
  await using named = await startTwinServer({ host: "localhost" })
  assert.equal(named.server.host, "127.0.0.1")
  await using other = await startTwinServer({ host: "127.0.0.9" })
  assert.equal((await call(other.url, "/healthz")).status, 200)
})

test("a taken port is refused by name, or the next free one is taken when that is asked for", async () => {
  const { port } = kit.server
  await assert.rejects(startTwinServer({ port }), (error) => {
    assert.ok(isPlatformError(error, "port-taken"))
    assert.match(error.message, new RegExp(String(port)))
    return true
  })
  await using second = await startTwinServer({ port, portFallback: true })
  assert.ok(second.server.port > port)
  assert.equal((await call(second.url, "/healthz")).status, 200)
  const foreign = createServer()
  await new Promise<void>((resolve) => foreign.listen(0, "127.0.0.1", resolve))
  const address = foreign.address()
  assert.ok(typeof address === "object" && address !== null)
  await using third = await startTwinServer({ port: address.port, portFallback: true })
  assert.notEqual(third.server.port, address.port)
  await new Promise((resolve) => foreign.close(resolve))
})

test("an unknown path is 404 and a wrong method 405 with Allow, both as problems", async () => {
  const cases = [
    ["GET", "/v1/nothing", 404, undefined],
    ["POST", "/v1/nothing", 404, undefined],
    ["GET", "/v1/views/a/b", 404, undefined],
    ["GET", "/V1/events", 404, undefined],
    ["POST", "/v1/views", 405, "GET, HEAD"],
    ["POST", "/v1/views/any/rows", 405, "GET, HEAD"],
    ["DELETE", "/v1/events", 405, "GET, HEAD, POST"],
    ["PUT", "/v1/events/user_signup", 405, "GET, HEAD, POST"],
    ["PATCH", "/v1/events/user_signup/tail", 405, "GET"],
    ["POST", "/", 405, "GET, HEAD"],
    ["OPTIONS", "/v1/events", 405, "GET, HEAD, POST"],
    ["TRACE", "/v1/events", 405, "GET, HEAD, POST"],
    ["PROPFIND", "/v1/views", 405, "GET, HEAD"],
    ["PROPFIND", "/v1/nothing", 404, undefined],
  ] as const
  for (const [method, path, status, allow] of cases) {
    const answer = await call(kit.url, path, { method })
    assert.equal(answer.status, status, `${method} ${path}`)
    assert.equal(answer.headers["allow"], allow)
    assert.equal(answer.headers["content-type"], "application/problem+json; charset=utf-8")
    const problem = json(answer)
    const code = status === 404 ? "not-found" : "method-not-allowed"
    assert.deepEqual(
      [problem["status"], problem["code"], problem["type"], problem["instance"]],
      [status, code, `urn:millrace:error:${code}`, path],
    )
    assert.ok(typeof problem["title"] === "string" && typeof problem["detail"] === "string")
  }
})

test("HEAD answers as GET does, without a body", async () => {
  const get = await call(kit.url, "/v1/events")
  const head = await call(kit.url, "/v1/events", { method: "HEAD" })
  assert.deepEqual([head.status, head.text], [200, ""])
  assert.equal(head.headers["content-length"], get.headers["content-length"])
  assert.equal((await call(kit.url, "/v1/events/user_signup/tail", { method: "HEAD" })).status, 405)
})

test("what is not HTTP is answered with a problem and the connection ends", async () => {
  const host = "Host: localhost\r\n"
  const cases = [
    ["nonsense\r\n\r\n", 400, "malformed-request"],
    [`GET / HTTP/1.1\r\n${host}Bad Header\r\n\r\n`, 400, "malformed-request"],
    [`GET / HTTP/1.1\r\n${host}X: ${"x".repeat(20_000)}\r\n\r\n`, 431, "headers-too-large"],
    [`GET /${"x".repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 431, "headers-too-large"],
    [`GET /v1/views/%zz HTTP/1.1\r\n${host}\r\n`, 400, "malformed-request"],
    [`GET /v1/views/${"x".repeat(300)} HTTP/1.1\r\n${host}\r\n`, 404, "unknown-view"],
  ] as const
  for (const [text, status, code] of cases) {
    const answer = await rawExchange(kit.url, text)
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), text.slice(0, 60))
    assert.match(answer, new RegExp(`"code":"${code}"`), text.slice(0, 60))
  }
})

test("a client that does not finish its headers or its body in time is cut off", async () => {
  const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200, timeoutCheckMs: 20 }
  await using hasty = await startTwinServer({ limits })
  const length = "Content-Type: application/json\r\nContent-Length: 9"
  const slow = [
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    `POST /v1/events HTTP/1.1\r\nHost: localhost\r\n${length}\r\n\r\n[`,
  ]
  for (const text of slow) {
    const answer = await rawExchange(hasty.url, text)
    assert.match(answer, /^HTTP\/1.1 408 /)
    assert.match(answer, /"code":"request-timeout"/)
  }
  assert.equal(hasty.twin.events()[0]?.received, 0)
  assert.ok(HEADERS_TIMEOUT_MS <= 10_000 && REQUEST_TIMEOUT_MS <= 60_000)
})

test("requests on one connection are answered in order", async () => {
  const one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
  const answers = await rawExchange(kit.url, one + one.replace("healthz", "nothing") + one)
  assert.deepEqual(
    [...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1]),
    ["200", "404", "200"],
  )
})

test("health is always 200, readiness is 503 with the reason until the platform is ready", async () => {
  const health = json(await call(kit.url, "/healthz"))
  assert.deepEqual([health["status"], health["version"]], ["ok", "0.0.0-test"])
  assert.deepEqual(json(await call(kit.url, "/readyz")), { ready: true, project: "flights" })
  kit.twin.makeReady("replaying epoch 7 of 12")
  const starting = await call(kit.url, "/readyz")
  assert.equal(starting.status, 503)
  assert.equal(json(starting)["reason"], "replaying epoch 7 of 12")
  assert.equal((await call(kit.url, "/healthz")).status, 200)
  kit.twin.makeReady(null)
})

test("every answer forbids sniffing, and data is not cached", async () => {
  for (const path of ["/v1/events", "/nothing", "/healthz", "/metrics", "/"]) {
    const { headers } = await call(kit.url, path)
    assert.equal(headers["x-content-type-options"], "nosniff", path)
    assert.equal(headers["cache-control"], "no-store", path)
    assert.equal(headers["cross-origin-resource-policy"], "same-origin", path)
  }
})

test("a page that was not built is said so, and the API works", async () => {
  const answer = await call(kit.url, "/")
  assert.equal(answer.status, 200)
  assert.match(String(answer.headers["content-type"]), /^text\/html/)
  assert.match(answer.text, /npm run build/)
  assert.ok(answer.headers["content-security-policy"])
  assert.equal((await call(kit.url, "/index.html")).status, 200)
})

test("the page's files are served with types and caching, and nothing else of the disk is", async () => {
  const root = mkdtempSync(join(tmpdir(), "millrace-page-"))
  const page = join(root, "dist")
  mkdirSync(join(page, "assets"), { recursive: true })
  writeFileSync(join(root, "secret.txt"), "secret")
  writeFileSync(join(page, "index.html"), "<!doctype html><title>page</title>")
  writeFileSync(join(page, "assets", "index-abc.js"), "export {}")
  symlinkSync(join(root, "secret.txt"), join(page, "link.txt"))
  try {
    await using server = await startTwinServer({ pageDirectory: page })
    const index = await call(server.url, "/")
    assert.match(index.text, /<title>page/)
    assert.equal(index.headers["cache-control"], "no-cache")
    assert.match(String(index.headers["content-security-policy"]), /default-src 'self'/)
    assert.match(String(index.headers["content-security-policy"]), /frame-ancestors 'none'/)
    const script = await call(server.url, "/assets/index-abc.js?v=1")
    assert.match(String(script.headers["content-type"]), /^text\/javascript/)
    assert.match(String(script.headers["cache-control"]), /immutable/)
    const again = await call(server.url, "/", { headers: { "if-none-match": String(index.headers["etag"]) } })
    assert.deepEqual([again.status, again.text], [304, ""])
    const outside = [
      "/secret.txt",
      "/link.txt",
      "/../secret.txt",
      "/assets/../../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/assets/..%5c..%5csecret.txt",
      "//etc/passwd",
      "/assets",
      "/__proto__",
      "/%00",
    ]
    for (const path of outside) {
      const answer = await call(server.url, path)
      assert.equal(answer.status, 404, path)
      assert.doesNotMatch(answer.text, /^secret/, path)
    }
  } finally {
    rmSync(root, { recursive: true })
  }
})

test("closing lets requests in work finish and is safe to call twice", async () => {
  const twin = makeTwin()
  const closing = await startTwinServer({ twin })
  twin.hold()
  const sent = json(await post(closing.url, "/v1/events/user_signup", signup("a")))
  const reading = call(closing.url, `/v1/views/signups_per_plan_and_day/rows?after=${sent["receipt"]}`)
  await new Promise((resolve) => setTimeout(resolve, 30))
  const closed = closing.server.close()
  setTimeout(() => twin.release(), 20)
  assert.equal((await reading).status, 200)
  await closed
  await closing.server.close()
  await assert.rejects(call(closing.url, "/healthz"), { code: "ECONNREFUSED" })
})
