/** A real embedded ClickHouse in this process, with tables to ask. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Session } from "chdb"
import type { AskEngine } from "../../src/stores/hot/gate/gate.ts"

export interface TestEngine extends Disposable {
  readonly ask: AskEngine
  readonly session: Session
}

/** Columns of a kind that contracts make. */
const CLICK = `id Int64, user_id String, plan LowCardinality(String), amount Decimal(18, 2), duration_ms Float64,
  clicked_at DateTime64(6, 'UTC'), tags Array(String), payload String, referrer Nullable(String),
  processed_at DateTime64(6, 'UTC')`

export function openTestEngine(): TestEngine {
  const directory = mkdtempSync(join(tmpdir(), "millrace-gate-"))
  const session = new Session(directory)
  const ask: AskEngine = async (sql, params) =>
    Object.keys(params).length === 0 ? session.query(sql, "TSVRaw") : session.queryBind(sql, params, "TSVRaw")
  for (const database of ["events", "views"]) session.query(`CREATE DATABASE ${database}`)
  session.query(
    `CREATE TABLE events.click (${CLICK}) ENGINE = MergeTree ORDER BY (id, cityHash64(user_id)) SAMPLE BY cityHash64(user_id)`,
  )
  session.query(
    "CREATE TABLE events.purchase (id Int64, user_id String, paid_at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY id",
  )
  session.query(
    "CREATE TABLE views.clicks_per_plan (plan String, hour DateTime64(6, 'UTC'), count Int64) ENGINE = MergeTree ORDER BY plan",
  )
  session.query("CREATE TABLE views.signups (plan String) ENGINE = ReplacingMergeTree ORDER BY plan")
  const close = () => {
    session.close()
    rmSync(directory, { recursive: true, force: true })
  }
  return { ask, session, [Symbol.dispose]: close }
}
