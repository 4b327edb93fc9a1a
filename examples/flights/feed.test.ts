/** The feeder against a small server that counts, is too busy, fails and comes back. */
import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { flightsInOrder } from "./departures.ts"
import { type FeedOptions, feedFlights } from "./feed.ts"

const RANGE = { from: "2001-01-01", until: "2001-01-02" }
const FLIGHTS = 14_828

interface Taken {
  readonly ids: number[]
  readonly statuses: number[]
}

/** Answers its n-th post with `statuses[n]`, 200 behind the end; 0 cuts the connection. */
async function serve(
  statuses: readonly number[],
  use: (url: string, taken: Taken) => Promise<void>,
): Promise<void> {
  const taken: Taken = { ids: [], statuses: [] }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const status = statuses[taken.statuses.length] ?? 200
    taken.statuses.push(status)
    if (status === 0) return void request.socket.destroy()
    if (status !== 200) {
      return void response.writeHead(status, { "retry-after": "0" }).end('{"detail":"not now"}')
    }
    const rows = Buffer.concat(chunks).toString("utf8").trimEnd().split("\n")
    taken.ids.push(...rows.map((row) => (JSON.parse(row) as { flight_id: number }).flight_id))
    response.end(JSON.stringify({ accepted: rows.length, duplicates: 0, rejected_count: 0 }))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, taken)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const full = (url: string): FeedOptions => ({ url, range: RANGE, pace: { kind: "full" } })

async function idsInOrder(): Promise<readonly number[]> {
  const ids: number[] = []
  for await (const flight of flightsInOrder(RANGE)) ids.push(flight.flight_id)
  return ids
}

test("every flight is posted once and in order, whatever goes wrong on the way", async () => {
  await serve([429, 200, 0, 503], async (url, taken) => {
    const fed = await feedFlights(full(url))
    assert.deepEqual(taken.ids, await idsInOrder())
    assert.equal(fed.position, FLIGHTS)
    assert.equal(fed.accepted, FLIGHTS)
    assert.deepEqual(taken.statuses.slice(0, 5), [429, 200, 0, 503, 200])
  })
})

test("it goes on behind the flights that it is told to skip", async () => {
  await serve([], async (url, taken) => {
    const fed = await feedFlights({ ...full(url), skip: 12_345 })
    assert.deepEqual(taken.ids, (await idsInOrder()).slice(12_345))
    assert.equal(fed.position, FLIGHTS)
    assert.equal(fed.accepted, FLIGHTS - 12_345)
  })
})

test("a refused post ends the feed with the platform's own words", async () => {
  await serve([404], async (url) => {
    await assert.rejects(feedFlights(full(url)), /HTTP 404: .*not now/)
  })
})

test("a rate is kept, and a stop is obeyed between two posts", async () => {
  await serve([], async (url, taken) => {
    const stop = new AbortController()
    const fed = await feedFlights({
      ...full(url),
      pace: { kind: "rate", eventsPerSecond: 2_000 },
      signal: stop.signal,
      onProgress: ({ position }) => position >= 400 && stop.abort(),
    })
    assert.ok(fed.position >= 400 && fed.position < FLIGHTS)
    assert.equal(taken.ids.length, fed.position)
  })
})
