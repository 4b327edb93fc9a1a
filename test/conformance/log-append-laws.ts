/** Laws of the log: appends, reads, and what closing and opening again leaves. */
import assert from "node:assert/strict"
import { isPlatformError } from "../../src/std/errors.ts"
import { decode, firstHeaders, keyed, values, withHeaders } from "../../src/testing/plain-records.ts"
import { DELETE, fill, type Law, readAll, rejects, texts } from "./log-place.ts"

export function appendLaws(law: Law): void {
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
}

export function readLaws(law: Law): void {
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
}

export function lifeLaws(law: Law): void {
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
