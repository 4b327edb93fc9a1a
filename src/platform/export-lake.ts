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
import { queryRows } from "../stores/clickhouse.ts"
import { openEmbeddedClickHouse } from "../stores/hot/open-embedded-clickhouse.ts"
import { AVRO_TEXT_COLUMNS } from "../stores/hot/query-formats.ts"
import { Lake } from "../stores/lake/lake.ts"
import { lakeSource } from "../stores/lake/lake-source.ts"
import { refuseExisting, writeExport } from "./export-file.ts"
import { LAKE_FOLDER } from "./project-lake.ts"

export type ExportFormat = "parquet" | "orc" | "avro" | "csv" | "ndjson"

const CLICKHOUSE_FORMAT: Readonly<Record<ExportFormat, string>> = {
  parquet: "Parquet",
  orc: "ORC",
  avro: "Avro",
  csv: "CSVWithNames",
  ndjson: "JSONEachRow",
}
const SETTINGS = { output_format_avro_string_column_pattern: AVRO_TEXT_COLUMNS }
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
  refuseExisting(to)
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
      // What it cannot answer it says to whoever asks.
      report: () => undefined,
    })
    await clickhouse.whenReady()
    const [counted] = await queryRows<{ n: string }>(clickhouse, `SELECT count() AS n FROM ${filtered}`)
    const sql = `SELECT * FROM ${filtered} ORDER BY _topic, _partition, _offset`
    const answer = await clickhouse.query(sql, { format: CLICKHOUSE_FORMAT[format], settings: SETTINGS })
    const bytes = await writeExport(to, answer.body, () => refuseExpired(files))
    return { rows: Number(counted!.n), bytes }
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

/** True when the lake of a data directory has a table of the event. */
export function isArchived(dataDirectory: string, event: string): boolean {
  return fs.existsSync(`${dataDirectory}/${LAKE_FOLDER}/${event}/metadata`)
}

function conditionOf({ fromMs, untilMs }: ExportRequest): string {
  const bound = (comparison: string, ms: number | null) =>
    ms === null ? [] : [`processed_at ${comparison} fromUnixTimestamp64Milli(toInt64(${ms}), 'UTC')`]
  return [...bound(">=", fromMs), ...bound("<", untilMs), "1"].join(" AND ")
}

/** ClickHouse passes over files that are not there. */
function refuseExpired(files: readonly string[]): void {
  const gone = files.find((path) => !fs.existsSync(path))
  if (gone !== undefined) throw new Error(`${gone} expired while it was read; export again`)
}
