/**
 * How fast ClickHouse computes a view again from the bytes of the log. CPU time is the platform's and the
 * store's together, so that a machine's other load does not count.
 */
import { readFileSync } from "node:fs"
import { nativeBlock, stringColumn } from "../src/runners/clickhouse/native-block.ts"
import type { ClickHouse } from "../src/stores/clickhouse.ts"
import { queryRows } from "../src/stores/clickhouse.ts"
import { openEmbeddedStore } from "../test/kit/embedded-store.ts"
import { openVerifyWorld, type VerifyWorld } from "../test/verify/verify-world.ts"
import type { Bench } from "./figure.ts"

const EVENTS = 400_000
const EVENTS_PER_POST = 5_000
const RUNS = 3
/** What Linux counts processes' CPU time in. */
const TICKS_PER_SECOND = 100

const PROJECT = `# Nexmark's bids
event bid (auction int64, bidder int64, price int64, channel string, url string, at timestamp, extra string) \
out of order 60s
view per_minute
SELECT window_start, channel, count(*) AS bids FROM tumble(bid, at, INTERVAL '1 minute')
GROUP BY window_start, channel
view all_columns (unbounded)
SELECT channel, count(*) AS bids, sum(price) AS volume, max(bidder) AS bidder, max(url) AS url, max(at) AS at,
min(extra) AS extra, max(auction) AS auction FROM bid GROUP BY channel
rows bid
`

export const bench: Bench = {
  name: "verify",
  about: "Verification of 212-byte bids, CPU of platform and store; baseline: count(*) over the same bytes.",
  run: async (report, { scale }) => {
    await using store = await openEmbeddedStore()
    const { clickhouse } = store
    await using world = await openVerifyWorld({ clickhouse, project: PROJECT })
    const events = Math.max(EVENTS_PER_POST, Math.round(EVENTS * scale))
    await fill(world, events)
    const { pid } = clickhouse.status
    const baseline = await countOfBytes(clickhouse, events, pid!)
    for (const view of ["per_minute", "all_columns"]) {
      const seconds = await median(async () => {
        const before = cpuSeconds(pid!)
        const { verdict, reason, eventsRead } = await world.verifier.verify(view)
        if (verdict !== "equal" || eventsRead !== events) throw new Error(`${view} is ${verdict}: ${reason}`)
        return cpuSeconds(pid!) - before
      })
      report({
        metric: `events of ${view}`,
        value: events / seconds,
        unit: "/CPU-s",
        baseline: events / baseline,
      })
    }
  },
}

const bidOf = (n: number) =>
  JSON.stringify({
    auction: (n * 7919) % 10_007,
    bidder: (n * 104_729) % 100_003,
    price: (n * 104_729) % 1_000_003,
    channel: `channel-${n % 10}`,
    url: `https://www.nexmark.com/item.htm?query=1&auction=${n}`,
    at: new Date(1_750_000_000_000 + n).toISOString(),
    extra: (n * 2_654_435_761).toString(36).padEnd(18, "x"),
  })

async function fill(world: VerifyWorld, events: number): Promise<void> {
  for (let from = 0; from < events; from += EVENTS_PER_POST) {
    const rows = Array.from({ length: Math.min(EVENTS_PER_POST, events - from) }, (_, i) => bidOf(from + i))
    await world.send("bid", rows.join("\n"))
  }
}

/** CPU seconds of reading the same values, already in a table, and counting them. */
async function countOfBytes(clickhouse: ClickHouse, events: number, pid: number): Promise<number> {
  await clickhouse.command("CREATE DATABASE bytes")
  await clickhouse.command("CREATE TABLE bytes.bid (value String) ENGINE = MergeTree ORDER BY tuple()")
  for (let from = 0; from < events; from += EVENTS_PER_POST) {
    const rows = Array.from({ length: Math.min(EVENTS_PER_POST, events - from) }, (_, i) => bidOf(from + i))
    const body = [nativeBlock([stringColumn("value", rows)], rows.length)]
    await clickhouse.insert({ table: "bytes.bid", columns: ["value"], format: "Native", body })
  }
  return await median(async () => {
    const before = cpuSeconds(pid)
    await queryRows(clickhouse, "SELECT count() FROM bytes.bid WHERE NOT ignore(value)")
    return cpuSeconds(pid) - before
  })
}

/** Of this process and of the store's. */
function cpuSeconds(pid: number): number {
  const { user, system } = process.cpuUsage()
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const [userTicks, systemTicks] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
  return (user + system) / 1e6 + (Number(userTicks) + Number(systemTicks)) / TICKS_PER_SECOND
}

async function median(run: () => Promise<number>): Promise<number> {
  const values: number[] = []
  for (let i = 0; i < RUNS; i++) values.push(await run())
  return values.toSorted((a, b) => a - b)[RUNS >> 1]!
}
