/** Laws of the log: topics, writers, and time. */
import assert from "node:assert/strict"
import type { Log } from "../../src/log/log.ts"
import { keyed, values } from "../../src/testing/plain-records.ts"
import { COMPACT, DELETE, type Law, readAll, rejects, texts } from "./log-place.ts"

export function topicLaws(law: Law): void {
  law("creating a topic is idempotent for an equal spec and survives", async (place) => {
    let topicId = ""
    {
      await using log = await place.open()
      const info = await log.createTopic(DELETE)
      topicId = info.topicId
      assert.match(topicId, /^[0-9a-f]{32}$/)
      assert.equal((await log.createTopic(DELETE)).topicId, topicId)
      const changed = await log.createTopic({ ...DELETE, retentionMs: 5000 })
      assert.deepEqual([changed.topicId, changed.retentionMs], [topicId, 5000])
      await rejects(log.createTopic({ ...DELETE, partitions: 3 }), "topic-exists")
      await rejects(log.createTopic({ ...DELETE, cleanup: "compact" }), "topic-exists")
    }
    await using log = await place.open()
    assert.deepEqual(log.topic("events"), { ...log.topics()[0] })
    assert.equal(log.topic("events")?.topicId, topicId)
    assert.equal(log.topic("events")?.retentionMs, 5000)
    assert.equal(log.topic("other"), undefined)
  })

  law("names and numbers that no topic can have are refused", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    const names = ["", ".", "..", "a/b", "a b", "ü", "x".repeat(250), "Events"]
    for (const name of names) await rejects(log.createTopic({ name, partitions: 1 }), "topic-invalid")
    for (const partitions of [0, -1, 1.5, 1e9]) {
      await rejects(log.createTopic({ name: "t", partitions }), "topic-invalid")
    }
    await log.createTopic({ name: "x".repeat(249), partitions: 1 })
  })

  law("unknown topics and partitions are refused", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    const records = values("a")
    await rejects(log.append({ topic: "none", partition: 0, records }), "unknown-topic")
    await rejects(log.openWriter("none"), "unknown-topic")
    for (const partition of [2, -1, 0.5]) {
      await rejects(log.append({ topic: "events", partition, records }), "unknown-partition")
      await rejects(log.read({ topic: "events", partition, offset: 0, maxBytes: 1 }), "unknown-partition")
      await rejects(log.range("events", partition), "unknown-partition")
    }
  })
}

export function fencingLaws(law: Law): void {
  law(
    "a topic takes records only from the writer that opened it last, also after a restart",
    async (place) => {
      const append = (log: Log, value: string, writer?: { topic: string; fence: number }) =>
        log.append({
          topic: "events",
          partition: 0,
          records: values(value),
          ...(writer === undefined ? {} : { writer }),
        })
      let first = { topic: "", fence: 0 }
      let second = first
      {
        await using log = await place.open()
        await log.createTopic(DELETE)
        await append(log, "open to all")
        first = await log.openWriter("events")
        const queued = append(log, "first", first)
        second = await log.openWriter("events")
        assert.ok(second.fence > first.fence)
        await queued
        await rejects(append(log, "no", first), "writer-fenced")
        await rejects(append(log, "no"), "writer-fenced")
        await append(log, "second", second)
      }
      await using log = await place.open()
      await rejects(append(log, "no", first), "writer-fenced")
      await append(log, "still second", second)
      const third = await log.openWriter("events")
      assert.ok(third.fence > second.fence)
      await rejects(append(log, "no", second), "writer-fenced")
      assert.deepEqual(texts(await readAll(log)), ["open to all", "first", "second", "still second"])
    },
  )

  law("a compacted topic needs a writer and keys", async (place) => {
    await using log = await place.open()
    await log.createTopic(COMPACT)
    const records = keyed({ key: "a", value: "1" })
    await rejects(log.append({ topic: "state", partition: 0, records }), "writer-fenced")
    const writer = await log.openWriter("state")
    await log.append({ topic: "state", partition: 0, records, writer })
    await rejects(log.append({ topic: "state", partition: 0, records: values("x"), writer }), "key-required")
  })
}

export function timeLaws(law: Law): void {
  law("append times never fall, and an offset is found by time", async (place) => {
    const times: number[] = []
    {
      await using log = await place.open()
      await log.createTopic(DELETE)
      assert.equal(await log.offsetAtTime("events", 0, 0), 0)
      for (let i = 0; i < 30; i++) {
        const records = values(`${i} ${"z".repeat(500)}`)
        times.push((await log.append({ topic: "events", partition: 0, records })).appendTimeMs)
        await place.passTime(3)
      }
    }
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    )
    await using log = await place.open()
    for (const [offset, time] of times.entries()) {
      assert.equal(await log.offsetAtTime("events", 0, time), times.indexOf(time), `offset ${offset}`)
      const next = times.findIndex((other) => other > time)
      assert.equal(await log.offsetAtTime("events", 0, time + 1), next === -1 ? 30 : next)
    }
    assert.equal(await log.offsetAtTime("events", 0, 0), 0)
  })
}
