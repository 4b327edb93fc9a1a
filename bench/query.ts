/** How long ad-hoc queries take over ten million stored rows, through gate, limits and HTTP of the store. */

import { NodeClock } from "../src/std/node/clock.ts"
import { NodeRandom } from "../src/std/node/random.ts"
import { NodeScheduler } from "../src/std/node/scheduler.ts"
import { queryRows } from "../src/stores/clickhouse.ts"
import { ClickHouseQueryEngine } from "../src/stores/hot/clickhouse-query-engine.ts"
import { RunQueries } from "../src/stores/hot/run-queries.ts"
import { openEmbeddedStore } from "../test/kit/embedded-store.ts"
import type { Bench } from "./figure.ts"

const ROWS = 10_000_000
const RUNS = 5

const QUESTIONS: readonly (readonly [metric: string, sql: string])[] = [
  ["no table", "SELECT 1"],
  ["count of all rows", "SELECT count() FROM flight"],
  ["one row by its key", "SELECT * FROM flight WHERE id = 4200000"],
  ["count and average per carrier", "SELECT carrier, count(), avg(delay) FROM flight GROUP BY carrier"],
  ["p95 per hour", "SELECT toStartOfHour(at) AS h, quantile(0.95)(delay) FROM flight GROUP BY h ORDER BY h"],
  ["distinct keys, approximately", "SELECT uniq(aircraft) FROM flight"],
  [
    "top 10 of 100 k keys",
    "SELECT aircraft, sum(delay) AS s FROM flight GROUP BY aircraft ORDER BY s DESC LIMIT 10",
  ],
]

export const bench: Bench = {
  name: "query",
  about:
    "Ad-hoc queries over 10 M rows, gate and limits included; baseline: the same SQL straight to the store.",
  run: async (report, { scale }) => {
    await using store = await openEmbeddedStore()
    const { clickhouse } = store
    await clickhouse.command("CREATE DATABASE events")
    await clickhouse.command(`CREATE TABLE events.flight (id Int64, carrier LowCardinality(String),
      aircraft String, delay Int32, at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY id`)
    await clickhouse.command(`INSERT INTO events.flight
      SELECT number, ['AA', 'BA', 'LH', 'QF'][rand() % 4 + 1], 'N' || toString(rand(1) % 100000),
        rand(2) % 300 - 20, toDateTime64('2026-01-01 00:00:00', 6, 'UTC') + number / 10
      FROM numbers(${Math.round(ROWS * scale)})`)
    const queries = new RunQueries({
      engine: () => new ClickHouseQueryEngine(clickhouse),
      clock: new NodeClock(),
      scheduler: new NodeScheduler(),
      random: new NodeRandom(),
    })
    for (const [metric, sql] of QUESTIONS) {
      const value = await median(() => ask(queries, sql))
      const direct = sql.replace("FROM flight", "FROM events.flight")
      const baseline = await median(() => queryRows(clickhouse, direct, { role: "reader" }))
      report({ metric, value, unit: "ms", baseline })
    }
  },
}

async function ask(queries: RunQueries, sql: string): Promise<void> {
  const { signal } = new AbortController()
  const given = {
    sql,
    params: {},
    format: "json",
    numbers: "string",
    timeoutMs: 60_000,
    queryId: null,
  } as const
  const { body } = await queries.run({ ...given, signal })
  for await (const piece of body) if (piece.length === 0) throw new Error("a piece without bytes")
}

async function median(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const startedMs = performance.now()
    await call()
    times.push(performance.now() - startedMs)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN
}
