/**
 * The JSON decoder on 212-byte bids (Nexmark's), all columns, fully validated, in posts of 1,000 lines,
 * beside the loop that everybody writes first: split, JSON.parse, values into typed arrays.
 */
import { z } from "zod"
import { event } from "../src/contracts/event.ts"
import { timestamp } from "../src/contracts/field-types.ts"
import { createJsonDecoder } from "../src/contracts/json/decoder.ts"
import { SeededRandom } from "../src/std/random.ts"
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
})

const retained = event("bid_with_context", {
  schema: z.object({ ...shapeOfBid(), context: z.unknown().optional() }),
  id: "auction",
  time: "dateTime",
})

function shapeOfBid() {
  return { auction: z.int(), bidder: z.int(), price: z.int(), channel: z.string(), dateTime: timestamp() }
}

const ROWS_PER_POST = 1_000
/** Distinct posts: 13 MB, more than the caches of one core hold. */
const POSTS = 64
const EVENT_BYTES = 212
const RUNS = 7

type Bid = Readonly<Record<string, unknown>>

export const bench: Bench = {
  name: "decoder",
  about: "NDJSON bids of 212 bytes into columns, validated, against JSON.parse into columns",
  async run(report, { scale }) {
    const rows = Math.max(ROWS_PER_POST, Math.round(1_000_000 * scale))
    const cases: readonly [metric: string, contract: typeof bid, write: (bid: Bid, row: number) => string][] =
      [
        ["bids", bid, (row) => JSON.stringify(row)],
        [
          "bids, keys reversed",
          bid,
          (row) => JSON.stringify(Object.fromEntries(Object.entries(row).reverse())),
        ],
        ["bids, four key orders mixed", bid, (row, index) => JSON.stringify(rotate(row, index % 4))],
        ["bids, spaces behind colons and commas", bid, (row) => spaced(JSON.stringify(row))],
        ["bids, a string with escapes", bid, (row) => JSON.stringify({ ...row, channel: 'Go"ogle\n' })],
        ["bids, a string that is not ASCII", bid, (row) => JSON.stringify({ ...row, channel: "Zürich" })],
        ["bids, fields that no column takes", retained as never, (row) => JSON.stringify(row)],
      ]
    for (const [metric, contract, write] of cases) {
      const posts = makePosts(write)
      const value = medianRate(rows, posts, decodeWith(contract))
      const baseline = medianRate(rows, posts, parseIntoColumns)
      report({ metric, value, unit: "events/s", baseline })
    }
  },
}

function decodeWith(contract: typeof bid): (post: Uint8Array) => number {
  const decoder = createJsonDecoder(contract)
  return (post) => {
    const decoded = decoder.decode(post, "ndjson")
    if (decoded.batch.length !== ROWS_PER_POST) throw new Error(decoded.rejected[0]?.message)
    return decoded.batch.length
  }
}

const utf8 = new TextDecoder()

function parseIntoColumns(post: Uint8Array): number {
  const lines = utf8.decode(post).split("\n")
  const auction = new Float64Array(lines.length)
  const bidder = new Float64Array(lines.length)
  const price = new Float64Array(lines.length)
  const dateTime = new Float64Array(lines.length)
  const strings: [string[], string[], string[]] = [[], [], []]
  for (let i = 0; i < lines.length; i++) {
    const row = JSON.parse(lines[i]!) as Record<string, never>
    auction[i] = row["auction"]!
    bidder[i] = row["bidder"]!
    price[i] = row["price"]!
    dateTime[i] = Date.parse(row["dateTime"]!)
    strings[0].push(row["channel"]!)
    strings[1].push(row["url"]!)
    strings[2].push(row["extra"]!)
  }
  return lines.length
}

function medianRate(
  rows: number,
  posts: readonly Uint8Array[],
  decode: (post: Uint8Array) => number,
): number {
  const rates: number[] = []
  for (let run = 0; run < RUNS; run++) {
    let done = 0
    const started = performance.now()
    for (let i = 0; done < rows; i++) done += decode(posts[i % posts.length]!)
    rates.push((done / (performance.now() - started)) * 1000)
  }
  return rates.sort((a, b) => a - b)[RUNS >> 1]!
}

function makePosts(write: (bid: Bid, row: number) => string): Uint8Array[] {
  const random = new SeededRandom(7)
  const encoder = new TextEncoder()
  return Array.from({ length: POSTS }, () => {
    const lines = Array.from({ length: ROWS_PER_POST }, (_, row) => write(makeBid(random), row))
    return encoder.encode(lines.join("\n"))
  })
}

const CHANNELS = ["Google", "Facebook", "Baidu", "Apple"]

function makeBid(random: SeededRandom): Bid {
  const row = {
    auction: 1000 + random.below(1_000_000),
    bidder: 1000 + random.below(1_000_000),
    price: 100 + random.below(100_000_000),
    channel: CHANNELS[random.below(CHANNELS.length)],
    url: `https://www.nexmark.com/${letters(random, 5)}/item.htm?query=1&channel_id=${random.below(10_000)}`,
    dateTime: new Date(1_714_521_600_000 + random.below(86_400_000)).toISOString(),
    extra: "",
  }
  return { ...row, extra: letters(random, Math.max(0, EVENT_BYTES - JSON.stringify(row).length)) }
}

function letters(random: SeededRandom, length: number): string {
  return String.fromCharCode(...Array.from({ length }, () => 97 + random.below(26)))
}

function rotate(row: Bid, by: number): Bid {
  const entries = Object.entries(row)
  return Object.fromEntries([...entries.slice(by), ...entries.slice(0, by)])
}

function spaced(json: string): string {
  return json.replaceAll('":', '": ').replaceAll(',"', ', "')
}
