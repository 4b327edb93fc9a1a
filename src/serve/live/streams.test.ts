import assert from "node:assert/strict"
import { request } from "node:http"
import { connect } from "node:net"
import { test } from "node:test"
import { createParser, type EventSourceMessage } from "eventsource-parser"
import { signup } from "../../../test/kit/signups.ts"
import { call, json, makeTwin, post, startTwinServer } from "../../../test/kit/twin-server.ts"

const EVENTS = "/v1/events/user_signup"
const CHANGES = "/v1/views/signups_per_plan_and_day/changes"
const TAIL = "/v1/events/user_signup/tail"

/** More epochs than the twin keeps, each of 5 MB: more than a socket's buffers hold. */
const ROUNDS = 12

interface Reader extends Disposable {
  readonly headers: Record<string, unknown>
  next(): Promise<{ name: string; id: string | undefined; data: Record<string, unknown> }>
  readonly ended: Promise<void>
}

/** A reader with a parser that is not ours. */
function read(url: string, path: string, headers: Record<string, string> = {}): Promise<Reader> {
  const waiting: ((message: EventSourceMessage) => void)[] = []
  const messages: EventSourceMessage[] = []
  const parser = createParser({
    onEvent: (message) => {
      const resolve = waiting.shift()
      if (resolve === undefined) messages.push(message)
      else resolve(message)
    },
  })
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { headers, agent: false }, (response) => {
      response.setEncoding("utf8")
      response.on("data", (text: string) => parser.feed(text))
      const ended = new Promise<void>((done) => {
        response.on("close", done)
        response.on("error", () => done())
      })
      resolve({
        headers: response.headers,
        ended,
        next: async () => {
          const ready = messages.shift()
          const message = ready ?? (await new Promise<EventSourceMessage>((done) => waiting.push(done)))
          return {
            name: message.event ?? "message",
            id: message.id,
            data: JSON.parse(message.data) as Record<string, unknown>,
          }
        },
        [Symbol.dispose]: () => void outgoing.destroy(),
      })
    })
    outgoing.on("error", reject)
    outgoing.end()
  })
}

const rowsOf = (data: Record<string, unknown>) => data["rows"] as { plan: string; signups: string }[]

test("a reader gets the view whole, then each epoch's changes", async () => {
  await using kit = await startTwinServer()
  await post(kit.url, EVENTS, [signup("a"), signup("b")])
  using reader = await read(kit.url, CHANGES)
  assert.equal(reader.headers["content-type"], "text/event-stream; charset=utf-8")
  assert.equal(reader.headers["cache-control"], "no-store")
  const snapshot = await reader.next()
  assert.equal(snapshot.name, "snapshot")
  assert.equal(snapshot.data["last"], true)
  assert.ok(snapshot.id)
  assert.deepEqual(
    rowsOf(snapshot.data).map((row) => [row.plan, row.signups]),
    [["premium", "2"]],
  )
  await post(kit.url, EVENTS, signup("c"))
  const changes = await reader.next()
  assert.equal(changes.name, "changes")
  assert.equal(changes.data["epoch"], Number(snapshot.data["epoch"]) + 1)
  const items = changes.data["changes"] as { weight: number; row: { signups: string } }[]
  assert.deepEqual(
    items.map(({ weight, row }) => [weight, row.signups]),
    [
      [-1, "2"],
      [1, "3"],
    ],
  )
})

test("an empty view is a snapshot without rows", async () => {
  await using kit = await startTwinServer()
  using reader = await read(kit.url, CHANGES)
  const { data } = await reader.next()
  assert.deepEqual([data["rows"], data["last"]], [[], true])
})

test("Last-Event-ID resumes, also after a restart of the server, as a header or in the query", async () => {
  const twin = makeTwin()
  let id: string | undefined
  {
    await using kit = await startTwinServer({ twin })
    await post(kit.url, EVENTS, signup("a"))
    using reader = await read(kit.url, CHANGES)
    id = (await reader.next()).id
    await kit.server.close()
    await reader.ended
  }
  await using kit = await startTwinServer({ twin })
  await post(kit.url, EVENTS, signup("b"))
  using byHeader = await read(kit.url, CHANGES, { "last-event-id": String(id) })
  using byQuery = await read(kit.url, `${CHANGES}?last_event_id=${id}`)
  for (const reader of [byHeader, byQuery]) {
    const update = await reader.next()
    assert.equal(update.name, "changes")
    assert.equal((update.data["changes"] as unknown[]).length, 2)
  }
})

test("a token of another log, of another plan, too old or made up begins with a snapshot", async () => {
  const twin = makeTwin()
  await using kit = await startTwinServer({ twin })
  await post(kit.url, EVENTS, signup("a"))
  using first = await read(kit.url, CHANGES)
  const id = String((await first.next()).id)
  const [kind, log, plan, epoch] = id.split(".")
  for (let n = 0; n < 25; n++) await post(kit.url, EVENTS, signup(`n${n}`))
  const tokens = [
    id,
    `${kind}.ffff.${plan}.${twin.epoch}`,
    `${kind}.${log}.ffff.${twin.epoch}`,
    `${kind}.${log}.${plan}.999999`,
    `${kind}.${log}.${plan}.-1`,
    `${epoch}`,
    "made up",
    "..........",
  ]
  for (const token of tokens) {
    using reader = await read(kit.url, CHANGES, { "last-event-id": token })
    assert.equal((await reader.next()).name, "snapshot", token)
  }
})

test("a large snapshot comes in pieces and only the last one has an id", async () => {
  await using kit = await startTwinServer()
  const rows = Array.from({ length: 2_500 }, (_, n) => signup(`${n}`, { plan: `plan-${n}` }))
  await post(kit.url, EVENTS, rows)
  using reader = await read(kit.url, CHANGES)
  const pieces = [await reader.next(), await reader.next(), await reader.next()]
  assert.deepEqual(
    pieces.map((piece) => [rowsOf(piece.data).length, piece.data["last"], piece.id !== undefined]),
    [
      [1_000, false, false],
      [1_000, false, false],
      [500, true, true],
    ],
  )
})

test("a reader that goes away lets go of its subscription", async () => {
  await using kit = await startTwinServer()
  const reader = await read(kit.url, CHANGES)
  await reader.next()
  assert.equal(kit.twin.openSubscriptions, 1)
  reader[Symbol.dispose]()
  await until(() => kit.twin.openSubscriptions === 0)
})

test("a slow reader is sent a fresh snapshot instead of what piled up", async () => {
  await using kit = await startTwinServer()
  const plans = Array.from({ length: 300 }, (_, n) => `${n}-${"x".repeat(8_000)}`)
  const { port, hostname } = new URL(kit.url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.write(`GET ${CHANGES} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await until(() => kit.twin.openSubscriptions === 1)
  const before = process.memoryUsage().arrayBuffers
  for (let round = 0; round < ROUNDS; round++) {
    const rows = plans.map((plan, n) => signup(`${round}-${n}`, { plan }))
    await post(kit.url, EVENTS, rows)
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 200 * 2 ** 20, "what was sent is not kept for it")
  let text = ""
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1")
  })
  socket.resume()
  const lastCount = `"signups":"${ROUNDS}"`
  await until(() => text.includes(lastCount) && text.endsWith("\n\n\r\n"))
  const sent = [...text.matchAll(/event: (\w+)/g)].map((match) => match[1])
  assert.ok(sent.filter((name) => name === "changes").length < ROUNDS, "epochs were skipped")
  assert.ok(sent.slice(1).includes("snapshot"), "a second snapshot was sent")
  socket.destroy()
})

test("the number of streams is bounded, and one that ends makes room", async () => {
  await using kit = await startTwinServer({ limits: { streams: 2 } })
  const first = await read(kit.url, CHANGES)
  using _second = await read(kit.url, TAIL)
  for (const path of [CHANGES, TAIL]) {
    const refused = await call(kit.url, path)
    assert.equal(refused.status, 503)
    assert.equal(json(refused)["code"], "too-many-streams")
    assert.ok(refused.headers["retry-after"])
  }
  assert.equal(kit.twin.openSubscriptions, 1)
  first[Symbol.dispose]()
  await until(() => kit.twin.openSubscriptions === 0)
  using third = await read(kit.url, CHANGES)
  assert.equal((await third.next()).name, "snapshot")
})

test("a stream's parameters are checked before it begins", async () => {
  await using kit = await startTwinServer()
  for (const path of [`${CHANGES}?limit=5`, `${CHANGES}?numbers=x`, `${TAIL}?from=0`]) {
    assert.equal((await call(kit.url, path)).status, 400, path)
  }
  assert.equal((await call(kit.url, "/v1/events/nothing/tail")).status, 404)
  using reader = await read(kit.url, `${CHANGES}?numbers=json`)
  await reader.next()
  await post(kit.url, EVENTS, signup("a"))
  const { data } = await reader.next()
  assert.equal((data["changes"] as { row: { signups: unknown } }[])[0]?.row.signups, 1)
})

test("a tail shows what was sent, and resumes", async () => {
  await using kit = await startTwinServer()
  await post(kit.url, EVENTS, signup("before"))
  const reader = await read(kit.url, TAIL)
  await post(kit.url, EVENTS, [signup("a"), signup("b")])
  const { name, id, data } = await reader.next()
  const records = data["records"] as { offset: number; value: { event_id: string } }[]
  assert.equal(name, "records")
  assert.deepEqual(
    records.map((record) => [record.offset, record.value.event_id]),
    [
      [1, "a"],
      [2, "b"],
    ],
  )
  reader[Symbol.dispose]()
  await post(kit.url, EVENTS, signup("c"))
  using resumed = await read(kit.url, TAIL, { "last-event-id": String(id) })
  const [next] = (await resumed.next()).data["records"] as { value: { event_id: string } }[]
  assert.equal(next?.value.event_id, "c")
})

test("line breaks inside a record do not break the stream", async () => {
  await using kit = await startTwinServer()
  using reader = await read(kit.url, TAIL)
  const text = JSON.stringify(signup("a"), null, 2).replaceAll("\n", "\r\n")
  // The twin takes NDJSON rows as they stand; a carriage return is white space inside of one.
  await post(kit.url, EVENTS, text.replaceAll("\r\n", "\r"))
  const [record] = (await reader.next()).data["records"] as { value: { event_id: string } }[]
  assert.equal(record?.value.event_id, "a")
})

test("closing the server ends its streams", async () => {
  const kit = await startTwinServer()
  const reader = await read(kit.url, CHANGES)
  await reader.next()
  await kit.server.close()
  await reader.ended
  assert.equal(kit.twin.openSubscriptions, 0)
})

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 1_000 && !condition(); n++) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.ok(condition(), "it came to pass in time")
}
