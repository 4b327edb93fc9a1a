/** Laws of the log: retention, holds, and compaction. */
import assert from "node:assert/strict"
import { decode, keyed, type StoredRecord, values } from "../../src/testing/plain-records.ts"
import { COMPACT, DELETE, fill, type Law, readAll, rejects, upkeep } from "./log-place.ts"

export function retentionLaws(law: Law): void {
  law("retention by size drops the oldest segments, and readers learn where to go on", async (place) => {
    {
      await using log = await place.open()
      await log.createTopic({ ...DELETE, retentionBytes: 10_000 })
      await fill(log, 10)
      await upkeep(place, async () => (await log.range("events", 0)).begin >= 40)
      const { begin, durableEnd } = await log.range("events", 0)
      assert.equal(durableEnd, 50)
      assert.ok(begin <= 44, `begins at ${begin}`)
      await rejects(
        log.read({ topic: "events", partition: 0, offset: 0, maxBytes: 10 }),
        "offset-out-of-range",
      )
      assert.equal((await readAll(log))[0]?.offset, begin)
    }
    await using log = await place.open()
    assert.equal((await readAll(log)).at(-1)?.offset, 49)
  })

  law("retention by time drops old records even when nothing new comes", async (place) => {
    await using log = await place.open()
    await log.createTopic({ ...DELETE, retentionMs: 50 })
    await fill(log, 2)
    await upkeep(place, async () => (await log.range("events", 0)).begin === 10)
    assert.deepEqual(await log.range("events", 0), { begin: 10, durableEnd: 10 })
    const { baseOffset } = await log.append({ topic: "events", partition: 0, records: values("next") })
    assert.equal(baseOffset, 10)
  })

  law("a hold keeps everything from its offset on, also after a restart, until it moves", async (place) => {
    {
      await using log = await place.open()
      await log.createTopic({ ...DELETE, retentionBytes: 1 })
      await log.hold("reader", "events", 0, 12)
      await log.hold("other", "events", 0, 40)
      await fill(log, 10)
      await upkeep(place, async () => (await log.range("events", 0)).begin > 0)
      await place.passTime(50)
      assert.ok((await log.range("events", 0)).begin <= 12)
    }
    await using log = await place.open()
    await place.passTime(50)
    assert.ok((await log.range("events", 0)).begin <= 12)
    await log.hold("reader", "events", 0, Number.MAX_SAFE_INTEGER)
    await upkeep(place, async () => (await log.range("events", 0)).begin > 12)
    await place.passTime(50)
    const { begin } = await log.range("events", 0)
    assert.ok(begin <= 40, `the other hold is respected, the partition begins at ${begin}`)
  })
}

export function compactionLaws(law: Law): void {
  law(
    "compaction keeps the newest record of each key at its offset, across gaps and restarts",
    async (place) => {
      const newest = new Map<string, StoredRecord>()
      {
        await using log = await place.open()
        await log.createTopic(COMPACT)
        const writer = await log.openWriter("state")
        for (let i = 0; i < 120; i++) {
          const records = [0, 1, 2].map((k) => ({
            key: `k${(i * 7 + k) % 11}`,
            value: `${i}.${k} ${"v".repeat(100)}`,
          }))
          const set = keyed(...records)
          const { baseOffset, appendTimeMs } = await log.append({
            topic: "state",
            partition: 0,
            records: set,
            writer,
          })
          for (const [k, record] of records.entries()) {
            newest.set(record.key, { ...record, offset: baseOffset + k, appendTimeMs })
          }
        }
        await upkeep(place, async () => (await readAll(log, "state")).length < 150)
        checkCompacted(await readAll(log, "state"), newest)
      }
      await using log = await place.open()
      const records = await readAll(log, "state")
      checkCompacted(records, newest)
      assert.deepEqual(await log.range("state", 0), { begin: 0, durableEnd: 360 })
      for (const offset of [0, 1, 100, 200, 359]) {
        const { batches, nextOffset } = await log.read({ topic: "state", partition: 0, offset, maxBytes: 1 })
        assert.ok(nextOffset > offset)
        const expected = records.find((record) => record.offset >= offset)
        if (decode(batches, offset).length > 0) assert.deepEqual(decode(batches, offset)[0], expected)
      }
    },
  )
}

function checkCompacted(records: readonly StoredRecord[], newest: ReadonlyMap<string, StoredRecord>): void {
  const last = new Map(records.map((record) => [record.key, record]))
  assert.deepEqual(new Map([...last].sort()), new Map([...newest].sort()))
  const offsets = records.map(({ offset }) => offset)
  assert.deepEqual(
    offsets,
    [...new Set(offsets)].sort((a, b) => a - b),
  )
}
