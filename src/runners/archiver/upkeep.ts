/**
 * What a table needs now and then: small files of a day become few of a good size, sorted by partition and
 * offset; old snapshots go, and later the files that only they had. Each step is a commit of its own, so a
 * crash between any two leaves a whole table.
 */
import type { EventContract } from "../../contracts/contract.ts"
import type { Clock } from "../../std/clock.ts"
import { type GroupRange, readGroup, readGroups } from "../../stores/lake/data-file-reader.ts"
import { FIRST_CONTRACT_ID } from "../../stores/lake/iceberg-schema.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import type { LakeTable, NewDataFile, OpenDataFile } from "../../stores/lake/lake-table.ts"
import type { DataFile } from "../../stores/lake/manifest.ts"
import { readBack } from "./read-back.ts"
import { recordColumnsOf } from "./record-columns-of.ts"
import { RecordRows, runsOf } from "./record-rows.ts"

/** Files below this are put together. */
const SMALL_BYTES = 32 * 1024 * 1024
/** What one rewrite reads: bounds its time and the space that it takes until the old files go. */
const MAX_BYTES = 256 * 1024 * 1024
const TARGET_BYTES = 128 * 1024 * 1024

export interface UpkeepParts {
  readonly lake: Lake
  readonly clock: Clock
  readonly contracts: ReadonlyMap<string, EventContract>
  readonly limits: { readonly snapshotMs: number; readonly graceMs: number; readonly smallFiles: number }
}

/** @throws PlatformError of the disk; the table is then as the disk has it. */
export async function upkeep(parts: UpkeepParts, name: string): Promise<void> {
  const { lake, clock, limits } = parts
  for (const files of rewritesOf(lake.table(name), limits.smallFiles)) await compact(parts, name, files)
  const oldestMs = clock.nowMs() - limits.snapshotMs
  lake.table(name).expire((snapshot) => snapshot["timestamp-ms"] >= oldestMs)
  lake.collect(name, limits.graceMs)
}

/**
 * Groups of small files of a day, oldest day first: a pure decision. A file larger than all smaller ones
 * together waits until they have grown, so that no row is written again more than a few times.
 */
export function rewritesOf(table: Pick<LakeTable, "dataFiles">, minFiles: number): DataFile[][] {
  const small = table.dataFiles().filter(({ sizeBytes }) => sizeBytes < SMALL_BYTES)
  const byDay = Map.groupBy(small, ({ day }) => day)
  return [...byDay]
    .sort(([a], [b]) => a - b)
    .flatMap(([, files]) => {
      const group = files.sort((a, b) => a.sizeBytes - b.sizeBytes)
      while (bytesOf(group) > MAX_BYTES) group.pop()
      while (group.length > 1 && group.at(-1)!.sizeBytes > bytesOf(group.slice(0, -1))) group.pop()
      return group.length >= minFiles ? [group] : []
    })
}

function bytesOf(files: readonly DataFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

async function compact(parts: UpkeepParts, name: string, files: readonly DataFile[]): Promise<void> {
  const { lake, contracts } = parts
  const table = lake.table(name)
  const contract = contracts.get(name) ?? null
  // Without its contract an event's typed columns could not be made again.
  if (contract === null && table.schema.fields.some(({ id }) => id >= FIRST_CONTRACT_ID)) return
  const rows = new RecordRows(contract)
  const finished: NewDataFile[] = []
  let open: OpenDataFile | null = null
  let before: GroupRange | null = null
  try {
    for (const range of rangesOf(table, files)) {
      open ??= table.createFile(files[0]!.day)
      if (before !== null && !samePartition(before, range)) open.writer.endGroup()
      before = range
      const records = recordColumnsOf(await readGroup(table.disk, range))
      for (const run of runsOf(records, 0, Number.MAX_SAFE_INTEGER))
        open.writer.append(rows.of(range, records, run))
      if (open.writer.sizeBytes < TARGET_BYTES) continue
      finished.push(await open.finish())
      open = null
    }
    if (open !== null) finished.push(await open.finish())
    open = null
    const snapshot = table.replace(finished, files)
    await readBack(lake, name, snapshot, finished)
  } catch (error) {
    open?.abandon()
    const referenced = lake.reopen(name)?.referencedFiles() ?? new Set()
    for (const { path } of finished) if (!referenced.has(path)) table.disk.remove(path)
    throw error
  }
}
function samePartition(a: GroupRange, b: GroupRange): boolean {
  return a.topic === b.topic && a.partition === b.partition
}

/** All row groups by topic, partition and offset. */
function rangesOf(table: LakeTable, files: readonly DataFile[]): GroupRange[] {
  return files
    .flatMap(({ path }) => readGroups(table.disk, table.local(path)))
    .sort((a, b) => {
      if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
      return a.partition - b.partition || a.firstOffset - b.firstOffset
    })
}
