import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { z } from "zod"
import { type Answer, call, json, post, startTwinServer } from "../../../test/kit/twin-server.ts"
import { event } from "../../contracts/event.ts"
import { int32, timestamp } from "../../contracts/field-types.ts"
import { openInlineLog } from "../../log/embedded/inline-log.ts"
import { openLedger } from "../../quality/ledger/ledger.ts"
import { Quality } from "../../quality/quality.ts"
import { openRuntime } from "../../runners/embedded/open-runtime.ts"
import { NodeClock } from "../../std/node/clock.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeScheduler } from "../../std/node/scheduler.ts"
import { SeededRandom } from "../../std/random.ts"
import { startHttp } from "./server.ts"

const order = event("order", {
  schema: z.object({ id: z.string(), at: timestamp(), quantity: int32() }),
  id: "id",
  time: "at",
  onInvalid: "dead-letter",
})

async function start(t: TestContext): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "millrace-quality-"))
  const stack = new AsyncDisposableStack()
  t.after(async () => {
    await stack.disposeAsync()
    rmSync(directory, { recursive: true, force: true })
  })
  const parts = { clock: new NodeClock(), scheduler: new NodeScheduler(), disk: new NodeDisk() }
  const log = stack.use(
    openInlineLog({ ...parts, random: new SeededRandom(1), directory: join(directory, "log") }),
  )
  const ledger = await openLedger({ ...parts, log })
  const runtime = stack.use(
    await openRuntime({
      ...{ ...parts, log, contracts: [order], plans: [], outputs: [ledger.output], report: () => {} },
      checkpointDirectory: join(directory, "checkpoints"),
    }),
  )
  const door = { log, contracts: [order], ledger: ledger.reader, door: runtime }
  const onFailed = (error: unknown) => assert.fail(String(error))
  const quality = stack.use(await Quality.open({ ...parts, ...door, onFailed }))
  const server = await startHttp({ ...parts, runtime, quality, port: 0, pageDirectory: null, version: "0" })
  stack.defer(() => server.close())
  return server.url
}

const BAD = { id: "a", at: "2026-01-01T00:00:00Z", quantity: "many" }

async function done(url: string, begun: Answer): Promise<Record<string, unknown>> {
  for (;;) {
    const replay = json(await call(url, `/v1/replays/${json(begun)["id"]}`))
    if (replay["status"] !== "running") return replay
  }
}

test("a corrected letter is sent once: 202, then 409", async (t) => {
  const url = await start(t)
  const kept = json(await post(url, "/v1/events/order", [BAD]))
  assert.deepEqual([kept["accepted"], kept["dead_lettered"], kept["rejected_count"]], [0, 1, 0])
  const request = { dead_letters: [{ id: "0", value: { ...BAD, quantity: 3 } }] }
  const begun = await post(url, "/v1/replays", request)
  assert.equal(begun.status, 202)
  const replay = await done(url, begun)
  assert.deepEqual([replay["status"], replay["accepted"], replay["total"]], ["done", 1, 1])
  const again = await post(url, "/v1/replays", request)
  assert.equal(again.status, 409)
  assert.equal(json(again)["code"], "dead-letter-closed")
  assert.equal((await call(url, "/v1/dead-letters/0/discard", { method: "POST" })).status, 409)
  const list = json(await call(url, "/v1/dead-letters?state=replayed&event=order"))
  assert.deepEqual(list["counts"], { open: 0, replayed: 1, discarded: 0 })
  assert.equal((json(await call(url, "/v1/replays"))["replays"] as unknown[]).length, 1)
})

test("pages of letters go from the newest to the oldest, each once", async (t) => {
  const url = await start(t)
  await post(url, "/v1/events/order", Array(7).fill(BAD))
  const ids: string[] = []
  let cursor: unknown = null
  do {
    const query: string = cursor === null ? "" : `&cursor=${cursor}`
    const page = json(await call(url, `/v1/dead-letters?limit=3${query}`))
    ids.push(...(page["dead_letters"] as { id: string }[]).map(({ id }) => id))
    cursor = page["cursor"]
  } while (cursor !== null)
  assert.deepEqual(ids, ["6", "5", "4", "3", "2", "1", "0"])
})

test("a replay that names nothing, or something that is not there, is refused", async (t) => {
  const url = await start(t)
  const cases: [body: unknown, status: number, code: string][] = [
    [{}, 400, "malformed-request"],
    [{ event: "order" }, 400, "malformed-request"],
    [{ event: "order", all: true }, 400, "nothing-to-replay"],
    [{ event: "ordr", all: true }, 404, "unknown-event"],
    [{ dead_letters: [] }, 400, "nothing-to-replay"],
    [{ dead_letters: ["0"] }, 400, "malformed-request"],
    [{ dead_letters: [{ id: 0 }] }, 400, "bad-parameter"],
    [{ dead_letters: [{ id: "0", valeu: {} }] }, 400, "unknown-parameter"],
    [{ dead_letters: [{ id: "0", value: 1 }] }, 400, "bad-parameter"],
    [{ dead_letters: [{ id: "0" }] }, 404, "unknown-dead-letter"],
    [{ view: "nope", rows: [] }, 404, "unknown-view"],
    [{ verdict: "early", rows: [] }, 400, "bad-parameter"],
    [{ rows: [{ event: "order", partition: 1, offset: 0 }] }, 400, "bad-parameter"],
    [{ rows: [{ event: "order", partition: 0, offset: -1 }] }, 400, "bad-parameter"],
    [{ rows: [{ event: "order", partition: 0, offset: 0 }] }, 404, "row-gone"],
  ]
  for (const [body, status, code] of cases) {
    const answer = await post(url, "/v1/replays", body)
    assert.equal(answer.status, status, JSON.stringify(body))
    assert.equal(json(answer)["code"], code, JSON.stringify(body))
  }
  for (const path of [
    "/v1/dead-letters?state=gone",
    "/v1/dead-letters?cursor=x",
    "/v1/dead-letters?limit=0",
  ]) {
    assert.equal((await call(url, path)).status, 400, path)
  }
  assert.equal(json(await call(url, "/v1/dead-letters/9"))["code"], "unknown-dead-letter")
  assert.equal(json(await call(url, "/v1/replays/r9"))["code"], "unknown-replay")
})

test("without a ledger its routes say so", async () => {
  await using kit = await startTwinServer()
  for (const path of ["/v1/dead-letters", "/v1/replays", "/v1/views/signups_per_plan_and_day/late"]) {
    const answer = await call(kit.url, path)
    assert.equal(answer.status, 503, path)
    assert.equal(json(answer)["code"], "not-ready")
  }
})
