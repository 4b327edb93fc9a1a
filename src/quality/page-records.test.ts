import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { openInlineLog } from "../log/embedded/inline-log.ts"
import type { Log } from "../log/log.ts"
import { recordSetOf } from "../log/stored-records.ts"
import { NodeClock } from "../std/node/clock.ts"
import { NodeDisk } from "../std/node/disk.ts"
import { NodeScheduler } from "../std/node/scheduler.ts"
import { SeededRandom } from "../std/random.ts"
import { pageRecords } from "./page-records.ts"

const BATCHES = 4
const ROWS = 1_000

/** Four batches of a thousand rows "0", "1", …, and how often the log was read. */
async function filled(t: TestContext): Promise<{ log: Log; reads: () => number }> {
  const directory = mkdtempSync(join(tmpdir(), "millrace-page-"))
  const parts = { clock: new NodeClock(), scheduler: new NodeScheduler(), disk: new NodeDisk() }
  const log = openInlineLog({ ...parts, random: new SeededRandom(1), directory: join(directory, "log") })
  t.after(async () => {
    await log[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })
  await log.createTopic({ name: "order", partitions: 1 })
  for (let batch = 0; batch < BATCHES; batch++) {
    const values = Array.from({ length: ROWS }, (_, row) => ({
      value: Buffer.from(String(batch * ROWS + row)),
    }))
    await log.append({ topic: "order", partition: 0, records: recordSetOf(values) })
  }
  let reads = 0
  const read: Log["read"] = (request) => {
    reads++
    return log.read(request)
  }
  const counting = new Proxy(log, {
    get: (own, name) => {
      const value: unknown = name === "read" ? read : Reflect.get(own, name)
      return typeof value === "function" ? value.bind(own) : value
    },
  })
  return { log: counting, reads: () => reads }
}

const place = (offset: number) => ({ topic: "order", partition: 0, offset })
const textsOf = (records: Awaited<ReturnType<typeof pageRecords>>) =>
  records.map((record) => (record === null ? null : Buffer.from(record.value!).toString()))

test("a batch is read once for all of a page's rows that it has, in whatever order", async (t) => {
  const { log, reads } = await filled(t)
  const offsets = Array.from({ length: 300 }, (_, row) => (row * 7) % 2_000)
  assert.deepEqual(textsOf(await pageRecords(log, offsets.map(place))), offsets.map(String))
  assert.equal(reads(), 2)
})

test("a page that would read too much ends early, and has one row at least", async (t) => {
  const { log, reads } = await filled(t)
  const rows = [3_500, 3_400, 2_500, 1_500, 500].map(place)
  assert.deepEqual(textsOf(await pageRecords(log, rows, 1)), ["3500", "3400"])
  assert.equal(reads(), 1)
  const { batches } = await log.read({ ...place(0), maxBytes: 1 })
  assert.deepEqual(textsOf(await pageRecords(log, rows, 1.5 * batches.length)), ["3500", "3400", "2500"])
})

test("a row that the log does not have is null, and the others are found", async (t) => {
  const { log } = await filled(t)
  assert.deepEqual(textsOf(await pageRecords(log, [1, 9_999, 2].map(place))), ["1", null, "2"])
})
