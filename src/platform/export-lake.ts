/**
 * Writes an event's history from the lake into one file, by a ClickHouse of its own. The lake is only read,
 * so a platform may be running on it.
 */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeProcesses } from "../std/node/child-process.ts"
import { NodeClock } from "../std/node/clock.ts"
import { NodeDisk } from "../std/node/disk.ts"
import { HttpTransport } from "../std/node/http-transport.ts"
import { NodeRandom } from "../std/node/random.ts"
import { NodeScheduler } from "../std/node/scheduler.ts"
import { type ClickHouse, queryRows } from "../stores/clickhouse.ts"
import { openEmbeddedClickHouse } from "../stores/hot/open-embedded-clickhouse.ts"
import { Lake } from "../stores/lake/lake.ts"
import { lakeSource } from "../stores/lake/lake-source.ts"
import { exportFailed } from "./project-errors.ts"
import { LAKE_FOLDER } from "./project-lake.ts"

export type ExportFormat = "parquet" | "orc" | "avro" | "csv" | "ndjson"

const CLICKHOUSE_FORMAT: Readonly<Record<ExportFormat, string>> = {
  parquet: "Parquet",
  orc: "ORC",
  avro: "Avro",
  csv: "CSVWithNames",
  ndjson: "JSONEachRow",
}
const SETTINGS = { output_format_avro_string_column_pattern: "^[^_].*|_topic|_contract_version" }
/** Files are written in pieces, so the engine needs no more than some row groups. */
const MEMORY_BYTES = 2 ** 30

export interface ExportRequest {
  readonly event: string
  readonly format: ExportFormat
  /** Absolute. */
  readonly to: string
  /** Append times, from inclusive to exclusive. */
  readonly fromMs: number | null
  readonly untilMs: number | null
  /** Absolute. */
  readonly dataDirectory: string
}

/** @throws PlatformError unknown-lake-table, export-failed, store-unavailable */
export async function exportLake(request: ExportRequest): Promise<{ rows: number; bytes: number }> {
  const { event, to, dataDirectory, format } = request
  if (fs.existsSync(to)) throw exportFailed(to, "it exists already; name another file, or remove it")
  const [clock, random, disk] = [new NodeClock(), new NodeRandom(), new NodeDisk()]
  const lake = Lake.open({ disk, clock, random, directory: `${dataDirectory}/${LAKE_FOLDER}`, logId: null })
  const { from, files } = lakeSource(lake, event)
  const filtered = `${from} WHERE ${conditionOf(request)}`
  const directory = fs.mkdtempSync(join(tmpdir(), "millrace-export-"))
  try {
    await using clickhouse = openEmbeddedClickHouse({
      ...{ directory, memoryBytes: MEMORY_BYTES, clock, random },
      scheduler: new NodeScheduler(),
      processes: new NodeProcesses(),
      transport: (path) => new HttpTransport({ kind: "socket", path }),
      surroundings: { temporaryDirectory: tmpdir(), memoryDirectory: null },
    })
    await clickhouse.whenReady()
    const [counted] = await queryRows<{ n: string }>(clickhouse, `SELECT count() AS n FROM ${filtered}`)
    const sql = `SELECT * FROM ${filtered} ORDER BY _topic, _partition, _offset`
    const bytes = await writeAnswer(clickhouse, sql, { to, format: CLICKHOUSE_FORMAT[format], files })
    return { rows: Number(counted!.n), bytes }
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

function conditionOf({ fromMs, untilMs }: ExportRequest): string {
  const bound = (comparison: string, ms: number | null) =>
    ms === null ? [] : [`processed_at ${comparison} fromUnixTimestamp64Milli(toInt64(${ms}), 'UTC')`]
  return [...bound(">=", fromMs), ...bound("<", untilMs), "1"].join(" AND ")
}

async function writeAnswer(
  clickhouse: ClickHouse,
  sql: string,
  { to, format, files }: { readonly to: string; readonly format: string; readonly files: readonly string[] },
): Promise<number> {
  const aside = `${to}.partial`
  let bytes = 0
  try {
    const file = fs.openSync(aside, "w")
    try {
      const answer = await clickhouse.query(sql, { format, settings: SETTINGS })
      for await (const piece of answer.body) bytes += fs.writeSync(file, piece)
      fs.fsyncSync(file)
      // ClickHouse passes over files that are not there.
      const gone = files.find((path) => !fs.existsSync(path))
      if (gone !== undefined) throw new Error(`${gone} expired while it was read; export again`)
    } finally {
      fs.closeSync(file)
    }
    fs.renameSync(aside, to)
  } catch (error) {
    fs.rmSync(aside, { force: true })
    throw exportFailed(to, error instanceof Error ? error.message : String(error), error)
  }
  return bytes
}
