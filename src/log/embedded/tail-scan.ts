/**
 * Looks at what a partition's active segment holds beyond its durable mark, after a start. Pure reading:
 * finds the batches that are whole, and collects what can be known of the bytes behind them. `tailVerdict`
 * then says, with what all partitions know together, whether those are the remains of the one group that was
 * not synced (cut off) or damaged acknowledged data (refused). docs/decisions/0010 has the argument.
 *
 *   mark                      stop                           end of file
 *    | whole | whole | whole | ?????? | whole? | ... zeros |
 *              groups counted by their stamps
 */
import type { DiskFile } from "../../std/disk.ts"
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  type BatchHeader,
  batchCrc,
  MAGIC,
  readBatchHeader,
  viewOf,
} from "../../wire/kafka/record-batch.ts"
import { BatchScanner, isPlausible } from "./batch-scanner.ts"
import type { DurableMark } from "./durable-marks.ts"
import { ahead, decodeStamp, GROUPS, SEQUENCES } from "./group-stamp.ts"
import { GROUPS_PER_MARK_SYNC } from "./limits.ts"

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512
/** Compared as a whole, since most of the rest is usually empty space. */
const ZEROS = Buffer.alloc(64 * 1024)

export interface TailScan {
  /** Batches from the mark on that are whole and in order. */
  readonly batches: readonly BatchHeader[]
  /** End of those. */
  readonly position: number
  readonly nextOffset: number
  /** Groups the partition has had, as of those. */
  readonly sequence: number
  /** The highest group number seen in a batch anywhere beyond the mark. */
  readonly highestGroup: number
  /** Group of the bytes at `position`, where anything was to follow; null when nothing tells. */
  readonly stopGroup: number | null
  /** What proves damage regardless of groups; null when nothing does. */
  readonly damage: string | null
}

export interface TailPlace {
  readonly file: DiskFile
  readonly sizeBytes: number
  readonly stampKey: number
  /** The highest group in any mark; groups beyond the marks are near it, which makes their numbers whole. */
  readonly markedGroup: number
}

/** State behind the last whole batch. */
interface Before {
  readonly position: number
  readonly nextOffset: number
  readonly sequence: number
  readonly group: number
  /** The group ends here, so that what follows belongs to a later one. */
  readonly complete: boolean
}

/** A stamp with its group's whole number. */
interface Stamped {
  readonly sequence: number
  readonly group: number
  readonly lastInGroup: boolean
}

export function scanTail(place: TailPlace, mark: DurableMark): TailScan {
  const source = { file: place.file, stampKey: place.stampKey, segmentBase: mark.segmentBase }
  const range = { position: mark.position, offset: mark.endOffset, sizeBytes: place.sizeBytes }
  const scanner = new BatchScanner(source, range)
  const batches: BatchHeader[] = []
  let before: Before = { ...mark, nextOffset: mark.endOffset, complete: true }
  for (let header = scanner.next(); header !== null; header = scanner.next()) {
    const stamp = stampAt(place, mark, before.position, header)
    if (!follows(before, header, stamp, mark)) break
    batches.push(header)
    before = after(before, header, stamp)
  }
  const rest = readRest(place, before.position)
  const { position, nextOffset, sequence } = before
  const whole = { batches, position, nextOffset, sequence }
  if (rest.end === 0) {
    return {
      ...whole,
      highestGroup: before.group,
      stopGroup: before.complete ? null : before.group,
      damage: null,
    }
  }
  const first = readable(place, mark, before, rest)
  const later = findLater(place, mark, before, rest, first.kind === "whole" ? first.sizeBytes : 1)
  const headerGroup = first.kind === "whole" ? first.group : null
  const stopGroup = before.complete ? (headerGroup ?? later.group) : before.group
  let damage = first.kind === "damaged" ? first.what : later.damage
  if (first.kind === "whole" && first.allWritten) damage ??= "a batch does not match its checksum"
  const highestGroup = Math.max(before.group, later.group ?? 0, stopGroup ?? 0)
  return { ...whole, highestGroup, stopGroup, damage }
}

/**
 * Null: whatever follows may be cut off. Else what is wrong with it. `durableGroup` and all before it are
 * known to have been synced.
 */
export function tailVerdict(scan: TailScan, durableGroup: number): string | null {
  if (scan.damage !== null) return scan.damage
  if (scan.stopGroup === null || scan.stopGroup > durableGroup) return null
  return `records of group ${scan.stopGroup} are missing, and group ${durableGroup} is known to be durable`
}

function expectedSequence(before: Before): number {
  return (before.sequence + (before.complete ? 1 : 0)) % SEQUENCES
}

function stampAt(place: TailPlace, mark: DurableMark, position: number, header: BatchHeader): Stamped {
  const { baseOffset } = header
  const at = { key: place.stampKey, segmentBase: mark.segmentBase, position, baseOffset }
  const stamp = decodeStamp(header.partitionLeaderEpoch, at)
  return { ...stamp, group: place.markedGroup + ahead(stamp.group, place.markedGroup, GROUPS) }
}

function follows(before: Before, header: BatchHeader, stamp: Stamped, mark: DurableMark): boolean {
  if (header.baseOffset !== before.nextOffset || header.maxTimestampMs < mark.appendTimeMs) return false
  if (stamp.sequence !== expectedSequence(before)) return false
  return before.complete ? stamp.group > before.group : stamp.group === before.group
}

function after(before: Before, header: BatchHeader, stamp: Stamped): Before {
  return {
    position: before.position + header.sizeBytes,
    nextOffset: header.lastOffset + 1,
    sequence: before.sequence + (before.complete ? 1 : 0),
    group: stamp.group,
    complete: stamp.lastInGroup,
  }
}

/** Everything behind `position`; bytes from `end` on are zero. */
interface Rest {
  readonly bytes: Uint8Array
  readonly end: number
}

function readRest(place: TailPlace, position: number): Rest {
  const bytes = new Uint8Array(Math.max(0, place.sizeBytes - position))
  let end = place.file.read(bytes, position)
  while (end >= ZEROS.length && ZEROS.equals(bytes.subarray(end - ZEROS.length, end))) end -= ZEROS.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return { bytes, end }
}

type FirstBatch =
  | { readonly kind: "lost" }
  | { readonly kind: "damaged"; readonly what: string }
  | {
      readonly kind: "whole"
      readonly sizeBytes: number
      readonly group: number
      readonly allWritten: boolean
    }

/**
 * Reads the header at the stop as far as a crash can have spared it. A sector holds either what was written
 * or zeros, so a header none of whose sectors is zero must make sense, and a batch none of whose sectors is
 * zero must match its checksum. What reaches beyond the file's end is as good as zero.
 */
function readable(place: TailPlace, mark: DurableMark, before: Before, rest: Rest): FirstBatch {
  if (isPartLost(rest, before.position, BATCH_HEADER_BYTES)) return { kind: "lost" }
  const header = readBatchHeader(viewOf(rest.bytes), 0)
  const stamp = stampAt(place, mark, before.position, header)
  if (!isPlausible(header) || !follows(before, header, stamp, mark)) {
    return { kind: "damaged", what: "a batch header is wrong although all of it was written" }
  }
  const allWritten = !isPartLost(rest, before.position, header.sizeBytes)
  return { kind: "whole", sizeBytes: header.sizeBytes, group: stamp.group, allWritten }
}

/**
 * Whether some of the first `length` bytes may never have been written: a sector's share of them is all zero,
 * or the file ends before them. A file is grown before it is written and its size is durable with the sync,
 * so that what reaches beyond the end was not synced; the end may be in the middle of a sector.
 */
function isPartLost(rest: Rest, position: number, length: number): boolean {
  if (length > rest.bytes.length) return true
  for (let at = 0; at < length; ) {
    const end = Math.min(length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES))
    if (isZero(rest, at, end)) return true
    at = end
  }
  return false
}

function isZero(rest: Rest, from: number, to: number): boolean {
  for (let at = from; at < Math.min(to, rest.end); at++) if (rest.bytes[at] !== 0) return false
  return true
}

/** Looks for whole batches behind the stop: they tell which group the stop belongs to, or prove damage. */
function findLater(
  place: TailPlace,
  mark: DurableMark,
  before: Before,
  { bytes, end }: Rest,
  from: number,
): { readonly group: number | null; readonly damage: string | null } {
  const view = viewOf(bytes)
  let group: number | null = null
  let damage: string | null = null
  for (let at = from; at < end && at + BATCH_HEADER_BYTES <= bytes.length; at++) {
    if (bytes[at + BATCH_FIELD.magic] !== MAGIC) continue
    const header = readBatchHeader(view, at)
    if (!isPlausible(header) || header.baseOffset <= before.nextOffset) continue
    const stamp = stampAt(place, mark, before.position + at, header)
    if (Math.abs(stamp.group - place.markedGroup) > 2 * GROUPS_PER_MARK_SYNC || stamp.group < before.group)
      continue
    const groupsBetween = ahead(stamp.sequence, expectedSequence(before), SEQUENCES)
    if (groupsBetween < 0 || groupsBetween > stamp.group - before.group) continue
    if (at + header.sizeBytes > bytes.length || batchCrc(bytes, at, header.sizeBytes) !== header.crc) continue
    if (groupsBetween > 0) damage = "a batch is unreadable and a later group follows it"
    group = Math.max(group ?? 0, stamp.group)
    at += header.sizeBytes - 1
  }
  return { group, damage }
}
