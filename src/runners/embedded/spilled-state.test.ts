import assert from "node:assert/strict"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { z } from "zod"
import { event } from "../../contracts/event.ts"
import { int32, timestamp } from "../../contracts/field-types.ts"
import { openInlineLog } from "../../log/embedded/inline-log.ts"
import { bindProject } from "../../plan/bind-project.ts"
import { view } from "../../plan/view.ts"
import type { Disk, DiskFile } from "../../std/disk.ts"
import { diskFull } from "../../std/disk-errors.ts"
import { isPlatformError } from "../../std/errors.ts"
import { NodeClock } from "../../std/node/clock.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeScheduler } from "../../std/node/scheduler.ts"
import { SeededRandom } from "../../std/random.ts"
import { openRuntime } from "./open-runtime.ts"

const note = event("note", {
  schema: z.object({ id: int32(), at: timestamp(), text: z.string() }),
  id: "id",
  time: "at",
  key: "id",
  partitions: 1,
})
const newest = view("newest", {
  sql: "SELECT id, count(*) AS notes, max(text) AS last FROM note GROUP BY id",
  state: "unbounded",
})
const LIMIT = 4 << 20
const KEYS = 6_000
const POSTED_ROWS = 300

async function start(directory: string, disk: Disk = new NodeDisk()) {
  const { plans, problems } = await bindProject({ events: [note], views: [newest] })
  assert.deepEqual(problems, [])
  const parts = { clock: new NodeClock(), scheduler: new NodeScheduler(), disk }
  const random = new SeededRandom(3)
  const log = openInlineLog({ ...parts, random, directory: join(directory, "log") })
  const reports: string[] = []
  const runtime = await openRuntime({
    ...{ ...parts, log, contracts: [note], plans, report: (message) => void reports.push(message) },
    checkpointDirectory: join(directory, "checkpoints"),
    checkpointIntervalMs: 200,
    stateMemoryBytes: LIMIT,
  }).catch(async (error: unknown) => {
    await log[Symbol.asyncDispose]()
    throw error
  })
  const metric = (name: string) => runtime.metrics().find((sample) => sample.name === name)!.value
  const post = async (ids: readonly number[], text: string) => {
    const lines = ids.map((id) => {
      return JSON.stringify({ id, at: "2026-01-01T00:00:00Z", text: `${text} ${"x".repeat(1_500)} ${id}` })
    })
    return runtime.ingest({ event: "note", body: Buffer.from(lines.join("\n")), framing: "ndjson" })
  }
  const stop = async () => {
    await runtime[Symbol.asyncDispose]()
    await log[Symbol.asyncDispose]()
  }
  return { runtime, metric, post, stop, reports }
}

/** Has no room for state that leaves memory. */
class CrowdedDisk extends NodeDisk {
  override open(path: string, options?: { create?: boolean; readOnly?: boolean }): DiskFile {
    if (path.endsWith(".spill")) throw diskFull(path)
    return super.open(path, options)
  }
}

type Platform = Awaited<ReturnType<typeof start>>

async function fill({ post, runtime }: Platform): Promise<void> {
  for (let from = 0; from < KEYS; from += POSTED_ROWS) {
    const ids = Array.from({ length: POSTED_ROWS }, (_, k) => from + k)
    const { receipt } = await post(ids, "a")
    await runtime.awaitReceipt("newest", receipt!, 60_000)
  }
}

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "millrace-spilled-"))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test("state of many times its memory is in a file, right, and there again after a restart", async (t) => {
  const directory = folder(t)
  const spill = join(directory, "spill")
  const files = () => (existsSync(spill) ? readdirSync(spill) : [])
  mkdirSync(spill)
  writeFileSync(join(spill, "state-9.spill"), "of an earlier process")
  const first = await start(directory)
  assert.deepEqual(files(), [], "what an earlier process left is gone")
  await fill(first)
  const spilled = first.metric("millrace_engine_spilled_bytes")
  const inMemory = first.metric("millrace_engine_state_bytes") - spilled
  assert.ok(spilled > 3 * LIMIT && inMemory <= LIMIT, `${spilled} bytes are out, ${inMemory} are not`)
  assert.equal(files().length, 1)
  await first.stop()
  assert.deepEqual(files(), [], "the file goes with the process")
  assert.deepEqual(first.reports, [])

  const second = await start(directory)
  assert.deepEqual(second.reports, [], "nothing is run again: the checkpoint was restored")
  assert.ok(second.metric("millrace_engine_spilled_bytes") > 3 * LIMIT)
  const { receipt } = await second.post([0, 77, KEYS - 1], "b")
  await second.runtime.awaitReceipt("newest", receipt!, 60_000)
  for (const [id, notes, text] of [
    [0, 2n, "b"],
    [77, 2n, "b"],
    [78, 1n, "a"],
    [KEYS - 1, 2n, "b"],
  ] as const) {
    const row = second.runtime.lookup("newest", [id])
    assert.deepEqual(row, [id, notes, `${text} ${"x".repeat(1_500)} ${id}`])
  }
  assert.ok(second.metric("millrace_engine_spill_faults_total") > 0)
  await second.stop()
})

test("a start that has no room for the state leaves the checkpoint as it is", async (t) => {
  const directory = folder(t)
  const first = await start(directory)
  await fill(first)
  await first.stop()
  await assert.rejects(
    async () => start(directory, new CrowdedDisk()),
    (error) => isPlatformError(error, "spill-failed"),
  )
  const second = await start(directory)
  assert.deepEqual(second.reports, [], "nothing is built again")
  assert.equal(second.runtime.lookup("newest", [KEYS - 1])?.[1], 1n)
  await second.stop()
})
