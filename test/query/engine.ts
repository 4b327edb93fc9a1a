/** A real embedded ClickHouse in this process, with tables to ask and both walls around it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Session } from "chdb"
import type { EngineQuery, QueryEngine } from "../../src/stores/hot/query-engine.ts"
import { BECOME_READER, engineConfig, engineUsers } from "../../src/stores/hot/reader-rights.ts"

export interface TestEngine extends QueryEngine, Disposable {
  /** Has all rights. */
  readonly session: Session
  /** Queries that run in the engine now. */
  runningIds(): Promise<string[]>
  /** A connection with a reader's rights. */
  openReader(): Session
}

/** Columns of a kind that contracts make. */
const CLICK = `id Int64, user_id String, plan LowCardinality(String), amount Decimal(18, 2),
  duration_ms Float64, clicked_at DateTime64(6, 'UTC'), tags Array(String), payload String, referrer Nullable(String),
  processed_at DateTime64(6, 'UTC')`
const ORDER = "ENGINE = MergeTree ORDER BY (id, cityHash64(user_id)) SAMPLE BY cityHash64(user_id)"

const TABLES = [
  "CREATE DATABASE events",
  "CREATE DATABASE views",
  "CREATE DATABASE lake",
  `CREATE TABLE events.click (${CLICK}) ${ORDER}`,
  `CREATE TABLE events.purchase (id Int64, user_id String, paid_at DateTime64(6, 'UTC'))
   ENGINE = MergeTree ORDER BY id`,
  `CREATE TABLE views.clicks_per_plan (plan String, hour DateTime64(6, 'UTC'), count Int64)
   ENGINE = MergeTree ORDER BY plan`,
  "CREATE TABLE views.signups (plan String) ENGINE = ReplacingMergeTree ORDER BY plan",
]

export function openTestEngine(): TestEngine {
  const directory = mkdtempSync(join(tmpdir(), "millrace-query-"))
  const users = join(directory, "users.xml")
  const config = join(directory, "config.xml")
  writeFileSync(users, engineUsers())
  writeFileSync(config, engineConfig(users))
  const open = () => new Session(join(directory, "data"), { connectionArgs: [`--config-file=${config}`] })
  const session = open()
  for (const sql of TABLES) session.query(sql)
  const openReader = () => {
    const reader = open()
    for (const sql of BECOME_READER) reader.query(sql)
    return reader
  }
  const gate = openReader()
  return {
    session,
    openReader,
    ask: async (sql, params) => {
      setParams(gate, params)
      return gate.query(sql, "TSVRaw")
    },
    stream: (query) => answer(session, openReader(), query),
    runningIds: async () => {
      const sql = "SELECT Settings['log_comment'] FROM system.processes WHERE Settings['log_comment'] != ''"
      return (await session.queryAsync(sql, { format: "TSV" })).text().split("\n").filter(Boolean)
    },
    [Symbol.dispose]() {
      gate.close()
      session.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Text rows stream; the other formats come in one piece, because each chunk of a stream is a document. */
async function* answer(admin: Session, reader: Session, query: EngineQuery): AsyncGenerator<Uint8Array> {
  const { signal, queryId, format, sql } = query
  const kill = () => void admin.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${quoted(queryId)}`)
  signal.addEventListener("abort", kill)
  try {
    reader.query(`USE ${query.database}`)
    setParams(reader, query.params)
    for (const [name, value] of Object.entries({ ...query.settings, log_comment: queryId })) {
      reader.query(`SET ${name} = ${quoted(value)}`)
    }
    if (format !== "JSONEachRow") {
      yield (await reader.queryAsync(sql, { format })).bytes()
      return
    }
    for await (const chunk of reader.queryStream(sql, { format })) yield chunk.raw()
  } finally {
    signal.removeEventListener("abort", kill)
    reader.close()
  }
}

function setParams(session: Session, params: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(params)) session.query(`SET param_${name} = ${quoted(value)}`)
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
}
