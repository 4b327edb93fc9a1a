import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { openInlineLog } from "../../log/embedded/inline-log.ts"
import type { Log } from "../../log/log.ts"
import { encodeHeaders, readSpan, recordSetOf } from "../../log/stored-records.ts"
import { PlatformError } from "../../std/errors.ts"
import { NodeClock } from "../../std/node/clock.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeScheduler } from "../../std/node/scheduler.ts"
import { SeededRandom } from "../../std/random.ts"
import type { ReplayItem } from "./replay-items.ts"
import { letterKey, ReplayMarks } from "./replay-marks.ts"
import { type ReplayDoor, Replayer } from "./replayer.ts"

const TOPIC = { topic: "order", partitions: 1 }
/** Even ones are sent as they were, odd ones corrected. */
const item = (id: string): ReplayItem => {
  return { key: letterKey(id), event: "order", corrected: Number(id) % 2 === 0 ? null : bytesOf(id) }
}
const bytesOf = (id: string) => Buffer.from(`{"id":"${id}"}`)
const dead = () => new PlatformError({ code: "log-failed", domain: "external", message: "dead" })

type Dies = (sourcePosition: string) => "before" | "after" | null

class Machine {
  readonly clock = new NodeClock()
  readonly failures: unknown[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), "millrace-replays-"))

  constructor(t: TestContext) {
    t.after(() => rmSync(this.#directory, { recursive: true, force: true }))
  }

  /** A process that begins where the one before ended. */
  async start(dies: Dies = () => null, steps = new Steps(Number.POSITIVE_INFINITY, "before")) {
    const parts = { clock: this.clock, scheduler: new NodeScheduler(), disk: new NodeDisk() }
    const directory = join(this.#directory, "log")
    const log = openInlineLog({ ...parts, random: new SeededRandom(2), directory })
    await log.createTopic({ name: "order", partitions: 1 })
    const mortal = steps.around(log)
    const marks = await ReplayMarks.open(mortal)
    const onFailed = (error: unknown) => this.failures.push(error)
    const originalOf = async (key: string) => bytesOf(key.slice("letter/".length))
    const replayer = new Replayer({
      ...{ ...parts, log: mortal, marks, door: doorTo(mortal, dies), onFailed },
      ...{ topicOf: () => TOPIC, originalOf },
    })
    return { log, marks, replayer }
  }
}

/** A process that dies at its n-th append, before or after that is durable, and never hears of it. */
class Steps {
  readonly #last: number
  readonly #dies: "before" | "after"
  taken = 0

  constructor(last: number, dies: "before" | "after") {
    this.#last = last
    this.#dies = dies
  }

  get isDead(): boolean {
    return this.taken >= this.#last
  }

  around(log: Log): Log {
    const append: Log["append"] = async (request) => {
      const isLast = ++this.taken >= this.#last
      if (this.taken > this.#last || (isLast && this.#dies === "before")) throw dead()
      const result = await log.append(request)
      if (isLast) throw dead()
      return result
    }
    return new Proxy(log, {
      get(own, name) {
        const value: unknown = name === "append" ? append : Reflect.get(own, name)
        return typeof value === "function" ? value.bind(own) : value
      },
    })
  }
}

/** A door that may die with its process, before or after the row is in the log. */
function doorTo(log: Log, dies: Dies): ReplayDoor {
  return {
    ingest: async ({ body, sourcePosition }) => {
      const death = dies(sourcePosition)
      if (death === "before") throw dead()
      const headers = encodeHeaders([
        { name: "millrace.source-position", value: Buffer.from(sourcePosition) },
      ])
      await log.append({ topic: "order", partition: 0, records: recordSetOf([{ value: body }], headers) })
      if (death === "after") throw dead()
      return { accepted: 1, duplicates: 0, rejected: [], receipt: "r" }
    },
  }
}

async function sentRows(log: Log): Promise<readonly string[]> {
  const { durableEnd } = await log.range("order", 0)
  const rows: string[] = []
  const span = { topic: "order", partition: 0, from: 0, until: durableEnd }
  for await (const { value } of readSpan(log, span, { readBytes: 1 << 20 })) {
    rows.push(Buffer.from(value!).toString())
  }
  return rows.sort()
}

test("after a failure what was sent is marked with its place, and what was not is open", async (t) => {
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

  const second = await machine.start()
  await second.replayer.recover()
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

test("a replay goes on after a death at any of its steps, and each row is sent once", async (t) => {
  const items = Array.from({ length: 250 }, (_, id) => item(String(id)))
  const rows = items.map((_, id) => `{"id":"${id}"}`).sort()
  let resumed = 0
  for (const dies of ["before", "after"] as const) {
    // Two chunks of items, the replay, a chunk's marks, 200 rows, their marks, the other chunk alike, the
    // end.
    for (const last of [1, 2, 3, 4, 5, 100, 204, 205, 206, 207, 257, 258]) {
      const machine = new Machine(t)
      const steps = new Steps(last, dies)
      const first = await machine.start(() => null, steps)
      const begun = await first.replayer.begin(items).catch(() => null)
      await first.replayer.idle()
      assert.ok(steps.isDead, `it came to step ${last}`)
      await first.log[Symbol.asyncDispose]()

      // This one dies in its own recovery or soon behind it, and the third one ends it.
      const second = await machine.start(() => null, new Steps(2, dies))
      await second.replayer.recover().catch(() => {})
      await second.replayer.idle()
      await second.log[Symbol.asyncDispose]()
      const third = await machine.start()
      await third.replayer.recover()
      await third.replayer.idle()
      const replay = third.marks.replay("r1")
      const where = `${dies} step ${last}`
      if (begun !== null) assert.ok(replay !== null, `what was answered is there: ${where}`)
      const isThere = replay !== null
      assert.deepEqual(await sentRows(third.log), isThere ? rows : [], where)
      assert.deepEqual(third.marks.replaysWithItems(), [], where)
      if (isThere) {
        assert.deepEqual([replay.status, replay.accepted, replay.rejected], ["done", 250, 0], where)
        resumed++
      }
      await third.log[Symbol.asyncDispose]()
    }
  }
  assert.equal(resumed, 19, "of those of which it was written down that they are")
})

test("a replay whose rows are gone says so for each, and the others are sent", async (t) => {
  const machine = new Machine(t)
  const { log, marks } = await machine.start()
  const parts = { log, marks, clock: machine.clock, scheduler: new NodeScheduler() }
  const replayer = new Replayer({
    ...{ ...parts, door: doorTo(log, () => null), onFailed: (error) => assert.fail(String(error)) },
    topicOf: (event) => (event === "order" ? TOPIC : null),
    originalOf: async () => null,
  })
  await replayer.begin([item("1"), item("2"), { ...item("3"), event: "former" }])
  await replayer.idle()
  const { status, accepted, rejected } = marks.replay("r1")!
  assert.deepEqual([status, accepted, rejected], ["done", 1, 2])
  assert.deepEqual(
    ["1", "2", "3"].map((id) => marks.mark(letterKey(id))?.code),
    [null, "row-gone", "row-gone"],
  )
  await log[Symbol.asyncDispose]()
})
