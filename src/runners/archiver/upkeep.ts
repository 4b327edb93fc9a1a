/**
 * What a table needs now and then: small files of a day become few of a good size, sorted by partition and
 * offset; old snapshots go, and later the files that only they had. Each step is a commit of its own, so a
 * crash between any two leaves a whole table.
 */
import type { EventContract } from "../../contracts/contract.ts"
import type { Clock } from "../../std/clock.ts"
import { FIRST_CONTRACT_ID } from "../../stores/lake/iceberg-schema.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import type { LakeTable } from "../../stores/lake/lake-table.ts"
import type { DataFile, ListedFile } from "../../stores/lake/manifest.ts"
import { readBack } from "./read-back.ts"
import type { Workshop } from "./workshop.ts"

/** Files below this are put together. */
const SMALL_BYTES = 32 * 1024 * 1024
/** What one rewrite reads: bounds its time and the space that it takes until the old files go. */
const MAX_BYTES = 256 * 1024 * 1024

export interface UpkeepParts {
  readonly lake: Lake
  readonly workshop: Workshop
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
export function rewritesOf(table: Pick<LakeTable, "dataFiles">, minFiles: number): ListedFile[][] {
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

function bytesOf(files: readonly ListedFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

async function compact(parts: UpkeepParts, name: string, files: readonly ListedFile[]): Promise<void> {
  const { lake, contracts, workshop } = parts
  const table = lake.table(name)
  // Without its contract an event's typed columns could not be made again.
  if (!contracts.has(name) && table.schema.fields.some(({ id }) => id >= FIRST_CONTRACT_ID)) return
  let finished: readonly DataFile[] | null = null
  try {
    const { directory, schema } = table
    const paths = files.map(({ path }) => table.local(path))
    await workshop.call("beginCompaction", { table: { name, directory, schema }, day: files[0]!.day, paths })
    while (finished === null) finished = await workshop.call("compact")
    readBack(lake, name, table.replace(finished, files), finished)
  } catch (error) {
    await workshop.call("abandon")
    const referenced = lake.reopen(name)?.referencedFiles() ?? new Set()
    for (const { path } of finished ?? []) if (!referenced.has(path)) table.disk.remove(path)
    throw error
  }
}
