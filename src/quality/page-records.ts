/**
 * The records of a page's rows. A log is read batch by batch, and a batch holds thousands of records: each is
 * read once for all of the page's rows that it has. What one page may read is bounded; it ends there.
 */
import type { Log } from "../log/log.ts"
import { type StoredRecord, storedRecords } from "../log/stored-records.ts"
import { isPlatformError } from "../std/errors.ts"

/** A dozen large batches: some tens of milliseconds of the thread that serves everybody. */
export const PAGE_READ_BYTES = 16 * 1024 * 1024

export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Of the first rows, in their order, at least of one; null for what the log does not have any more. */
export async function pageRecords(
  log: Log,
  rows: readonly RecordPlace[],
  maxBytes = PAGE_READ_BYTES,
): Promise<readonly (StoredRecord | null)[]> {
  const wanted = new Map<string, Set<number>>()
  for (const row of rows) {
    const offsets = wanted.get(partitionOf(row)) ?? new Set()
    wanted.set(partitionOf(row), offsets.add(row.offset))
  }
  const found = new Map<string, StoredRecord>()
  const records: (StoredRecord | null)[] = []
  let bytes = 0
  for (const row of rows) {
    const partition = partitionOf(row)
    if (!found.has(`${partition}/${row.offset}`)) {
      if (bytes >= maxBytes) break
      const batches = await batchesAt(log, row)
      bytes += batches.length
      for (const record of storedRecords(batches, (offset) => wanted.get(partition)!.has(offset))) {
        found.set(`${partition}/${record.offset}`, record)
      }
    }
    records.push(found.get(`${partition}/${row.offset}`) ?? null)
  }
  return records
}

/** The batch that has the row; none where it is gone. */
async function batchesAt(log: Log, place: RecordPlace): Promise<Uint8Array> {
  try {
    return (await log.read({ ...place, maxBytes: 1 })).batches
  } catch (error) {
    if (isPlatformError(error, "offset-out-of-range")) return new Uint8Array(0)
    throw error
  }
}

function partitionOf({ topic, partition }: RecordPlace): string {
  return `${topic}/${partition}`
}
