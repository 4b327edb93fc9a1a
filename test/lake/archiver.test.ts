import assert from "node:assert/strict"
import { test } from "node:test"
import type { Log } from "../../src/log/log.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { decode, type StoredRecord } from "../../src/testing/plain-records.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"
import { openLakeWorld, order1, orderRows } from "../kit/lake-world.ts"

async function readAll(log: Log, topic: string, partition: number): Promise<StoredRecord[]> {
  const { begin, durableEnd } = await log.range(topic, partition)
  const found: StoredRecord[] = []
  for (let offset = begin; offset < durableEnd; ) {
    const read = await log.read({ topic, partition, offset, maxBytes: 1 })
    found.push(...decode(read.batches, offset))
    assert.ok(read.nextOffset > offset)
    offset = read.nextOffset
  }
  return found
}

test("what the log deleted is read from the lake, to the byte", async () => {
  const disk = new SimDisk({ random: new SeededRandom(1) })
  await using world = await openLakeWorld({
    disk,
    directory: "/data",
    segmentBytes: 8192,
    retentionBytes: 8192,
  })
  const { archiver, clock, history, log } = world
  await archiver.prepare()
  for (let n = 0; n < 200; n += 10) {
    await world.append(n % 20 === 0 ? 0 : 1, orderRows(n, n + 10))
    clock.pass(7000)
  }
  const before = [await readAll(log, "order", 0), await readAll(log, "order", 1)]
  assert.equal(before.flat().length, 200, "retention deletes nothing that the lake does not have")
  await archiver.archiveNow()
  clock.pass(60_000)
  const { begin } = await log.range("order", 0)
  assert.ok(begin > 0, "the log deleted what the lake has")
  for (const partition of [0, 1]) {
    assert.deepEqual(await readAll(history, "order", partition), before[partition])
    const range = await history.range("order", partition)
    assert.deepEqual(range, { begin: 0, durableEnd: 100 })
  }
  const { offset, appendTimeMs } = before[0]![35]!
  assert.equal(await history.offsetAtTime("order", 0, appendTimeMs), offset - (offset % 10))
  assert.deepEqual(world.reports, [])
  assert.equal(world.lake.table("order").snapshot?.summary["total-records"], "200")
  assert.equal(order1.topic, "order")
})
