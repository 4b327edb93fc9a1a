/**
 * Opens lake and archiver of a platform. Readers of the log are given `history` instead; `start` comes when
 * the topics are there.
 */
import { acceptedRows } from "../../contracts/accepted-rows.ts"
import type { EventContract } from "../../contracts/contract.ts"
import type { Log } from "../../log/log.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import type { Random } from "../../std/random.ts"
import type { LakeTables } from "../../stores/hot/lake-views.ts"
import { Lake } from "../../stores/lake/lake.ts"
import { lakeSource } from "../../stores/lake/lake-source.ts"
import type { LakeTable } from "../../stores/lake/lake-table.ts"
import type { MetricSample } from "../runtime.ts"
import { Archiver, type ArchiverLimits } from "./archiver.ts"
import { HistoryLog } from "./history-log.ts"
import { openInlineWorkshop } from "./inline-workshop.ts"
import type { LakeService, LakeTableStatus } from "./lake-service.ts"
import { columnsOf } from "./topic-pass.ts"
import { groupReaderOf, type Workshop } from "./workshop.ts"

export interface OpenLakeOptions {
  readonly log: Log
  readonly disk: Disk
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  /** Absolute. */
  readonly directory: string
  readonly contracts: readonly EventContract[]
  readonly limits?: Partial<ArchiverLimits>
  readonly internalTopics?: readonly string[]
  readonly report: (message: string) => void
  /**
   * What does the work that takes time; closed with the lake.
   * @default in this thread
   */
  readonly workshop?: Workshop
}

export interface OpenedLake extends AsyncDisposable {
  readonly lake: Lake
  readonly archiver: Archiver
  /** Log and lake as one. */
  readonly history: Log
  readonly service: LakeService
}

/** @throws PlatformError lake-metadata-corrupt, lake-of-another-log, lake-ahead-of-log, disk-failed */
export async function openLake(options: OpenLakeOptions): Promise<OpenedLake> {
  const { log, contracts } = options
  const workshop =
    options.workshop ?? openInlineWorkshop({ ...options, contracts: contracts.map(acceptedRows) })
  const lake = Lake.open({ ...options, logId: log.logId, reader: groupReaderOf(workshop) })
  const archiver = new Archiver({ ...options, lake, workshop })
  await archiver.prepare()
  const service: LakeService = {
    status: () => ({ ...archiver.status(), tables: lake.tables().map(tableStatus) }),
    metrics: () => metricsOf(lake, archiver),
    ...tablesOf(lake, options.contracts),
  }
  const dispose = async () => {
    await archiver[Symbol.asyncDispose]()
    await workshop[Symbol.asyncDispose]()
  }
  return { lake, archiver, history: new HistoryLog(log, lake), service, [Symbol.asyncDispose]: dispose }
}

/** What queries may ask: also events of which nothing is archived yet. */
export function tablesOf(lake: Lake, contracts: readonly EventContract[]): LakeTables {
  const declared = new Map(contracts.map((contract) => [contract.name, columnsOf(contract)]))
  return {
    names: () => [...new Set([...declared.keys(), ...lake.tables().map(({ name }) => name)])],
    source: (event, moment) => lakeSource(lake, event, { moment, declared: declared.get(event) ?? null }),
  }
}

function tableStatus(table: LakeTable): LakeTableStatus {
  const { metadata, schema } = table
  return {
    event: table.name,
    location: table.directory,
    ...sizeOf(table),
    snapshots: metadata.snapshots.map((snapshot) => ({
      id: String(snapshot["snapshot-id"]),
      atMs: snapshot["timestamp-ms"],
      operation: snapshot.summary.operation,
    })),
    archived: Object.fromEntries(table.offsets),
    columns: schema.fields.map(({ name }) => name),
  }
}

function sizeOf(table: LakeTable): { rows: number; files: number; bytes: number } {
  const files = table.dataFiles()
  return {
    rows: files.reduce((sum, { recordCount }) => sum + recordCount, 0),
    files: files.length,
    bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
}

function metricsOf(lake: Lake, archiver: Archiver): MetricSample[] {
  const status = archiver.status()
  const sample = (
    type: MetricSample["type"],
    name: string,
    help: string,
    value: number,
    labels: MetricSample["labels"] = {},
  ): MetricSample => ({ name: `millrace_lake_${name}`, type, help, labels, value })
  return [
    sample("counter", "archived_rows_total", "Rows moved to the lake since the start.", status.archivedRows),
    sample("counter", "archived_bytes_total", "Bytes of the log moved to the lake.", status.archivedBytes),
    sample("gauge", "waiting_records", "In the log, not yet in the lake.", status.waitingRecords),
    sample(
      "gauge",
      "failing",
      "1 while the archiver waits for disk or log.",
      status.lastError === null ? 0 : 1,
    ),
    ...lake.tables().flatMap((table) => {
      const { rows, files, bytes } = sizeOf(table)
      const labels = { event: table.name }
      return [
        sample("gauge", "rows", "Rows in the lake.", rows, labels),
        sample("gauge", "files", "Data files in the lake.", files, labels),
        sample("gauge", "bytes", "Bytes of data files in the lake.", bytes, labels),
      ]
    }),
  ]
}
