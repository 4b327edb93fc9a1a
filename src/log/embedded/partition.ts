/**
 * One partition: its segments, the group that is being collected for it, and its durable end. Offsets are
 * given out when records are taken; they count, and can be read, only once `acknowledge` was called after the
 * sync. Invariants: a group touches one segment; a new segment is made only while everything before it is
 * durable, so that its very existence proves all smaller offsets.
 */
import { assert } from "../../std/assert.ts"
import type { Disk } from "../../std/disk.ts"
import { type BatchHeader, readBatchHeader, viewOf } from "../../wire/kafka/record-batch.ts"
import { RecordBatchBuilder } from "../../wire/kafka/record-batch-builder.ts"
import { type RecordSet, recordCount } from "../../wire/kafka/record-set.ts"
import { logCorrupt } from "../errors.ts"
import type { OffsetRange } from "../log.ts"
import type { DurableMark } from "./durable-marks.ts"
import { encodeStamp } from "./group-stamp.ts"
import { LARGEST_BATCH_BYTES, type LogLimits, SEGMENT_OFFSET_SPAN } from "./limits.ts"
import { Segment, STAMP_AT } from "./segment.ts"

export interface PartitionPlace {
  readonly disk: Disk
  readonly limits: LogLimits
  readonly topic: string
  readonly partition: number
  readonly directory: string
  readonly slot: number
  readonly stampKey: number
  readonly compression: "none" | "zstd"
  readonly segmentBytes: number
  /** Buffers that no group uses at the moment, shared by all partitions. */
  readonly spareBuilders: RecordBatchBuilder[]
}

/** A buffer that grew beyond this for one large group is given back to the system, and so is one too many. */
const SPARE_BUILDER_BYTES = 16 * 1024 * 1024
const SPARE_BUILDERS = 4

export class Partition {
  readonly place: PartitionPlace
  readonly segments: Segment[]
  #builder: RecordBatchBuilder | null = null
  #mark: DurableMark
  /** File size of the active segment, which is ahead of its contents. */
  #fileBytes: number
  #nextOffset: number
  /** A change of names was made and its sync failed or is still to come. */
  #namesInDoubt = false
  /** Closed segments from here on were not compacted yet. */
  compactedTo = 0

  constructor(place: PartitionPlace, segments: Segment[], mark: DurableMark) {
    this.place = place
    this.segments = segments
    this.#mark = mark
    this.#nextOffset = mark.endOffset
    this.#fileBytes = segments.length === 0 ? 0 : this.active.file.sizeBytes()
  }

  get active(): Segment {
    const segment = this.segments.at(-1)
    assert(segment !== undefined, "a partition that was written has a segment")
    return segment
  }

  get mark(): DurableMark {
    return this.#mark
  }

  get range(): OffsetRange {
    return { begin: this.segments[0]?.base ?? this.#mark.endOffset, durableEnd: this.#mark.endOffset }
  }

  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  }

  get isDirty(): boolean {
    return this.#nextOffset !== this.#mark.endOffset
  }

  /** Takes records into the group, all of which has one append time, and returns the first offset. */
  take(records: RecordSet, appendTimeMs: number): number {
    this.#builder ??= this.place.spareBuilders.pop() ?? new RecordBatchBuilder()
    const builder = this.#builder
    const baseOffset = this.#nextOffset
    const count = recordCount(records)
    for (let row = 0; row < count; ) {
      if (!builder.isOpen) builder.begin({ baseOffset: this.#nextOffset, appendTimeMs })
      const next = builder.add(records, row, this.place.limits.batchBytes)
      this.#nextOffset += next - row
      row = next
      if (builder.openBytes >= this.place.limits.batchBytes) this.#endBatch(builder)
    }
    return baseOffset
  }

  /** Ends the group's last batch. */
  endBatch(): void {
    if (this.#builder?.isOpen === true) this.#endBatch(this.#builder)
  }

  #endBatch(builder: RecordBatchBuilder): void {
    const { sizeBytes } = builder.end({ compression: this.place.compression })
    assert(sizeBytes <= LARGEST_BATCH_BYTES, "a batch is within the size that readers take")
  }

  /** Bytes of the group, not written yet. */
  get pendingBytes(): number {
    return this.#builder?.length ?? 0
  }

  /** Whether the group needs a segment of its own. */
  get mustRoll(): boolean {
    if (this.segments.length === 0) return true
    const { active } = this
    if (active.sizeBytes === 0) return false
    if (active.sizeBytes + this.pendingBytes > this.place.segmentBytes) return true
    return this.#nextOffset - active.base > SEGMENT_OFFSET_SPAN
  }

  /** Closes the active segment and makes the next one. Durable when it returns; the mark is not set yet. */
  roll(): DurableMark {
    const { disk, limits, directory } = this.place
    const base = this.#mark.endOffset
    if (this.segments.length > 0) this.active.seal()
    const segment = new Segment(this.place, base)
    segment.create(limits.preallocateBytes)
    disk.syncDirectory(directory)
    this.segments.push(segment)
    this.#fileBytes = limits.preallocateBytes
    this.#mark = { ...this.#mark, segmentBase: base, position: 0 }
    return this.#mark
  }

  /** Writes the group behind the durable end, stamped with its number. Not durable before `sync`. */
  write(group: number): void {
    const builder = this.#builder
    assert(builder !== null && builder.length > 0 && !builder.isOpen, "there are whole batches to write")
    const { bytes } = builder
    const view = viewOf(bytes)
    const { active } = this
    const sequence = this.#mark.sequence + 1
    for (let at = 0; at < bytes.length; ) {
      const { sizeBytes, baseOffset } = readBatchHeader(view, at)
      const lastInGroup = at + sizeBytes === bytes.length
      const position = active.sizeBytes + at
      const stampPlace = { key: this.place.stampKey, segmentBase: active.base, position, baseOffset }
      view.setInt32(at + STAMP_AT, encodeStamp({ lastInGroup, sequence, group }, stampPlace))
      at += sizeBytes
    }
    const end = active.sizeBytes + bytes.length
    if (end > this.#fileBytes) {
      active.file.truncate(end + this.place.limits.preallocateBytes)
      this.#fileBytes = end + this.place.limits.preallocateBytes
    }
    active.file.write(bytes, active.sizeBytes)
  }

  sync(): void {
    this.active.file.sync()
  }

  /** The group is durable: its records count from now on. */
  acknowledge(group: number): DurableMark {
    const builder = this.#builder
    assert(builder !== null, "there was a group")
    const view = viewOf(builder.bytes)
    let appendTimeMs = this.#mark.appendTimeMs
    for (let at = 0; at < builder.length; ) {
      const header = readBatchHeader(view, at)
      this.active.extend(header)
      appendTimeMs = header.maxTimestampMs
      at += header.sizeBytes
    }
    assert(
      this.active.nextOffset === this.#nextOffset,
      "the group ends at the offset that was given out last",
    )
    this.#dropGroup()
    this.#mark = {
      segmentBase: this.active.base,
      position: this.active.sizeBytes,
      endOffset: this.#nextOffset,
      sequence: this.#mark.sequence + 1,
      group,
      appendTimeMs,
    }
    return this.#mark
  }

  /** Forgets the group: its offsets were seen by nobody and are given out again. */
  abandon(): void {
    this.#dropGroup()
    this.#nextOffset = this.#mark.endOffset
  }

  #dropGroup(): void {
    const builder = this.#builder
    this.#builder = null
    if (builder === null || builder.capacity > SPARE_BUILDER_BYTES) return
    builder.clear()
    if (this.place.spareBuilders.length < SPARE_BUILDERS) this.place.spareBuilders.push(builder)
  }

  /**
   * After a failed write or sync: what the file holds beyond the acknowledged end is unknown, and the cache
   * may claim it clean. Opens it again, reads what was acknowledged, cuts it off there and goes on in a new
   * segment.
   */
  repair(): DurableMark {
    if (this.segments.length === 0) return this.#mark
    const { active } = this
    active.closeFile()
    if (active.sizeBytes === 0) {
      this.segments.pop()
      active.remove()
      this.place.disk.syncDirectory(this.place.directory)
      return this.roll()
    }
    const scanner = active.scan()
    let last: BatchHeader | null = null
    for (let header = scanner.next(); header !== null; header = scanner.next()) last = header
    if (
      scanner.position !== active.sizeBytes ||
      last === null ||
      last.lastOffset + 1 !== this.#mark.endOffset
    ) {
      const place = {
        file: active.file.path,
        position: scanner.position,
        offset: (last?.lastOffset ?? -1) + 1,
      }
      throw logCorrupt(place, "acknowledged records cannot be read back after the disk failed")
    }
    return this.roll()
  }

  /** Deletes the oldest segment. */
  removeOldest(): void {
    this.changeNames(() => {
      this.segments[0]?.remove()
      this.segments.shift()
    })
  }

  /**
   * Changes names in the folder, durably. No change is made while an earlier one is in doubt: names reach the
   * disk in any order, and a later segment that is gone while an earlier one is back is a hole.
   */
  changeNames(change: () => void): void {
    const { disk, directory } = this.place
    if (this.#namesInDoubt) disk.syncDirectory(directory)
    this.#namesInDoubt = true
    change()
    disk.syncDirectory(directory)
    this.#namesInDoubt = false
  }

  close(): void {
    for (const segment of this.segments) segment.closeFile()
  }
}
