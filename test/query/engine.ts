/** The embedded store with tables to ask, and the queries' engine over it. */

import { queryRows } from "../../src/stores/clickhouse.ts"
import { ClickHouseQueryEngine } from "../../src/stores/hot/clickhouse-query-engine.ts"
import type { EmbeddedClickHouse } from "../../src/stores/hot/embedded-clickhouse.ts"
import type { QueryEngine } from "../../src/stores/hot/query-engine.ts"
import { openEmbeddedStore } from "../kit/embedded-store.ts"

export interface TestEngine extends QueryEngine, AsyncDisposable {
  readonly clickhouse: EmbeddedClickHouse
  /** Queries of readers that run in the engine now. */
  runningIds(): Promise<string[]>
}

/** Columns of a kind that contracts make. */
const CLICK = `id Int64, user_id String, plan LowCardinality(String), amount Decimal(18, 2),
  duration_ms Float64, clicked_at DateTime64(6, 'UTC'), tags Array(String), payload String,
  referrer Nullable(String), processed_at DateTime64(6, 'UTC')`
const ORDER = "ENGINE = MergeTree ORDER BY (id, cityHash64(user_id)) SAMPLE BY cityHash64(user_id)"

const TABLES = [
  "CREATE DATABASE events",
  "CREATE DATABASE views",
  "CREATE DATABASE lake",
  "CREATE DATABASE secrets",
  "CREATE DATABASE _views",
  `CREATE TABLE _views.shown (plan String, _version UInt64)
   ENGINE = ReplacingMergeTree(_version) ORDER BY plan`,
  "CREATE VIEW views.shown AS SELECT plan FROM _views.shown FINAL",
  "CREATE TABLE secrets.keys (k String) ENGINE = MergeTree ORDER BY k",
  `CREATE TABLE events.click (${CLICK}) ${ORDER}`,
  `CREATE TABLE events.purchase (id Int64, user_id String, paid_at DateTime64(6, 'UTC'))
   ENGINE = MergeTree ORDER BY id`,
  `CREATE TABLE views.clicks_per_plan (plan String, hour DateTime64(6, 'UTC'), count Int64)
   ENGINE = MergeTree ORDER BY plan`,
  "CREATE TABLE views.signups (plan String) ENGINE = ReplacingMergeTree ORDER BY plan",
]

export async function openTestEngine(): Promise<TestEngine> {
  const store = await openEmbeddedStore()
  const { clickhouse } = store
  for (const sql of TABLES) await clickhouse.command(sql)
  const engine = new ClickHouseQueryEngine(clickhouse)
  return {
    clickhouse,
    ask: (sql, params) => engine.ask(sql, params),
    stream: (query) => engine.stream(query),
    runningIds: async () => {
      const sql =
        "SELECT Settings['log_comment'] AS id FROM system.processes WHERE Settings['readonly'] = '1'"
      return (await queryRows<{ id: string }>(clickhouse, sql)).map(({ id }) => id)
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
