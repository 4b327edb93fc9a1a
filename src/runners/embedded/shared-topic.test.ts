import assert from "node:assert/strict"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { z } from "zod"
import { event } from "../../contracts/event.ts"
import { int32, timestamp } from "../../contracts/field-types.ts"
import { openInlineLog } from "../../log/embedded/inline-log.ts"
import { NodeClock } from "../../std/node/clock.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeScheduler } from "../../std/node/scheduler.ts"
import { SeededRandom } from "../../std/random.ts"
import { openRuntime } from "./open-runtime.ts"

const [opened, closed, moved] = ["opened", "closed", "moved"].map((name) =>
  event(name, {
    schema: z.object({ id: z.string(), at: timestamp(), n: int32() }),
    id: "id",
    time: "at",
    topic: "account",
    partitions: 2,
    key: "id",
  }),
)
const BEFORE = [opened!, closed!]

class Machine {
  directory = mkdtempSync(join(tmpdir(), "millrace-shared-"))
  #sent = 0

  constructor(t: TestContext) {
    t.after(() => rmSync(this.directory, { recursive: true, force: true }))
  }

  async start(contracts = BEFORE) {
    const parts = { clock: new NodeClock(), scheduler: new NodeScheduler(), disk: new NodeDisk() }
    const random = new SeededRandom(3)
    const log = openInlineLog({ ...parts, random, directory: join(this.directory, "log") })
    const runtime = await openRuntime({
      ...{ ...parts, log, contracts, plans: [], report: () => {} },
      checkpointDirectory: join(this.directory, "checkpoints"),
      checkpointIntervalMs: 1e9,
    })
    const books = () =>
      runtime.events().map(({ contract, received, accepted, rejected, imbalance }) => {
        assert.equal(imbalance, 0)
        return [contract.name, received, accepted, rejected]
      })
    const stop = async () => {
      await runtime[Symbol.asyncDispose]()
      await log[Symbol.asyncDispose]()
    }
    const post = async (name: string, rows: number) => {
      const lines = Array.from({ length: rows }, () => {
        return `{"id":"${this.#sent++}","at":"2026-01-01T00:00:00Z","n":1}`
      })
      const body = Buffer.from([...lines, "{"].join("\n"))
      await runtime.ingest({ event: name, body, framing: "ndjson" })
    }
    return { books, stop, post }
  }

  /** What a process that is killed now leaves behind. */
  snapshot(): void {
    const copy = mkdtempSync(join(tmpdir(), "millrace-shared-"))
    cpSync(this.directory, copy, { recursive: true })
    this.directory = copy
  }
}

test("events that share a topic are counted exactly after a kill, checkpoint or not", async (t) => {
  const machine = new Machine(t)
  const first = await machine.start()
  await first.post("opened", 5)
  await first.post("closed", 3)
  await first.post("opened", 2)
  const alive = [
    ["opened", 9, 7, 2],
    ["closed", 4, 3, 1],
  ]
  assert.deepEqual(first.books(), alive)
  const { directory } = machine
  machine.snapshot()
  await first.stop()
  rmSync(directory, { recursive: true })

  // No checkpoint was written: what was refused is forgotten, what was taken is not.
  const second = await machine.start()
  assert.deepEqual(second.books(), [
    ["opened", 7, 7, 0],
    ["closed", 3, 3, 0],
  ])
  await second.post("closed", 4)
  // A clean stop writes a checkpoint.
  await second.stop()
  const third = await machine.start()
  assert.deepEqual(third.books(), [
    ["opened", 7, 7, 0],
    ["closed", 8, 7, 1],
  ])
  await third.post("opened", 10)
  await third.post("closed", 1)
  const before = machine.directory
  machine.snapshot()
  await third.stop()
  rmSync(before, { recursive: true })

  const fourth = await machine.start()
  assert.deepEqual(fourth.books(), [
    ["opened", 17, 17, 0],
    ["closed", 9, 8, 1],
  ])
  await fourth.stop()

  // Another version of the project takes every row again, and counts none twice.
  const fifth = await machine.start([...BEFORE, moved!])
  await fifth.post("moved", 6)
  await fifth.post("opened", 1)
  const last = machine.directory
  machine.snapshot()
  await fifth.stop()
  rmSync(last, { recursive: true })
  const sixth = await machine.start([...BEFORE, moved!])
  assert.deepEqual(sixth.books(), [
    ["opened", 18, 18, 0],
    ["closed", 9, 8, 1],
    ["moved", 6, 6, 0],
  ])
  await sixth.stop()
})
