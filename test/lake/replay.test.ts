import assert from "node:assert/strict"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { z } from "zod"
import type { EventContract } from "../../src/contracts/contract.ts"
import { event, timestamp, view } from "../../src/index.ts"
import { openInlineLog } from "../../src/log/embedded/inline-log.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import { type OpenedLake, openLake } from "../../src/runners/archiver/open-lake.ts"
import type { EmbeddedRuntime } from "../../src/runners/embedded/embedded-runtime.ts"
import { openRuntime } from "../../src/runners/embedded/open-runtime.ts"
import { sleep } from "../../src/std/clock.ts"
import { NodeClock } from "../../src/std/node/clock.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { NodeRandom } from "../../src/std/node/random.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"

const click = event("click", {
  schema: z.object({ id: z.string(), at: timestamp(), page: z.string() }),
  id: "id",
  time: "at",
  // Remembered ids hold the log as well, until they are on disk.
  dedup: null,
  retention: { bytes: 4096 },
}) as unknown as EventContract
const PER_PAGE = "SELECT page, count(*) AS n FROM click GROUP BY page"
const BUSY = "SELECT page, count(*) AS n, min(id) AS first_id FROM click GROUP BY page"

interface Life extends AsyncDisposable {
  readonly runtime: EmbeddedRuntime
  readonly lake: OpenedLake
  begin(): Promise<number>
}

/** A platform on the folder, with one view. */
async function live(directory: string, name: string, sql: string): Promise<Life> {
  const [disk, clock, scheduler, random] = [
    new NodeDisk(),
    new NodeClock(),
    new NodeScheduler(),
    new NodeRandom(),
  ]
  const stack = new AsyncDisposableStack()
  const limits = { segmentBytes: 4096, preallocateBytes: 4096, maintenanceMs: 20 }
  const parts = { disk, clock, scheduler, random, report: () => {} }
  const log = stack.use(openInlineLog({ ...parts, directory: `${directory}/log`, limits }))
  const lake = stack.use(
    await openLake({ ...parts, log, directory: `${directory}/lake`, contracts: [click] }),
  )
  const { plans, problems } = await bindProject({
    events: [click],
    views: [view(name, { sql, state: "unbounded" })],
    locations: new Map(),
  } as never)
  assert.deepEqual(problems, [])
  const runtime = stack.use(
    await openRuntime({
      ...parts,
      ...{ log: lake.history, contracts: [click], plans },
      checkpointDirectory: `${directory}/checkpoints`,
      checkpointIntervalMs: 20,
    }),
  )
  await lake.archiver.start()
  const begin = async () => (await log.range("click", 0)).begin
  return { runtime, lake, begin, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function post(runtime: EmbeddedRuntime, from: number, to: number): Promise<void> {
  const lines = Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    return JSON.stringify({
      id: `c${String(n).padStart(4, "0")}`,
      at: "2026-11-27T12:00:00Z",
      page: `/${n % 3}`,
    })
  })
  const body = Buffer.from(lines.join("\n"))
  await runtime.ingest({ event: "click", body, framing: "ndjson" } as never)
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const scheduler = new NodeScheduler()
  for (let tries = 0; tries < 500; tries++) {
    if (await what()) return
    await sleep(scheduler, 20)
  }
  assert.fail("it did not come to pass")
}

const processed = ({ runtime }: Life) => runtime.views()[0]!.pendingEvents === 0

test("a new view is rebuilt from the first event, although the log deleted it", async () => {
  const directory = await mkdtemp(join(tmpdir(), "replay-"))
  let posted = 300
  try {
    {
      await using life = await live(directory, "per_page", PER_PAGE)
      for (let n = 0; n < 300; n += 30) await post(life.runtime, n, n + 30)
      await until(() => processed(life))
      await life.lake.archiver.archiveNow()
      // Checkpoints let the log go on, and come with epochs.
      await until(async () => {
        await post(life.runtime, posted, posted + 3)
        posted += 3
        return (await life.begin()) > 100
      })
    }
    await using life = await live(directory, "busy", BUSY)
    await until(() => processed(life))
    assert.ok((await life.begin()) > 100, "the log itself has no more than its end")
    const counts = ["/0", "/1", "/2"].map((page) => life.runtime.lookup("busy", [page]))
    assert.deepEqual(counts, [
      ["/0", BigInt(posted / 3), "c0000"],
      ["/1", BigInt(posted / 3), "c0001"],
      ["/2", BigInt(posted / 3), "c0002"],
    ])
    const tail = life.runtime.tail("click", new Map([[0, posted - 5]]))
    assert.equal((await tail.next())?.length, 5)
    tail[Symbol.dispose]()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
