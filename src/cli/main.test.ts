import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { twinTerminal } from "../../test/kit/twin-terminal.ts"
import { main } from "./main.ts"

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A server that answers what a test wants, gone with the test. */
async function serve(t: TestContext, handle: Handler): Promise<string> {
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text
    })
    request.on("end", () => handle(request, response, body))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === "object" && address !== null)
  return `http://127.0.0.1:${address.port}`
}

function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
}

const SIGNUP = {
  name: "user_signup",
  time: "at",
  fields: [{ name: "id", type: "int64", nullable: false, optional: false }],
}

test("help and version say what there is, without running anything", async () => {
  const cases: [args: string[], code: number, where: "printed" | "noted", text: RegExp][] = [
    [["--help"], 0, "printed", /Commands:[\s\S]*send EVENT \[FILE\|-\]/],
    [["help"], 0, "printed", /Exit codes: 0 fine, 1 a difference or a problem, 2 could not run/],
    [["help", "send"], 0, "printed", /--at-event-times/],
    [["tail", "--wrong", "--help"], 0, "printed", /Usage: millrace tail EVENT\|VIEW/],
    [["--version"], 0, "printed", /^\d+\.\d+\.\d+$/],
    [[], 2, "noted", /Usage: millrace COMMAND/],
    [["chekc"], 2, "noted", /no command chekc; did you mean check\?/],
    [["zebra"], 2, "noted", /the commands are start, check, send, tail, status/],
    [["--verbose"], 2, "noted", /no option --verbose/],
    [["send"], 2, "noted", /needs the name of an event/],
    [["status", "--url", "x"], 2, "noted", /"x" is not an http URL/],
    [["status", "--url", "http://a", "--port", "1"], 2, "noted", /not both/],
    [["send", "e", "f", "--speed", "2"], 2, "noted", /--speed belongs to --at-event-times/],
  ]
  for (const [args, code, where, text] of cases) {
    const terminal = twinTerminal({ url: "http://127.0.0.1:1" })
    assert.equal(await main(args, terminal), code, args.join(" "))
    assert.match(terminal[where].join("\n"), text, args.join(" "))
  }
})

test("no platform at the address is said plainly, as JSON too", async () => {
  const terminal = twinTerminal()
  assert.equal(await main(["status", "--url", "http://127.0.0.1:1", "--json"], terminal), 2)
  const { error } = JSON.parse(terminal.printed[0]!)
  assert.equal(error.code, "server-unreachable")
  assert.match(error.message, /no platform answers at http:\/\/127\.0\.0\.1:1 /)
})

test("something else at the address is said plainly", async (t) => {
  const url = await serve(t, (_request, response) => response.end("<html>"))
  const terminal = twinTerminal({ url })
  assert.equal(await main(["status"], terminal), 2)
  assert.match(terminal.noted[0]!, /answers, but not as a Millrace platform does/)
})

test("send posts every row, waits when the platform is busy, and names rejected lines", async (t) => {
  const bodies: string[] = []
  const url = await serve(t, (request, response, body) => {
    if (request.method === "GET") return answer(response, 200, SIGNUP)
    bodies.push(body)
    if (bodies.length === 1) return answer(response, 429, { code: "overloaded", retry_after_ms: 5 })
    const received = body.trim().split("\n").length
    const rejected = [{ index: 1, field: "id", code: "wrong-type", message: "id is not a number" }]
    answer(response, 200, {
      received,
      accepted: received - 1,
      duplicates: 0,
      rejected,
      rejected_count: 1,
      receipt: "r",
    })
  })
  const terminal = twinTerminal({ url, stdin: '{"id":1}\n\n{"id":"x"}\n{"id":3}\n' })
  assert.equal(await main(["send", "user_signup", "--json"], terminal), 1)
  assert.deepEqual(bodies, Array(2).fill('{"id":1}\n{"id":"x"}\n{"id":3}\n'))
  const { seconds, ...result } = JSON.parse(terminal.printed[0]!)
  assert.ok(seconds >= 0)
  assert.deepEqual(result, {
    event: "user_signup",
    received: 3,
    accepted: 2,
    duplicates: 0,
    rejected: [{ line: 3, field: "id", code: "wrong-type", message: "id is not a number" }],
    rejected_count: 1,
    dead_lettered: 0,
    receipt: "r",
    stopped: false,
  })
  assert.match(terminal.noted[0]!, /line 3: id is not a number \(wrong-type\)/)
})

test("send stops at what the server refuses, and says how far it came", async (t) => {
  let posts = 0
  const url = await serve(t, (request, response) => {
    if (request.method === "GET") return answer(response, 200, SIGNUP)
    if (++posts > 1) return answer(response, 404, { code: "unknown-event", detail: "there is no such event" })
    answer(response, 200, {
      received: 1,
      accepted: 1,
      duplicates: 0,
      rejected: [],
      rejected_count: 0,
      receipt: "r",
    })
  })
  const terminal = twinTerminal({ url, stdin: '{"id":1}\n{"id":2}\n' })
  assert.equal(await main(["send", "user_signup", "--batch", "1"], terminal), 2)
  assert.match(terminal.noted[0]!, /1 rows sent: 1 accepted/)
  assert.match(terminal.noted[1]!, /there is no such event \(HTTP 404, unknown-event\)/)
})

test("tail takes a lost stream up where it broke", async (t) => {
  const asked: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    if (request.url === "/v1/events") return answer(response, 200, { events: [] })
    if (request.url === "/v1/views") return answer(response, 200, { views: [{ name: "per_day" }] })
    const id = request.headers["last-event-id"]
    asked.push(Array.isArray(id) ? id[0] : id)
    response.writeHead(200, { "content-type": "text/event-stream" })
    const first = 'id: 5\nevent: snapshot\ndata: {"epoch":5,"rows":[{"n":"1"}],"last":true}\n\n'
    const second =
      'id: 6\nevent: changes\ndata: {"epoch":6,"changes":' +
      '[{"weight":-1,"row":{"n":"1"}},{"weight":1,"row":{"n":"2"}}]}\n\n'
    response.end(asked.length === 1 ? first : second)
  })
  const terminal = twinTerminal({ url })
  assert.equal(await main(["tail", "per_day", "--limit", "3"], terminal), 0)
  assert.deepEqual(terminal.printed, ['  {"n":"1"}', '- {"n":"1"}', '+ {"n":"2"}'])
  assert.deepEqual(asked, [undefined, "5"])
  const unknown = twinTerminal({ url })
  assert.equal(await main(["tail", "per_dya"], unknown), 2)
  assert.match(unknown.noted[0]!, /no event or view per_dya; did you mean per_day\?/)
})

test("status shows every event and view, and a platform that is not ready is a problem", async (t) => {
  let ready = true
  const url = await serve(t, ({ url: path }, response) => {
    if (path === "/healthz")
      return answer(response, 200, { status: "ok", version: "0.1.0", uptime_ms: 61_000 })
    if (path === "/readyz" && !ready)
      return answer(response, 503, { code: "not-ready", detail: "recovering" })
    if (path === "/readyz") return answer(response, 200, { ready: true, project: "shop" })
    if (path === "/v1/events")
      return answer(response, 200, { events: [{ name: "user_signup", received: 1_234 }] })
    if (path === "/v1/store") {
      const tables = [
        { table: "views.per_day", state: "waiting", reason: "crash", lag: { rows: null, ms: 9 } },
      ]
      return answer(response, 200, { state: "restarting", reason: "its process ended", tables })
    }
    answer(response, 200, {
      views: [{ name: "per_day", row_count: 5, lag: { events: 7 }, verdicts: { late: 2 } }],
    })
  })
  const terminal = twinTerminal({ url })
  assert.equal(await main(["status"], terminal), 0)
  const text = terminal.printed.join("\n")
  assert.match(text, /^shop at http:.*: ready, up 61 s, version 0\.1\.0/)
  assert.match(text, /user_signup +1,234/)
  assert.match(text, /per_day +5 +7/)
  assert.match(text, /store restarting: its process ended\n[\s\S]*views\.per_day +waiting .*9 +crash/)
  ready = false
  const waiting = twinTerminal({ url })
  assert.equal(await main(["status", "--json"], waiting), 1)
  assert.deepEqual(JSON.parse(waiting.printed[0]!).reason, "recovering")
})

test("check names problems with their place, and a lock that is kept guards the contracts", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "millrace-check-"))
  t.after(() => rmSync(directory, { recursive: true }))
  const config = 'import { defineConfig } from "millrace"\nexport default defineConfig({ name: "shop" })\n'
  const events = (extra: string) =>
    'import { event, int64, timestamp } from "millrace"\nimport { z } from "zod"\n' +
    `const schema = z.object({ id: int64(), at: timestamp(), ${extra} })\n` +
    'export const sale = event("sale", { schema, id: "id", time: "at" })\n'
  const view = (sql: string) =>
    `import { view } from "millrace"\nexport const daily = view("daily", { sql: \`\n  ${sql}\` })\n`
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text)
  const check = async (...args: string[]) => {
    const terminal = twinTerminal()
    const code = await main(["check", directory, "--json", ...args], terminal)
    return { code, found: JSON.parse(terminal.printed[0]!) }
  }
  write("millrace.config.ts", config)
  write("events.ts", events(""))
  write("daily.ts", view("SELECT id, nothing FROM sale"))
  const wrong = await check()
  assert.equal(wrong.code, 1)
  const [{ code, file, line, column }] = wrong.found.problems
  assert.deepEqual([code, line, column], ["unknown-column", 3, 14])
  assert.match(file, /daily\.ts$/)

  write("daily.ts", view("SELECT id, at FROM sale"))
  const fresh = await check()
  assert.deepEqual([fresh.code, fresh.found.lock.state], [0, "missing"])
  assert.deepEqual(fresh.found.streams, [])
  assert.deepEqual((await check("--write-lock")).found.lock.state, "written")
  const locked = readFileSync(join(directory, "millrace.lock.json"), "utf8")
  assert.deepEqual(Object.keys(JSON.parse(locked).events), ["sale"])
  assert.deepEqual((await check()).found.lock, { state: "same", changes: [] })
})
