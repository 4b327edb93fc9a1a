/** The store over TCP, as a server is reached: the host's interface behind a port that comes and goes. */
import assert from "node:assert/strict"
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
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
import { openTcpDoor, type TcpDoor } from "../kit/tcp-door.ts"
import { startFeedRun } from "./feed-run.ts"

let embedded: EmbeddedStore
let door: TcpDoor
let server: ServerClickHouse
const told: string[] = []

before(async () => {
  embedded = await openEmbeddedStore()
  door = await openTcpDoor(`${embedded.directory}/socket/http`)
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

test("a platform whose store is a server feeds it, also through connections that break", async () => {
  const { clickhouse } = embedded
  for (const database of ["events", "views", "_views"]) {
    await clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`)
  }
  const project = mkdtempSync(join(tmpdir(), "store-server-"))
  cpSync(new URL("./project/readings.ts", import.meta.url), join(project, "readings.ts"))
  const store = { url: door.url, user: "internal", reader: "reader" }
  writeFileSync(
    join(project, "millrace.config.ts"),
    `import { defineConfig } from "millrace"
export default defineConfig({ name: "readings", store: ${JSON.stringify(store)} })
`,
  )
  try {
    await using run = await startFeedRun(9, project)
    const breaks = async () => {
      for (let time = 0; time < 4; time++) {
        await wait(700)
        await door.close()
        await wait(200)
        await door.open()
        await run.platform.store!.clickhouse.version().catch(() => undefined)
      }
    }
    await run.postUntil(breaks())
    await run.compare()
    const status = run.platform.store!.status()
    assert.deepEqual([status.state, status.pid], ["ready", null])
    assert.ok(status.crashes > 0, "connections broke")
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
})
