import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { Ajv2020 } from "ajv/dist/2020.js"
import { z } from "zod"
import { call, json, post } from "../../../test/kit/twin-server.ts"
import { event } from "../../contracts/event.ts"
import { int32, timestamp } from "../../contracts/field-types.ts"
import { openInlineLog } from "../../log/embedded/inline-log.ts"
import { bindProject } from "../../plan/bind-project.ts"
import { view } from "../../plan/view.ts"
import { openLedger } from "../../quality/ledger/ledger.ts"
import { openRuntime } from "../../runners/embedded/open-runtime.ts"
import { EventTrail } from "../../runners/trail/event-trail.ts"
import { NodeClock } from "../../std/node/clock.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeScheduler } from "../../std/node/scheduler.ts"
import { SeededRandom } from "../../std/random.ts"
import { SCHEMAS } from "./openapi-schemas.ts"
import { startHttp } from "./server.ts"

const order = event("order", {
  schema: z.object({ id: z.string(), at: timestamp(), quantity: int32() }),
  id: "id",
  time: "at",
})
const large = view("large", { sql: `SELECT id, quantity FROM "order" WHERE 12 / quantity < 4` })

async function start(t: TestContext): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "millrace-record-"))
  const stack = new AsyncDisposableStack()
  t.after(async () => {
    await stack.disposeAsync()
    rmSync(directory, { recursive: true, force: true })
  })
  const parts = { clock: new NodeClock(), scheduler: new NodeScheduler(), disk: new NodeDisk() }
  const place = { random: new SeededRandom(1), directory: join(directory, "log") }
  const log = stack.use(openInlineLog({ ...parts, ...place }))
  const { plans, problems } = await bindProject({ events: [order], views: [large] })
  assert.deepEqual(problems, [])
  const ledger = await openLedger({ ...parts, log })
  const project = { ...parts, log, contracts: [order], plans }
  const runtime = stack.use(
    await openRuntime({
      ...{ ...project, outputs: [ledger.output], report: () => {} },
      checkpointDirectory: join(directory, "checkpoints"),
    }),
  )
  const trail = new EventTrail({ ...project, source: runtime, ledger: ledger.reader, admissions: null })
  const server = await startHttp({ ...parts, runtime, trail, port: 0, pageDirectory: null, version: "0" })
  stack.defer(() => server.close())
  return server.url
}

test("an event is followed over HTTP: its bytes, and what each view made of it", async (t) => {
  const url = await start(t)
  const rows = [4, 2, 0].map((quantity, n) => ({ id: `o-${n}`, at: "2026-01-01T00:00:00Z", quantity }))
  const { receipt } = json(await post(url, "/v1/events/order", rows))
  await call(url, `/v1/views/large/rows?after=${receipt}&timeout_ms=5000`)
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(SCHEMAS["EventRecord"]!)
  const told = []
  for (const offset of [0, 1, 2]) {
    const answer = json(await call(url, `/v1/events/order/records/0/${offset}`))
    assert.ok(fits(answer), JSON.stringify(fits.errors))
    assert.deepEqual(JSON.parse(String(answer["value"])), rows[offset])
    told.push((answer["views"] as { verdict: string; reason: string | null }[])[0])
  }
  const [applied, filtered, failed] = told
  assert.deepEqual(applied, { view: "large", verdict: "applied", reason: null })
  assert.equal(filtered?.verdict, "filtered")
  assert.deepEqual(failed, { view: "large", verdict: "failed", reason: "division-by-zero" })
})

test("a place that is none is refused, and what there is is said", async (t) => {
  const url = await start(t)
  const cases = [
    ["/v1/events/order/records/0/0", 404, "unknown-record"],
    ["/v1/events/order/records/9/0", 404, "unknown-record"],
    ["/v1/events/ordr/records/0/0", 404, "unknown-event"],
    ["/v1/events/order/records/x/0", 400, "bad-parameter"],
    ["/v1/events/order/records/0/-1", 400, "bad-parameter"],
    ["/v1/events/order/records/0/0?views=1", 400, "unknown-parameter"],
  ] as const
  for (const [path, status, code] of cases) {
    const answer = await call(url, path)
    assert.deepEqual([answer.status, json(answer)["code"]], [status, code], path)
  }
})
