/**
 * From bytes to answers in one thread: NDJSON bids of about 212 bytes decoded, validated, and aggregated per
 * bidder in windows of ten seconds, beside JSON.parse into a Map of objects.
 */
import { z } from "zod"
import { TIMESTAMP } from "../src/columns/types.ts"
import { event } from "../src/contracts/event.ts"
import { timestamp } from "../src/contracts/field-types.ts"
import { createJsonDecoder } from "../src/contracts/json/decoder.ts"
import { createEngine } from "../src/engine/create-engine.ts"
import type { Engine } from "../src/engine/dataflow.ts"
import { aggregate, col } from "../src/engine/kit/expressions.ts"
import { groupBy, source, view } from "../src/engine/kit/harness.ts"
import { SeededRandom } from "../src/std/random.ts"
import type { Bench } from "./figure.ts"

const ROWS_PER_POST = 1_000
const POSTS_PER_EPOCH = 32
const KEYS = 10_000
const EPOCH_ROWS = ROWS_PER_POST * POSTS_PER_EPOCH
const WINDOW_US = 10_000_000n
/** Event time moves on as if this many events came in a second. */
const EVENTS_PER_SECOND = 100_000
/** Event time that one epoch's rows span. */
const EPOCH_MS = (EPOCH_ROWS / EVENTS_PER_SECOND) * 1_000
const EXTRA = "x".repeat(60)

const bid = event("bid", {
  schema: z.object({
    auction: z.int(),
    bidder: z.int(),
    price: z.int(),
    channel: z.string(),
    dateTime: timestamp(),
    extra: z.string(),
  }),
  id: "auction",
  time: "dateTime",
})

export const bench: Bench = {
  name: "ndjson-windows",
  about: "NDJSON bytes to count, sum and max per bidder (10,000 random ones) and 10 s window, one core",
  async run(report, { scale }) {
    const epochs = Math.max(6, Math.round(60 * scale))
    const random = new SeededRandom(3)
    const input = Array.from({ length: epochs }, (_, epoch) =>
      Array.from({ length: POSTS_PER_EPOCH }, () => randomPost(random, epoch)),
    )
    const baseline = speed(input, parseIntoMap())
    for (const emit of ["final", "changes"] as const) {
      const metric = `10 s windows per bidder, emit ${emit}`
      report({ metric, value: speed(input, decodeAndRun(emit)), unit: "events/s", baseline })
    }
  },
}

type RunEpoch = (posts: readonly Uint8Array[], epoch: number) => unknown

/** Events per second of the median epoch, once the compiler is warm. */
function speed(epochs: readonly Uint8Array[][], run: RunEpoch): number {
  const times = epochs.map((posts, epoch) => {
    const start = process.hrtime.bigint()
    run(posts, epoch)
    return Number(process.hrtime.bigint() - start) / 1e9
  })
  const warm = times.slice(times.length >> 1).sort((a, b) => a - b)
  return EPOCH_ROWS / warm[warm.length >> 1]!
}

function decodeAndRun(emit: "final" | "changes"): RunEpoch {
  const decoder = createJsonDecoder(bid)
  const engine = windows(emit)
  return (posts, epoch) => {
    const slices = posts.map((post) => ({
      source: "events",
      partition: 0,
      baseOffset: 0,
      batch: decoder.decode(post, "ndjson").batch,
      skip: null,
    }))
    const watermark = BigInt(Math.floor(epoch * EPOCH_MS)) * 1_000n
    engine.runEpoch({ epoch: epoch + 1, slices, watermarksUs: new Map([["events", watermark]]) })
  }
}

function windows(emit: "final" | "changes"): Engine {
  const columns = bid.fields
  const price = col(columns, "price")
  const end = {
    kind: "column",
    index: columns.length + 1,
    name: "window_end",
    type: TIMESTAMP,
    nullable: false,
  } as const
  const groups = groupBy("events", {
    window: { kind: "tumble", time: col(columns, "dateTime"), sizeUs: WINDOW_US, slideUs: WINDOW_US },
    keys: [end, col(columns, "bidder")],
    windowKeys: { start: null, end: 0 },
    emit,
    aggregates: [aggregate("count", null), aggregate("sum", price), aggregate("max", price)],
  })
  return createEngine([source(columns), groups, view("totals", "groups", groups.columns, [0, 1])])
}

function randomPost(random: SeededRandom, epoch: number): Uint8Array {
  const lines = Array.from({ length: ROWS_PER_POST }, () => {
    const timeMs = Math.floor(epoch * EPOCH_MS) + random.below(Math.ceil(EPOCH_MS))
    return JSON.stringify({
      auction: random.uint32(),
      bidder: 1_000_003 * random.below(KEYS),
      price: random.below(100_000),
      channel: `channel-${random.below(10_000)}`,
      dateTime: new Date(timeMs).toISOString(),
      extra: EXTRA,
    })
  })
  return new TextEncoder().encode(lines.join("\n"))
}

interface BidRow {
  readonly bidder: number
  readonly price: number
  readonly dateTime: string
}

function parseIntoMap(): RunEpoch {
  const groups = new Map<string, { count: number; sum: number; max: number }>()
  const decoder = new TextDecoder()
  return (posts) => {
    for (const post of posts) {
      for (const line of decoder.decode(post).split("\n")) {
        const { bidder, price, dateTime } = JSON.parse(line) as BidRow
        const key = `${Math.floor(Date.parse(dateTime) / 10_000)}/${bidder}`
        const group = groups.get(key)
        if (group === undefined) groups.set(key, { count: 1, sum: price, max: price })
        else {
          group.count++
          group.sum += price
          if (price > group.max) group.max = price
        }
      }
    }
  }
}
