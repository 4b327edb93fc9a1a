/**
 * Remembers at start what was known before: the files that the checkpoint names, and the rows behind them
 * from the log. Without usable files the whole window is read from the log. The order does not matter, since
 * an id's latest occurrence is what counts.
 */
import { createJsonDecoder } from "../../contracts/json/decoder.ts"
import type { Log } from "../../log/log.ts"
import { isPlatformError } from "../../std/errors.ts"
import type { CheckpointManifest } from "./checkpoint-store.ts"
import { type EventLane, idsOf } from "./door.ts"
import type { Duplicates } from "./duplicates/duplicates.ts"
import { historyLoader, readRecords } from "./history.ts"
import type { Intake, PartitionPosition } from "./intake.ts"

export interface RecallParts {
  readonly log: Log
  readonly intake: Intake
  /** Of the checkpoint that was restored; null: none was. */
  readonly manifest: CheckpointManifest | null
  /** Of all checkpoints. */
  readonly kept: readonly CheckpointManifest[]
  readonly report: (message: string) => void
}

export async function recallDuplicates(lane: EventLane, parts: RecallParts): Promise<void> {
  const { log, intake } = parts
  const { duplicates, contract, topic } = lane
  if (duplicates === null || contract.dedupWindowMs === null) return
  const hasFiles = restoreFiles(duplicates, contract.name, parts)
  const positions = intake.positions().filter((position) => position.topic === topic.name)
  const sinceMs = (await oldestToCome(log, positions)) - contract.dedupWindowMs
  const ids = withIdOnly(lane)
  const load = historyLoader(log, new Map([[contract.name, ids]]))
  for (const position of positions) {
    const { partition, taken } = position
    let offset = Math.min(taken, await firstNeeded(duplicates, position, { ...parts, hasFiles, sinceMs }))
    duplicates.memory.startAt(partition, offset)
    while (offset < taken) {
      const { slices, nextOffset } = await load(topic.name, partition, offset, taken)
      for (const { batch, baseOffset, appendTimeMs, memory } of slices) {
        duplicates.rule(idsOf(ids.contract, batch, duplicates.seed), { partition, baseOffset, appendTimeMs })
        memory?.release()
      }
      if (nextOffset <= offset) break
      offset = nextOffset
    }
  }
}

/** Reads the column of ids alone: there may be millions of rows, and a start waits for them. */
function withIdOnly(lane: EventLane): EventLane {
  const { contract } = lane
  const fields = contract.fields.filter(({ name }) => name === contract.id)
  const idOnly = { ...contract, fields, unknownFields: "keep", rowSchema: null } as const
  return { ...lane, contract: idOnly, decoder: createJsonDecoder(idOnly) }
}

/** False when there are no files that are of use. */
function restoreFiles(
  duplicates: Duplicates,
  event: string,
  { manifest, report, ...parts }: RecallParts,
): boolean {
  const saved = manifest?.duplicates?.[event]
  const kept = parts.kept.flatMap(({ duplicates }) => duplicates?.[event] ?? [])
  if (saved === undefined) {
    duplicates.memory.clear(kept)
    return false
  }
  try {
    duplicates.memory.restore(saved, kept)
    return true
  } catch (error) {
    if (!isPlatformError(error, "ids-damaged") && !isPlatformError(error, "file-missing")) throw error
    report(`${error.message} The ids of ${event} are read from the log again.`)
    duplicates.memory.clear(kept)
    return false
  }
}

async function firstNeeded(
  { memory }: Duplicates,
  { topic, partition, taken }: PartitionPosition,
  { log, hasFiles, sinceMs, report }: RecallParts & { readonly hasFiles: boolean; readonly sinceMs: number },
): Promise<number> {
  if (taken === 0 || sinceMs === Number.POSITIVE_INFINITY) return taken
  const inWindow = await log.offsetAtTime(topic, partition, sinceMs)
  const covered = hasFiles ? memory.coveredUpTo(partition) : undefined
  const first = Math.max(inWindow, covered ?? 0)
  const { begin } = await log.range(topic, partition)
  if (begin > 0 && first <= begin && (covered ?? 0) < begin) {
    report(
      `${topic}/${partition} begins at offset ${begin}: ids of rows before it that are still within the ` +
        "dedup window may not be remembered. Keep the log longer than the window.",
    )
  }
  return first
}

/** No row that an epoch has yet to take was appended before. Infinity when no epoch has taken any. */
async function oldestToCome(log: Log, positions: readonly PartitionPosition[]): Promise<number> {
  let newest = Number.NEGATIVE_INFINITY
  let oldestWaiting = Number.POSITIVE_INFINITY
  for (const { topic, partition, taken, durableEnd } of positions) {
    const { begin } = await log.range(topic, partition)
    if (taken > begin)
      newest = Math.max(newest, (await appendTimeAt(log, topic, partition, taken - 1)) ?? newest)
    if (taken < durableEnd) {
      oldestWaiting = Math.min(
        oldestWaiting,
        (await appendTimeAt(log, topic, partition, taken)) ?? oldestWaiting,
      )
    }
  }
  if (newest === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY
  return Math.min(newest, oldestWaiting)
}

/** Of the first record from this offset on, null when there is none. */
async function appendTimeAt(
  log: Log,
  topic: string,
  partition: number,
  offset: number,
): Promise<number | null> {
  const { batches } = await log.read({ topic, partition, offset, maxBytes: 1 })
  for (const record of readRecords(batches)) if (record.offset >= offset) return record.appendTimeMs
  return null
}
