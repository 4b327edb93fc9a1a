/** The store over TCP, as a server is reached: the host's interface behind a port that comes and goes. */
import assert from "node:assert/strict"
import { connect, createServer, type Socket } from "node:net"
import { after, before, test } from "node:test"
import { setTimeout as wait } from "node:timers/promises"
import { isPlatformError } from "../../src/std/errors.ts"
import { NodeClock } from "../../src/std/node/clock.ts"
import { HttpTransport } from "../../src/std/node/http-transport.ts"
import { NodeRandom } from "../../src/std/node/random.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"
import { ClickHouseStore } from "../../src/stores/hot/clickhouse-store.ts"
import { ServerClickHouse } from "../../src/stores/hot/server-clickhouse.ts"
import { storeConformance } from "../conformance/store.ts"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"

let embedded: EmbeddedStore
let door: { readonly url: string; open(): Promise<void>; close(): Promise<void> }
let server: ServerClickHouse
const told: string[] = []

before(async () => {
  embedded = await openEmbeddedStore()
  door = await tcpDoor(`${embedded.directory}/socket/http`)
  server = open(door.url)
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await door.close()
  await embedded[Symbol.asyncDispose]()
})

function open(url: string): ServerClickHouse {
  return new ServerClickHouse({
    transport: new HttpTransport({ kind: "url", url }),
    users: { internal: { name: "internal", password: "" }, reader: { name: "reader", password: "" } },
    ...{ clock: new NodeClock(), scheduler: new NodeScheduler(), random: new NodeRandom() },
    report: (message) => told.push(message),
  })
}

/** A port in front of a Unix socket. */
async function tcpDoor(socketPath: string) {
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    const inside = connect(socketPath)
    for (const end of [socket, inside]) {
      sockets.add(end)
      end.on("error", () => undefined).on("close", () => sockets.delete(end))
    }
    socket.pipe(inside).pipe(socket)
  })
  const listen = (port: number) => new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve))
  await listen(0)
  const { port } = listener.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    open: () => listen(port),
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

storeConformance("server", async () => {
  await server.whenReady()
  return { clickhouse: server, open: (logId) => new ClickHouseStore({ clickhouse: server, logId }) }
})

test("a server that goes away is told of once, and is used again when it is back", async () => {
  await server.whenReady()
  const { crashes } = server.status
  told.length = 0
  await door.close()
  const away = (error: unknown) => isPlatformError(error, "store-unavailable")
  for (let call = 0; call < 3; call++) await assert.rejects(server.version(), away)
  assert.deepEqual([server.status.state, server.status.crashes], ["restarting", crashes + 1])
  assert.equal(told.length, 1)
  assert.match(told[0]!, /^The store pauses: .*127\.0\.0\.1/)
  await door.open()
  await server.whenReady()
  assert.deepEqual(await queryRows(server, "SELECT 1 AS one"), [{ one: 1 }])
})

test("a server that does not answer at first is waited for, until one lets go", async () => {
  await door.close()
  const other = open(door.url)
  const ready = assert.rejects(other.whenReady(), /it is stopped/)
  await wait(100)
  assert.equal(other.status.state, "starting")
  await other[Symbol.asyncDispose]()
  await ready
  await door.open()
})
