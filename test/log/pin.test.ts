/** Files of a log under second names: what is copied of them opens as the log of that instant. */
import assert from "node:assert/strict"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { openThreadedLog } from "../../src/log/embedded/threaded-log.ts"
import type { Log, PinnedFile } from "../../src/log/log.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { keyed, values } from "../../src/testing/plain-records.ts"

const limits = {
  segmentBytes: 4096,
  compactSegmentBytes: 4096,
  preallocateBytes: 8192,
  batchBytes: 1024,
  maintenanceMs: 5,
}

function folder(t: { after(action: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), "millrace-pin-"))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function copy(files: readonly PinnedFile[], from: string, to: string): void {
  for (const { path, sizeBytes } of files) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    copyFileSync(join(from, path), join(to, path))
    truncateSync(join(to, path), sizeBytes)
  }
}

async function bytesOf(log: Log, topic: string, partition: number, end: number): Promise<string> {
  const { begin } = await log.range(topic, partition)
  const parts: Uint8Array[] = []
  for (let offset = begin; offset < end; ) {
    const { batches, nextOffset } = await log.read({ topic, partition, offset, maxBytes: 1 })
    parts.push(batches)
    offset = nextOffset
  }
  return Buffer.concat(parts).toString("hex")
}

test("a log pinned while it takes records opens as it was at one instant, and goes on", async (t) => {
  const directory = folder(t)
  await using log = await openThreadedLog({ directory: `${directory}/log`, limits })
  await log.createTopic({ name: "t", partitions: 2 })
  await log.createTopic({ name: "after", partitions: 1 })
  await log.createTopic({ name: "never-written", partitions: 3 })
  let stopped = false
  // A record of "after" is appended when the one of "t" is durable, so no instant has it without that.
  const writer = (async () => {
    for (let at = 0; !stopped; at++) {
      await log.append({ topic: "t", partition: at % 2, records: values(`${at} ${"x".repeat(at % 700)}`) })
      await log.append({ topic: "after", partition: 0, records: values(String(at)) })
    }
  })()
  for (let round = 0; round < 8; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    const files = await log.pin(`${directory}/pin-${round}`)
    copy(files, `${directory}/pin-${round}`, `${directory}/copy-${round}`)
  }
  stopped = true
  await writer
  for (let round = 0; round < 8; round++) {
    await using copied = await openThreadedLog({
      directory: `${directory}/copy-${round}`,
      limits,
      verify: "all",
    })
    assert.equal(copied.logId, log.logId)
    const ends = await Promise.all([0, 1].map((partition) => copied.range("t", partition)))
    const after = await copied.range("after", 0)
    const total = ends.reduce((sum, { durableEnd }) => sum + durableEnd, 0)
    assert.ok(total > 0 && total >= after.durableEnd && total <= after.durableEnd + 1)
    for (const [partition, { durableEnd }] of ends.entries()) {
      const [original, again] = [log, copied].map((one) => bytesOf(one, "t", partition, durableEnd))
      assert.equal(await again, await original)
    }
    await copied.append({ topic: "never-written", partition: 2, records: values("now") })
    const { baseOffset } = await copied.append({ topic: "t", partition: 0, records: values("more") })
    assert.equal(baseOffset, ends[0]!.durableEnd)
  }
})

test("what retention and compaction take away later stays pinned", async (t) => {
  const directory = folder(t)
  await using log = await openThreadedLog({ directory: `${directory}/log`, limits })
  await log.createTopic({ name: "kept", partitions: 1, retentionBytes: 5_000 })
  await log.createTopic({ name: "newest", partitions: 1, cleanup: "compact" })
  const writer = await log.openWriter("newest")
  const append = async (round: number): Promise<void> => {
    const text = `${round} ${"y".repeat(500)}`
    await log.append({ topic: "kept", partition: 0, records: values(text) })
    await log.append({ topic: "newest", partition: 0, records: keyed({ key: "k", value: text }), writer })
  }
  for (let round = 0; round < 10; round++) await append(round)
  const files = await log.pin(`${directory}/pin`)
  const before = await log.range("kept", 0)
  for (let round = 10; round < 60; round++) await append(round)
  while ((await log.range("kept", 0)).begin <= before.begin + 5) await append(60)
  copy(files, `${directory}/pin`, `${directory}/copy`)
  await using copied = await openThreadedLog({ directory: `${directory}/copy`, limits, verify: "all" })
  assert.equal((await copied.range("kept", 0)).durableEnd, before.durableEnd)
  assert.equal((await copied.range("newest", 0)).durableEnd, 10)
})

test("a folder that has such files already is refused", async (t) => {
  const directory = folder(t)
  await using log = await openThreadedLog({ directory: `${directory}/log`, limits })
  await log.createTopic({ name: "t", partitions: 1 })
  await log.append({ topic: "t", partition: 0, records: values("one") })
  await log.pin(`${directory}/pin`)
  await assert.rejects(log.pin(`${directory}/pin`), (error) => isPlatformError(error, "disk-failed"))
})
