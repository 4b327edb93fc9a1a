/**
 * Opens the partitions of a log after a clean or unclean stop, in two steps: read everything and judge; only
 * when all is sound cut off what was never acknowledged, make the rest durable, and set the marks. So a
 * damaged log is refused without a byte being changed.
 */
import { logCorrupt } from "../errors.ts"
import type { DurableMark, DurableMarks } from "./durable-marks.ts"
import { Partition, type PartitionPlace } from "./partition.ts"
import { Segment, segmentName } from "./segment.ts"
import { scanTail, type TailScan, tailVerdict } from "./tail-scan.ts"

/** "active" checks all of each active segment; "all" also every byte of the closed ones. */
export type Verify = "active" | "all"

/** Memory of one step of `rewrite`. */
const REWRITE_BYTES = 1024 * 1024

interface Found {
  readonly place: PartitionPlace
  readonly mark: DurableMark
  readonly segments: Segment[]
  /** Null when the partition has no segment that was written since the mark. */
  readonly tail: TailScan | null
}

/** @throws log-corrupt when acknowledged data is damaged. */
export function recoverPartitions(
  places: readonly PartitionPlace[],
  marks: DurableMarks,
  options: { readonly verify: Verify },
): Partition[] {
  const markedGroup = marks.group
  const found = places.map((place) => inspect(place, marks.get(place.slot), markedGroup, options.verify))
  const seen = found.reduce((highest, { tail }) => Math.max(highest, tail?.highestGroup ?? 0), 0)
  // A group is written only after all before it were synced, so all but the highest one seen are durable.
  const durableGroup = Math.max(markedGroup, seen - 1)
  for (const { tail, segments } of found) {
    if (tail === null) continue
    const verdict = tailVerdict(tail, durableGroup)
    if (verdict === null) continue
    throw logCorrupt(
      { file: activeOf(segments).file.path, position: tail.position, offset: tail.nextOffset },
      verdict,
    )
  }
  const nextGroup = Math.max(markedGroup, seen)
  const partitions = found.map((one) => settle(one, nextGroup))
  for (const partition of partitions) marks.set(partition.place.slot, partition.mark)
  if (partitions.length > 0) marks.sync()
  return partitions
}

function activeOf(segments: readonly Segment[]): Segment {
  return segments[segments.length - 1] as Segment
}

/** Reads what there is and checks what must be whole: closed segments, and the active one up to the mark. */
function inspect(place: PartitionPlace, mark: DurableMark, markedGroup: number, verify: Verify): Found {
  const { directory } = place
  const segments = basesIn(place).map((base) => new Segment(place, base))
  const corrupt = (base: number, position: number, offset: number, what: string) =>
    logCorrupt({ file: `${directory}/${segmentName(base)}.log`, position, offset }, what)
  if (segments.length === 0) {
    if (mark.endOffset > 0 && mark.position > 0)
      throw corrupt(mark.segmentBase, 0, mark.endOffset, "it is missing")
    return { place, mark, segments, tail: null }
  }
  for (const [index, segment] of segments.slice(0, -1).entries()) {
    segment.recoverClosed({ verifyAll: verify === "all" })
    const next = segments[index + 1] as Segment
    if (segment.nextOffset !== next.base) {
      const what = `it ends at offset ${segment.nextOffset}, and the next segment begins at ${next.base}`
      throw corrupt(segment.base, segment.sizeBytes, segment.nextOffset, what)
    }
  }
  const active = activeOf(segments)
  if (active.base < mark.segmentBase && mark.position === 0 && active.base < mark.endOffset) {
    // The mark's segment was being replaced: it was empty and is made again.
    active.recoverClosed({ verifyAll: verify === "all" })
    if (active.nextOffset === mark.endOffset) {
      const start = { ...mark, segmentBase: active.base, position: active.sizeBytes }
      return { place, mark: start, segments, tail: scanOf(place, active, start, markedGroup) }
    }
  }
  if (active.base > mark.segmentBase) {
    // Made by a roll whose mark was lost: all before it is durable, and nothing was written to it yet.
    const appendTimeMs = segments.at(-2)?.lastAppendMs ?? mark.appendTimeMs
    const start = { ...mark, segmentBase: active.base, position: 0, endOffset: active.base, appendTimeMs }
    return { place, mark: start, segments, tail: scanOf(place, active, start, markedGroup) }
  }
  if (active.base < mark.segmentBase) throw corrupt(mark.segmentBase, 0, mark.segmentBase, "it is missing")
  checkMarked(place, active, mark)
  return { place, mark, segments, tail: scanOf(place, active, mark, markedGroup) }
}

/** Walks the active segment up to the mark: all of it was acknowledged. */
function checkMarked(place: PartitionPlace, active: Segment, mark: DurableMark): void {
  active.recoverMarked(mark.position)
  if (active.nextOffset === mark.endOffset) return
  const at = { file: active.file.path, position: active.sizeBytes, offset: active.nextOffset }
  throw logCorrupt(at, `${place.topic}/${place.partition} was durable to offset ${mark.endOffset}`)
}

function scanOf(place: PartitionPlace, active: Segment, mark: DurableMark, markedGroup: number): TailScan {
  const { file } = active
  return scanTail({ file, sizeBytes: file.sizeBytes(), stampKey: place.stampKey, markedGroup }, mark)
}

/** Cuts off what was never acknowledged and makes what stays durable, since readers may see it now. */
function settle({ place, mark, segments, tail }: Found, group: number): Partition {
  if (!place.disk.exists(place.directory)) makeFolder(place)
  // A file that a killed process made may have a name that is not durable yet.
  place.disk.syncDirectory(place.directory)
  if (tail === null) return new Partition(place, segments, { ...mark, group: Math.max(mark.group, group) })
  const active = activeOf(segments)
  for (const header of tail.batches) active.extend(header)
  rewrite(active, mark.position, tail.position)
  active.file.truncate(tail.position)
  active.file.sync()
  const appendTimeMs = tail.batches.at(-1)?.maxTimestampMs ?? mark.appendTimeMs
  const settled: DurableMark = {
    segmentBase: active.base,
    position: tail.position,
    endOffset: tail.nextOffset,
    sequence: tail.sequence,
    group: Math.max(mark.group, group),
    appendTimeMs,
  }
  return new Partition(place, segments, settled)
}

/** A backup has files only, so the folder of a partition that was never written is missing in it. */
function makeFolder({ disk, directory }: PartitionPlace): void {
  disk.makeDirectory(directory)
  const topic = directory.slice(0, directory.lastIndexOf("/"))
  disk.syncDirectory(topic)
  disk.syncDirectory(topic.slice(0, topic.lastIndexOf("/")))
}

/**
 * Writes what was found beyond the mark once more: a sync that failed before the restart may have left pages
 * in the cache that count as clean and are not on the disk.
 */
function rewrite({ file }: Segment, from: number, to: number): void {
  const bytes = new Uint8Array(Math.min(to - from, REWRITE_BYTES))
  for (let at = from; at < to; at += bytes.length) {
    const chunk = bytes.subarray(0, Math.min(bytes.length, to - at))
    file.read(chunk, at)
    file.write(chunk, at)
  }
}

/** Base offsets of the partition's segments; clears away what an interrupted compaction or deletion left. */
function basesIn({ disk, directory }: PartitionPlace): number[] {
  const names = disk.list(directory)
  const bases = names.flatMap((name) => {
    const digits = /^(\d{20})\.log$/.exec(name)?.[1]
    return digits === undefined ? [] : [Number(digits)]
  })
  const known = new Set(bases.map(segmentName))
  for (const name of names) {
    const [stem = "", ending] = name.split(".")
    const isLeft =
      ending === "compacting" || ((ending === "index" || ending === "timeindex") && !known.has(stem))
    if (isLeft) disk.remove(`${directory}/${name}`)
  }
  return bases.sort((a, b) => a - b)
}
