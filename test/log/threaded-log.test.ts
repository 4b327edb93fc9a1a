import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { type TestContext, test } from "node:test"
import { layoutAppend, readAppend, writeAppend } from "../../src/log/embedded/append-frame.ts"
import { openThreadedLog } from "../../src/log/embedded/threaded-log.ts"
import type { Log } from "../../src/log/log.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { decode, keyed, values } from "../../src/testing/plain-records.ts"

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "log-"))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

async function readValues(log: Log, topic: string): Promise<(string | null)[]> {
  const { durableEnd } = await log.range(topic, 0)
  const found: (string | null)[] = []
  for (let offset = 0; offset < durableEnd; ) {
    const { batches, nextOffset } = await log.read({ topic, partition: 0, offset, maxBytes: 1e6 })
    found.push(...decode(batches, offset).map(({ value }) => value))
    offset = nextOffset
  }
  return found
}

test("a log is open in one place at a time, and one that a dead process left is taken over", async (t) => {
  const directory = folder(t)
  {
    await using log = await openThreadedLog({ directory })
    assert.ok(log)
    await assert.rejects(
      openThreadedLog({ directory }),
      (error) => isPlatformError(error, "log-in-use") && error.details.pid === process.pid,
    )
  }
  assert.equal(existsSync(`${directory}/+lock`), false)
  writeFileSync(`${directory}/+lock`, "999999999 1\n")
  await using log = await openThreadedLog({ directory })
  assert.match(log.logId, /^[0-9a-f]{32}$/)
})

test("a queue that is full refuses at once and takes again later", async (t) => {
  const limits = { queueBytes: 64 * 1024 }
  await using log = await openThreadedLog({ directory: folder(t), limits })
  await log.createTopic({ name: "t", partitions: 1 })
  const send = () => log.append({ topic: "t", partition: 0, records: values("x".repeat(9_000)) })
  const answers = await Promise.allSettled(Array.from({ length: 50 }, send))
  const refused = answers.filter(({ status }) => status === "rejected")
  assert.ok(refused.length > 0 && refused.length < 50)
  for (const answer of refused) {
    const { reason } = answer as PromiseRejectedResult
    assert.ok(isPlatformError(reason, "log-full") && reason.retry)
  }
  assert.equal((await send()).baseOffset, 50 - refused.length)
  const tooLarge = values("x".repeat(40_000))
  await assert.rejects(log.append({ topic: "t", partition: 0, records: tooLarge }), (error) =>
    isPlatformError(error, "record-too-large"),
  )
})

test("a log whose files cannot be used says so when it is opened", async (t) => {
  const directory = folder(t)
  writeFileSync(`${directory}/+topics`, "nonsense\n00000000\n")
  await assert.rejects(openThreadedLog({ directory }), (error) => isPlatformError(error, "log-corrupt"))
  rmSync(`${directory}/+topics`)
  await using log = await openThreadedLog({ directory })
  assert.deepEqual(log.topics(), [])
})

test("a request comes out of its frame as it went in, however its rows lie", () => {
  const set = keyed(
    { key: "a", value: "1" },
    { key: null, value: null },
    { key: "", value: "" },
    { key: "bcd", value: "x".repeat(100) },
    { key: "e", value: "2" },
  )
  for (const rows of [null, Int32Array.of(1), Int32Array.of(0, 2, 4), Int32Array.of(3, 4)]) {
    for (const plain of [false, true]) {
      const records = plain
        ? { ...set, rows, keyBytes: null, keyStarts: null, keyEnds: null }
        : { ...set, rows }
      const layout = layoutAppend(new TextEncoder().encode("topic"), records)
      const memory = new Uint8Array(layout.sizeBytes + 16)
      writeAppend(memory, 8, layout, records, { ticket: 7, partition: 3, fence: rows === null ? null : 2 })
      const { records: read, ...rest } = readAppend(memory, 8)
      assert.deepEqual(rest, { ticket: 7, topic: "topic", partition: 3, fence: rows === null ? null : 2 })
      const text = (bytes: Uint8Array | null, start = 0, end = -1) =>
        end < 0 || bytes === null ? null : Buffer.from(bytes.subarray(start, end)).toString()
      const expected = rows ?? Int32Array.of(0, 1, 2, 3, 4)
      assert.equal(read.count, expected.length)
      for (const [index, row] of expected.entries()) {
        assert.equal(
          text(read.bytes, read.valueStarts[index], read.valueEnds[index]),
          text(set.bytes, set.valueStarts[row], set.valueEnds[row]),
        )
        assert.equal(
          text(read.keyBytes, read.keyStarts?.[index], read.keyEnds?.[index]),
          plain ? null : text(set.keyBytes, set.keyStarts?.[row], set.keyEnds?.[row]),
        )
      }
    }
  }
})

/** A module of ours for the code below, as a string literal. */
const source = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)

/** Appends numbers for ever and prints each that was acknowledged. */
const PRODUCER = `
import { openThreadedLog } from ${source("../../src/log/embedded/threaded-log.ts")}
import { values } from ${source("../../src/testing/plain-records.ts")}
const log = await openThreadedLog({ directory: process.argv[1], limits: { segmentBytes: 100_000 } })
await log.createTopic({ name: "t", partitions: 1 })
let next = Number(process.argv[2])
const produce = async () => {
  for (;;) {
    const value = next++
    const records = values(value + " " + "x".repeat(200))
    const { baseOffset } = await log.append({ topic: "t", partition: 0, records })
    process.stdout.write(baseOffset + " " + value + "\\n")
  }
}
await Promise.all([produce(), produce(), produce()])
`

/** Runs the producer until it has acknowledged `count` and kills it; what it acknowledged, by offset. */
async function produceAndKill(directory: string, start: number, count: number): Promise<Map<number, string>> {
  const args = ["--input-type=module", "-e", PRODUCER, directory, String(start)]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
  const acknowledged = new Map<number, string>()
  for await (const line of createInterface(child.stdout)) {
    const [offset = "", value = ""] = line.split(" ")
    acknowledged.set(Number(offset), value)
    if (acknowledged.size === count) child.kill("SIGKILL")
  }
  return acknowledged
}

test("nothing that was acknowledged is lost when the process is killed, again and again", async (t) => {
  const directory = folder(t)
  const acknowledged = new Map<number, string>()
  for (let round = 0; round < 4; round++) {
    for (const [offset, value] of await produceAndKill(directory, round * 100_000, 150 + round * 100)) {
      assert.equal(acknowledged.has(offset), false, "no offset is given out twice")
      acknowledged.set(offset, value)
    }
    await using log = await openThreadedLog({ directory })
    const found = await readValues(log, "t")
    for (const [offset, value] of acknowledged) assert.equal(found[offset]?.split(" ")[0], value)
    assert.equal(new Set(found).size, found.length)
  }
})
