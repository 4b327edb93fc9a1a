/**
 * The archiver on 212-byte bids: the log's bytes into committed, read-back Iceberg tables, in the lake's own
 * thread; and the same records read back as the log would give them. Per core: the same work in one thread,
 * by the time that its processor takes. The baseline of archiving reads the same log, parses each row with
 * JSON.parse, and writes the lines into one file, packed and synced: less than a table, made by hand.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { constants, zstdCompressSync } from "node:zlib"
import { z } from "zod"
import { acceptedRows } from "../src/contracts/accepted-rows.ts"
import type { EventContract } from "../src/contracts/contract.ts"
import { event } from "../src/contracts/event.ts"
import { timestamp } from "../src/contracts/field-types.ts"
import { openThreadedLog } from "../src/log/embedded/threaded-log.ts"
import type { Log } from "../src/log/log.ts"
import { openInlineWorkshop } from "../src/runners/archiver/inline-workshop.ts"
import { type OpenedLake, openLake } from "../src/runners/archiver/open-lake.ts"
import { openThreadedWorkshop } from "../src/runners/archiver/threaded-workshop.ts"
import type { Workshop } from "../src/runners/archiver/workshop.ts"
import { makeHeaders } from "../src/runners/embedded/door.ts"
import { assert } from "../src/std/assert.ts"
import { NodeClock } from "../src/std/node/clock.ts"
import { NodeDisk } from "../src/std/node/disk.ts"
import { NodeRandom } from "../src/std/node/random.ts"
import { NodeScheduler } from "../src/std/node/scheduler.ts"
import { offsetAt } from "../src/stores/lake/record-slab.ts"
import { withHeaders } from "../src/testing/plain-records.ts"
import { decodeHeaders } from "../src/wire/kafka/headers.ts"
import { RecordColumns } from "../src/wire/kafka/record-columns.ts"
import type { Bench } from "./figure.ts"

const bid = event("bid", {
  schema: z.object({
    auction: z.int(),
    bidder: z.int(),
    price: z.int(),
    channel: z.string(),
    url: z.string(),
    dateTime: timestamp(),
    extra: z.string(),
  }),
  id: "auction",
  time: "dateTime",
}) as unknown as EventContract

const ROWS_PER_POST = 1_000

export const bench: Bench = {
  name: "lake",
  about: "212-byte bids from the log into Iceberg tables, and old offsets out of them again",
  async run(report, { scale }) {
    const directory = await mkdtemp(join(tmpdir(), "bench-lake-"))
    try {
      await using log = await openThreadedLog({ directory: `${directory}/log` })
      await log.createTopic({ name: bid.topic, partitions: 1 })
      const rows = Math.max(ROWS_PER_POST, Math.round(1_000_000 * scale))
      const bytes = await fill(log, rows)
      const byHand = await linesByHand(log, `${directory}/lines.zst`)
      {
        const contracts = [acceptedRows(bid)]
        const workshop = openInlineWorkshop({ disk: new NodeDisk(), random: new NodeRandom(), contracts })
        await using opened = await open(log, `${directory}/inline`, workshop)
        const { cpuMs } = await measured(() => opened.archiver.archiveNow())
        const perCore = { value: (rows / cpuMs) * 1000, baseline: (rows / byHand.cpuMs) * 1000 }
        report({ metric: "archived per core", unit: "rows/s", ...perCore })
      }
      await using opened = await open(log, `${directory}/lake`, openThreadedWorkshop([acceptedRows(bid)]))
      const { wallMs, cpuMs } = await measured(() => opened.archiver.archiveNow())
      const baseline = (rows / byHand.wallMs) * 1000
      report({ metric: "archived", value: (rows / wallMs) * 1000, unit: "rows/s", baseline })
      report({ metric: "archived", value: bytes / 1000 / wallMs, unit: "MB/s", baseline: null })
      const share = (cpuMs / wallMs) * 100
      report({ metric: "main thread busy meanwhile", value: share, unit: "%", baseline: null })
      const { bytes: stored } = opened.service.status().tables[0]!
      report({ metric: "size in the lake", value: stored / rows, unit: "bytes/row", baseline: bytes / rows })
      const reading = await measured(() => readAll(opened, rows))
      report({
        metric: "old offsets read",
        value: (rows / reading.wallMs) * 1000,
        unit: "rows/s",
        baseline: null,
      })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
}

async function open(log: Log, directory: string, workshop: Workshop): Promise<OpenedLake> {
  return openLake({
    ...{ log, directory, workshop, contracts: [bid], report: console.error },
    ...{ disk: new NodeDisk(), clock: new NodeClock() },
    ...{ scheduler: new NodeScheduler(), random: new NodeRandom() },
  })
}

/** Wall time, and processor time of this thread. */
async function measured(work: () => Promise<void>): Promise<{ wallMs: number; cpuMs: number }> {
  const startMs = performance.now()
  const before = process.threadCpuUsage()
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return { wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000 }
}

async function linesByHand(log: Log, path: string): Promise<{ wallMs: number; cpuMs: number }> {
  const file = new NodeDisk().open(path, { create: true })
  const records = new RecordColumns()
  const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
  let position = 0
  const times = await measured(async () => {
    const { durableEnd } = await log.range(bid.topic, 0)
    for (let offset = 0; offset < durableEnd; ) {
      const read = await log.read({ topic: bid.topic, partition: 0, offset, maxBytes: 4 * 1024 * 1024 })
      const lines: string[] = []
      for (let at = 0; at < read.batches.length; ) {
        at = records.read(read.batches, at)
        const { bytes, valueStarts, valueEnds } = records
        for (let row = 0; row < records.count; row++) {
          const text = Buffer.from(
            bytes.buffer,
            bytes.byteOffset + valueStarts[row]!,
            valueEnds[row]! - valueStarts[row]!,
          )
          lines.push(JSON.stringify(JSON.parse(text.toString("utf8"))))
        }
      }
      const packed = zstdCompressSync(Buffer.from(`${lines.join("\n")}\n`), level)
      file.write(packed, position)
      position += packed.length
      offset = read.nextOffset
    }
    file.sync()
  })
  file.close()
  return times
}

async function readAll({ lake }: OpenedLake, rows: number): Promise<void> {
  const records = lake.records("bid")
  for (let offset = 0; offset < rows; ) {
    const found = await records.from(bid.topic, 0, offset)
    assert(found !== null, "the lake has every offset")
    offset = offsetAt(found.slab, found.slab.count - 1) + 1
  }
}

async function fill(log: Log, rows: number): Promise<number> {
  const headers = decodeHeaders(makeHeaders(bid))
  let bytes = 0
  for (let from = 0; from < rows; from += ROWS_PER_POST) {
    const records = Array.from({ length: ROWS_PER_POST }, (_, i) => {
      const n = from + i
      const value = JSON.stringify({
        auction: n,
        bidder: (n * 7919) % 10_007,
        price: (n * 104_729) % 1_000_003,
        channel: `channel-${n % 10}`,
        url: `https://www.nexmark.com/item.htm?query=1&auction=${n}`,
        dateTime: new Date(1_750_000_000_000 + n).toISOString(),
        extra: (n * 2_654_435_761).toString(36).padEnd(18, "x"),
      })
      bytes += value.length
      return { key: null, value }
    })
    await log.append({ topic: bid.topic, partition: 0, records: withHeaders(headers, ...records) })
  }
  return bytes
}
