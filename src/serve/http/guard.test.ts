import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { signup } from "../../../test/kit/signups.ts"
import {
  call,
  json,
  post,
  rawExchange,
  startTwinServer,
  type TwinServer,
} from "../../../test/kit/twin-server.ts"
import { documentPath } from "./openapi.ts"
import { ROUTES } from "./routes.ts"

let kit: TwinServer
before(async () => {
  kit = await startTwinServer()
})
after(() => kit[Symbol.asyncDispose]())

function somewhere(path: string): string {
  return path
    .replace(":event", "user_signup")
    .replace(":view", "signups_per_plan_and_day")
    .replace("*", "index.html")
}

test("every route refuses a foreign Host, a foreign Origin and a cross-site fetch with 403", async () => {
  const foreign: readonly Record<string, string>[] = [
    { host: "rebound.example.com" },
    { host: "127.0.0.1.example.com:80" },
    { origin: "https://example.com" },
    { origin: "http://localhost:1" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
  ]
  for (const { method, path } of ROUTES) {
    for (const headers of foreign) {
      const answer = await call(kit.url, somewhere(path), { method, headers })
      const what = `${method} ${documentPath(path)} ${JSON.stringify(headers)}`
      assert.equal(answer.status, 403, what)
      assert.equal(answer.headers["content-type"], "application/problem+json; charset=utf-8", what)
      assert.equal(answer.headers["access-control-allow-origin"], undefined, what)
      const code = headers["host"] === undefined ? "origin-refused" : "host-refused"
      assert.equal(json(answer)["code"], code, what)
    }
  }
})

test("a refused request leaves nothing behind", async () => {
  const answer = await post(kit.url, "/v1/events/user_signup", signup("foreign"), {
    origin: "https://example.com",
  })
  assert.equal(answer.status, 403)
  assert.equal(kit.twin.events()[0]?.received, 0)
})

test("requests of the page itself and of programs are taken", async () => {
  const own = kit.url
  const localhost = own.replace("127.0.0.1", "localhost")
  const taken: readonly Record<string, string>[] = [
    {},
    { origin: own },
    { host: new URL(localhost).host, origin: localhost },
    { host: "localhost" },
    { host: "[::1]:4600" },
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
  ]
  for (const headers of taken) {
    const answer = await call(kit.url, "/v1/events", { headers })
    assert.equal(answer.status, 200, JSON.stringify(headers))
    assert.equal(answer.headers["access-control-allow-origin"], undefined)
  }
})

test("another name of this machine is another origin", async () => {
  const { port } = new URL(kit.url)
  const answer = await call(kit.url, "/v1/events", { headers: { origin: `http://localhost:${port}` } })
  assert.equal(answer.status, 403)
})

test("a preflight of a foreign page gets no permission", async () => {
  const answer = await call(kit.url, "/v1/events", {
    method: "OPTIONS",
    headers: { origin: "https://example.com", "access-control-request-method": "POST" },
  })
  assert.equal(answer.status, 403)
  assert.deepEqual(
    Object.keys(answer.headers).filter((name) => name.startsWith("access-control")),
    [],
  )
})

test("a request without Host, with two, or with a foreign absolute target is refused", async () => {
  const cases = [
    ["GET /healthz HTTP/1.1\r\n\r\n", 400],
    ["GET /healthz HTTP/1.0\r\n\r\n", 400],
    ["GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: example.com\r\n\r\n", 400],
    ["GET http://example.com/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 403],
    ["GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200],
    ["GET http://localhost/healthz HTTP/1.1\r\nHost: example.com\r\n\r\n", 403],
  ] as const
  for (const [text, status] of cases) {
    const answer = await rawExchange(kit.url, text)
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), text)
    if (status !== 200) assert.match(answer, /application\/problem\+json/, text)
  }
})
