/**
 * Reads of a partition: whole batches, each checked against its checksum before it is handed out, with the
 * stamp taken out of them. Only acknowledged bytes can be seen, because segments know no others.
 */
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  batchCrc,
  readBatchHeader,
  viewOf,
} from "../../wire/kafka/record-batch.ts"
import { logCorrupt, offsetOutOfRange } from "../errors.ts"
import type { ReadResult } from "../log.ts"
import { isPlausible } from "./batch-scanner.ts"
import type { Partition } from "./partition.ts"
import type { Segment } from "./segment.ts"
import type { IndexedBatch } from "./sparse-index.ts"

export interface PartitionRead {
  readonly offset: number
  readonly maxBytes: number
}

/** @throws offset-out-of-range, log-corrupt */
export function readPartition(partition: Partition, { offset, maxBytes }: PartitionRead): ReadResult {
  const { place, range, segments } = partition
  if (!Number.isSafeInteger(offset) || offset < range.begin || offset > range.durableEnd) {
    throw offsetOutOfRange(place.topic, place.partition, offset, range)
  }
  const limitBytes = Math.min(Math.max(maxBytes, BATCH_HEADER_BYTES), place.limits.readBytes)
  for (let index = lastAtOrBefore(segments, offset); index < segments.length; index++) {
    const segment = segments[index] as Segment
    const first = segment.batchAt(offset)
    if (first === null) continue
    const { batches, nextOffset } = readSegment(segment, first, limitBytes)
    closeUnlessActive(partition, segment)
    return { batches, nextOffset, range }
  }
  return { batches: new Uint8Array(0), nextOffset: offset, range }
}

/** Base offset of the first batch appended at or after `timeMs`; the durable end when there is none. */
export function readOffsetAtTime(partition: Partition, timeMs: number): number {
  for (const segment of partition.segments) {
    if (segment.sizeBytes === 0 || segment.lastAppendMs < timeMs) continue
    const offset = segment.offsetAtTime(timeMs)
    closeUnlessActive(partition, segment)
    if (offset !== null) return offset
  }
  return partition.range.durableEnd
}

/** Whole batches from the first on, at least that one. */
function readSegment(segment: Segment, { position, offset }: IndexedBatch, limitBytes: number) {
  let bytes = segment.read(position, limitBytes)
  const first = readBatchHeader(viewOf(bytes), 0)
  if (first.sizeBytes > bytes.length && isPlausible(first)) bytes = segment.read(position, first.sizeBytes)
  const view = viewOf(bytes)
  let at = 0
  let nextOffset = offset
  while (at + BATCH_HEADER_BYTES <= bytes.length) {
    const header = readBatchHeader(view, at)
    const fits = at + header.sizeBytes <= bytes.length
    if (!isPlausible(header) || (!fits && position + at + header.sizeBytes > segment.sizeBytes)) {
      throw damaged(segment, position + at, nextOffset, "a batch header is unreadable")
    }
    if (!fits) break
    if (!segment.isOffsetRight(header, position + at, nextOffset)) {
      throw damaged(segment, position + at, nextOffset, "a batch has another base offset than it must have")
    }
    if (batchCrc(bytes, at, header.sizeBytes) !== header.crc) {
      throw damaged(segment, position + at, header.baseOffset, "a batch does not match its checksum")
    }
    view.setInt32(at + BATCH_FIELD.partitionLeaderEpoch, 0)
    at += header.sizeBytes
    nextOffset = header.lastOffset + 1
  }
  segment.rememberRead(nextOffset, position + at)
  return { batches: bytes.subarray(0, at), nextOffset }
}

function damaged(segment: Segment, position: number, offset: number, what: string): Error {
  return logCorrupt({ file: `${segment.path}.log`, position, offset }, what)
}

/** Index of the segment that holds `offset`: the last whose base is not beyond it. */
function lastAtOrBefore(segments: readonly Segment[], offset: number): number {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((segments[middle] as Segment).base <= offset) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

/** Only active segments keep their file open, so that the number of open files is that of the partitions. */
function closeUnlessActive(partition: Partition, segment: Segment): void {
  if (segment !== partition.active) segment.closeFile()
}
