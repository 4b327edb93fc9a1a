/**
 * What every implementation of the Log interface must do. A driver opens logs in places of its own and says how
 * time passes there; the suite knows nothing else of them.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Log, TopicSpec } from "../../src/log/log.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import {
  decode,
  firstHeaders,
  keyed,
  type StoredRecord,
  values,
  withHeaders,
} from "../../src/testing/plain-records.ts"

/** A place that a log can be opened in again and again. */
export interface LogPlace {
  /** Opens with segments of about 4 KiB and upkeep every few milliseconds of the place's time. */
  open(): Promise<Log>
  /** Lets time pass and what is due happen. */
  passTime(ms: number): Promise<void>
  nowMs(): number
  /** Removes the place. */
  remove(): Promise<void>
}

const DELETE: TopicSpec = { name: "events", partitions: 2 }
const COMPACT: TopicSpec = { name: "state", partitions: 1, cleanup: "compact" }
/** For what upkeep does in time of its own. */
const ROUNDS = 200

async function readAll(log: Log, topic = "events", partition = 0): Promise<StoredRecord[]> {
  const { begin, durableEnd } = await log.range(topic, partition)
  const records: StoredRecord[] = []
  for (let offset = begin; offset < durableEnd; ) {
    const { batches, nextOffset } = await log.read({ topic, partition, offset, maxBytes: 10_000 })
    assert.ok(nextOffset > offset, "a read before the end advances")
    records.push(...decode(batches, offset))
    offset = nextOffset
  }
  return records
}

const texts = (records: readonly StoredRecord[]) => records.map(({ value }) => value)
const rejects = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, (error) => isPlatformError(error, code), code)

/** Appends until the partition has more than `segments` segments' worth of bytes. */
async function fill(log: Log, segments: number, topic = "events", partition = 0): Promise<number> {
  let count = 0
  for (; count < segments * 5; count++) {
    await log.append({ topic, partition, records: values(`${count} ${"x".repeat(1000)}`) })
  }
  return count
}

export function logConformance(name: string, newPlace: () => Promise<LogPlace>): void {
  const law = (title: string, body: (place: LogPlace) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const place = await newPlace()
      try {
        await body(place)
      } finally {
        await place.remove()
      }
    })
  appendLaws(law)
  topicLaws(law)
  fencingLaws(law)
  timeLaws(law)
  retentionLaws(law)
  compactionLaws(law)
}

type Law = (title: string, body: (place: LogPlace) => Promise<void>) => void

function appendLaws(law: Law): void {
  law(
    "records of one request are consecutive, readable after the answer, and keep their bytes",
    async (place) => {
      await using log = await place.open()
      await log.createTopic(DELETE)
      const records = keyed({ key: "k", value: "ü" }, { key: null, value: null }, { key: "", value: "" })
      const first = await log.append({ topic: "events", partition: 0, records })
      const second = await log.append({ topic: "events", partition: 0, records: values("b") })
      assert.deepEqual([first.baseOffset, second.baseOffset], [0, 3])
      const { appendTimeMs } = first
      assert.deepEqual((await readAll(log)).slice(0, 3), [
        { offset: 0, appendTimeMs, key: "k", value: "ü" },
        { offset: 1, appendTimeMs, key: null, value: null },
        { offset: 2, appendTimeMs, key: "", value: "" },
      ])
      assert.deepEqual(await log.range("events", 0), { begin: 0, durableEnd: 4 })
      assert.deepEqual(await log.range("events", 1), { begin: 0, durableEnd: 0 })
    },
  )

  law("a request may name some rows of its arrays, and put headers on all of them", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    const headers = [{ name: "h", value: new TextEncoder().encode("v") }]
    const set = withHeaders(headers, ...["a", "b", "c", "d"].map((value) => ({ key: `k${value}`, value })))
    await log.append({ topic: "events", partition: 0, records: { ...set, rows: Int32Array.of(0, 3) } })
    await log.append({ topic: "events", partition: 1, records: { ...set, rows: Int32Array.of(1, 2) } })
    assert.deepEqual(texts(await readAll(log, "events", 0)), ["a", "d"])
    assert.deepEqual(texts(await readAll(log, "events", 1)), ["b", "c"])
    const { batches } = await log.read({ topic: "events", partition: 1, offset: 0, maxBytes: 1 })
    const [header] = firstHeaders(batches)
    assert.deepEqual([header?.name, new TextDecoder().decode(header?.value ?? undefined)], ["h", "v"])
    assert.equal(decode(batches)[0]?.key, "kb")
  })

  law("the caller may reuse its buffers as soon as append has returned its promise", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    const records = values("before")
    const answer = log.append({ topic: "events", partition: 0, records })
    records.bytes.fill(0)
    records.valueStarts.fill(3)
    await answer
    assert.deepEqual(texts(await readAll(log)), ["before"])
  })

  law("appends that wait together are answered in order", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        log.append({ topic: "events", partition: i % 2, records: values(`${i}`, `${i}+`) }),
      ),
    )
    assert.deepEqual(
      answers.map(({ baseOffset }) => baseOffset),
      Array.from({ length: 50 }, (_, i) => Math.floor(i / 2) * 2),
    )
    const expected = Array.from({ length: 25 }, (_, i) => [`${i * 2}`, `${i * 2}+`]).flat()
    assert.deepEqual(texts(await readAll(log)), expected)
    assert.equal(log.queuedBytes, 0)
  })

  law("a reader sees nothing that is not durable yet", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    await log.append({ topic: "events", partition: 0, records: values("durable") })
    const waiting = log.append({ topic: "events", partition: 0, records: values("waiting") })
    const { nextOffset, range } = await log.read({ topic: "events", partition: 0, offset: 0, maxBytes: 1e6 })
    assert.ok(nextOffset <= range.durableEnd)
    await waiting
    assert.deepEqual(texts(await readAll(log)), ["durable", "waiting"])
  })

  law("a read returns whole batches up to its size, at least one, and nothing at the end", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    const count = await fill(log, 3)
    const read = (offset: number, maxBytes: number) =>
      log.read({ topic: "events", partition: 0, offset, maxBytes })
    assert.equal(decode((await read(0, 1)).batches).length, 1)
    assert.ok((await read(0, 3_500)).batches.length <= 3_500)
    assert.ok(decode((await read(0, 3_500)).batches).length >= 2)
    const end = await read(count, 1000)
    assert.deepEqual([end.batches.length, end.nextOffset], [0, count])
    for (const offset of [3, 7, count - 1]) {
      assert.equal(decode((await read(offset, 1)).batches, offset)[0]?.offset, offset)
    }
  })

  law("offsets that do not exist are refused with the range", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    await log.append({ topic: "events", partition: 0, records: values("a") })
    for (const offset of [-1, 2, 1e9, 0.5]) {
      await assert.rejects(
        log.read({ topic: "events", partition: 0, offset, maxBytes: 10 }),
        (error) =>
          isPlatformError(error, "offset-out-of-range") &&
          error.details.begin === 0 &&
          error.details.durableEnd === 1,
      )
    }
  })

  law("everything is there after closing and opening again, and offsets go on", async (place) => {
    let logId = ""
    {
      await using log = await place.open()
      logId = log.logId
      assert.match(logId, /^[0-9a-f]{32}$/)
      await log.createTopic(DELETE)
      await fill(log, 2)
    }
    for (let round = 0; round < 3; round++) {
      await using log = await place.open()
      assert.equal(log.logId, logId)
      assert.equal((await readAll(log)).length, 10 + round)
      const { baseOffset } = await log.append({ topic: "events", partition: 0, records: values(`r${round}`) })
      assert.equal(baseOffset, 10 + round)
    }
  })

  law("a closed log refuses, and closing waits for what was appended", async (place) => {
    const log = await place.open()
    await log.createTopic(DELETE)
    const answer = log.append({ topic: "events", partition: 0, records: values("last") })
    await log[Symbol.asyncDispose]()
    assert.equal((await answer).baseOffset, 0)
    await rejects(log.append({ topic: "events", partition: 0, records: values("x") }), "log-closed")
    await log[Symbol.asyncDispose]()
  })

  law("a record beyond the limit is refused and its neighbours are not", async (place) => {
    await using log = await place.open()
    await log.createTopic(DELETE)
    const tooLarge = log.append({
      topic: "events",
      partition: 0,
      records: values("x".repeat(9 * 1024 * 1024)),
    })
    const fine = log.append({ topic: "events", partition: 0, records: values("fine") })
    await rejects(tooLarge, "record-too-large")
    assert.equal((await fine).baseOffset, 0)
  })

  law("a large request is spread over batches without a gap", async (place) => {
    await using log = await place.open()
    await log.createTopic({ ...DELETE, compression: "zstd" })
    const list = Array.from({ length: 3000 }, (_, i) => `${i} ${"y".repeat(1000)}`)
    await log.append({ topic: "events", partition: 0, records: values(...list) })
    assert.deepEqual(texts(await readAll(log)), list)
  })
}

function topicLaws(law: Law): void {
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

function fencingLaws(law: Law): void {
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

function timeLaws(law: Law): void {
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

/** Lets upkeep run until `isDone`. */
async function upkeep(place: LogPlace, isDone: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    if (await isDone()) return
    await place.passTime(10)
  }
  assert.fail("upkeep did not get there")
}

function retentionLaws(law: Law): void {
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

function compactionLaws(law: Law): void {
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
