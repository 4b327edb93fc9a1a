/**
 * The archiver on 212-byte bids: the log's bytes into committed, read-back Iceberg tables; and the same
 * records read back as the log would give them. Wall time of one thread and zlib's pool.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { z } from "zod"
import type { EventContract } from "../src/contracts/contract.ts"
import { event } from "../src/contracts/event.ts"
import { timestamp } from "../src/contracts/field-types.ts"
import { openThreadedLog } from "../src/log/embedded/threaded-log.ts"
import { openLake } from "../src/runners/archiver/open-lake.ts"
import { makeHeaders } from "../src/runners/embedded/door.ts"
import { assert } from "../src/std/assert.ts"
import { NodeClock } from "../src/std/node/clock.ts"
import { NodeDisk } from "../src/std/node/disk.ts"
import { NodeRandom } from "../src/std/node/random.ts"
import { NodeScheduler } from "../src/std/node/scheduler.ts"
import { offsetAt } from "../src/stores/lake/record-slab.ts"
import { withHeaders } from "../src/testing/plain-records.ts"
import { decodeHeaders } from "../src/wire/kafka/headers.ts"
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
      const clock = new NodeClock()
      await using opened = await openLake({
        ...{ log, clock, disk: new NodeDisk(), scheduler: new NodeScheduler(), random: new NodeRandom() },
        ...{ directory: `${directory}/lake`, contracts: [bid], report: console.error },
      })
      const startMs = clock.monotonicMs()
      await opened.archiver.archiveNow()
      const seconds = (clock.monotonicMs() - startMs) / 1000
      report({ metric: "archived", value: rows / seconds, unit: "rows/s", baseline: null })
      report({ metric: "archived", value: bytes / 1e6 / seconds, unit: "MB/s", baseline: null })
      const { bytes: stored } = opened.service.status().tables[0]!
      report({ metric: "size in the lake", value: stored / rows, unit: "bytes/row", baseline: bytes / rows })
      const readMs = clock.monotonicMs()
      const records = opened.lake.records("bid")
      let read = 0
      for (let offset = 0; offset < rows; ) {
        const found = await records.from(bid.topic, 0, offset)
        assert(found !== null, "the lake has every offset")
        read += found.slab.count - found.first
        offset = offsetAt(found.slab, found.slab.count - 1) + 1
      }
      const readSeconds = (clock.monotonicMs() - readMs) / 1000
      report({ metric: "old offsets read", value: read / readSeconds, unit: "rows/s", baseline: null })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
}

async function fill(log: Awaited<ReturnType<typeof openThreadedLog>>, rows: number): Promise<number> {
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
