import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { openInlineLog } from "../../log/embedded/inline-log.ts"
import type { Log } from "../../log/log.ts"
import { encodeHeaders, recordSetOf } from "../../log/stored-records.ts"
import { PlatformError } from "../../std/errors.ts"
import { NodeClock } from "../../std/node/clock.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeScheduler } from "../../std/node/scheduler.ts"
import { SeededRandom } from "../../std/random.ts"
import { letterKey, ReplayMarks } from "./replay-marks.ts"
import { type ReplayDoor, Replayer, type ReplayItem } from "./replayer.ts"

const TOPIC = { topic: "order", partitions: 1 }
const item = (id: string): ReplayItem => {
  return { key: letterKey(id), event: "order", ...TOPIC, bytes: Buffer.from(`{"id":"${id}"}`) }
}

class Machine {
  readonly clock = new NodeClock()
  readonly failures: unknown[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), "millrace-replays-"))

  constructor(t: TestContext) {
    t.after(() => rmSync(this.#directory, { recursive: true, force: true }))
  }

  /** A process that begins where the one before ended. */
  async start(dies: (sourcePosition: string) => "before" | "after" | null) {
    const parts = { clock: this.clock, scheduler: new NodeScheduler(), disk: new NodeDisk() }
    const log = openInlineLog({
      ...parts,
      random: new SeededRandom(2),
      directory: join(this.#directory, "log"),
    })
    await log.createTopic({ name: "order", partitions: 1 })
    const marks = await ReplayMarks.open(log)
    const onFailed = (error: unknown) => this.failures.push(error)
    const replayer = new Replayer({ ...parts, log, marks, door: doorTo(log, dies), onFailed })
    await replayer.recover(() => TOPIC)
    return { log, marks, replayer }
  }
}

/** A door that stands for one that dies with its process, before or after the row is in the log. */
function doorTo(log: Log, dies: (sourcePosition: string) => "before" | "after" | null): ReplayDoor {
  return {
    ingest: async ({ body, sourcePosition }) => {
      const death = dies(sourcePosition)
      if (death === "before")
        throw new PlatformError({ code: "log-failed", domain: "external", message: "dead" })
      const headers = encodeHeaders([
        { name: "millrace.source-position", value: Buffer.from(sourcePosition) },
      ])
      await log.append({ topic: "order", partition: 0, records: recordSetOf([{ value: body }], headers) })
      if (death === "after")
        throw new PlatformError({ code: "log-failed", domain: "external", message: "dead" })
      return { accepted: 1, duplicates: 0, rejected: [], receipt: "r" }
    },
  }
}

test("after a crash what was sent is marked with its place, and what was not is open", async (t) => {
  const machine = new Machine(t)
  const first = await machine.start((position) => {
    if (position.endsWith("letter/2")) return "before"
    return position.endsWith("letter/3") ? "after" : null
  })
  await first.replayer.begin([item("1"), item("2"), item("3")])
  await first.replayer.stop()
  assert.equal(first.marks.replay("r1")?.status, "failed")
  assert.deepEqual(
    ["1", "2", "3"].map((id) => first.marks.mark(letterKey(id))?.state),
    ["replayed", "sending", "sending"],
  )
  await first.log[Symbol.asyncDispose]()

  const second = await machine.start(() => null)
  const marks = ["1", "2", "3"].map((id) => second.marks.mark(letterKey(id)))
  assert.deepEqual(
    marks.map((mark) => [mark?.state, mark?.code ?? null, mark?.place?.offset ?? null]),
    [
      ["replayed", null, null],
      ["open", "interrupted", null],
      ["replayed", null, 1],
    ],
  )
  await second.replayer.begin([item("1"), item("2"), item("3")])
  await second.replayer.stop()
  assert.equal((await second.log.range("order", 0)).durableEnd, 3, "nothing was sent twice")
  assert.equal(second.marks.mark(letterKey("2"))?.replay, "r2")
  await second.log[Symbol.asyncDispose]()
})

test("a replay that runs when the process dies is called interrupted", async (t) => {
  const machine = new Machine(t)
  const never = new Promise<never>(() => {})
  const first = await machine.start(() => null)
  const stuck = new Replayer({
    ...{ log: first.log, marks: first.marks, clock: machine.clock, onFailed: () => {} },
    scheduler: { soon: () => {}, after: () => ({ cancel: () => {} }) },
    door: { ingest: () => never },
  })
  await stuck.begin([item("1")])
  await first.log[Symbol.asyncDispose]()
  const { marks, log } = await machine.start(() => null)
  assert.equal(marks.replay("r1")?.status, "interrupted")
  await log[Symbol.asyncDispose]()
})
