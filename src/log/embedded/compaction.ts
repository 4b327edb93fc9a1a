/**
 * Compaction of a partition whose topic keeps the newest record of each key. A pass goes over the closed
 * segments from the oldest on, one per step: first it learns the newest offset of each key in what was not
 * compacted yet, then it writes each segment anew without the records that have a newer one.
 *
 * Safe against crashes: the new file is synced before it takes the old one's name in one rename, and holds
 * only records that the old one has, at their offsets. Each segment keeps its last batch, if need be without
 * records, so that offsets still connect. A tombstone goes when it is old and its pass has done all segments
 * before it.
 */
import type { Disk, DiskFile } from "../../std/disk.ts"
import { CODEC_MASK, CODEC_ZSTD, viewOf } from "../../wire/kafka/record-batch.ts"
import { RecordBatchBuilder } from "../../wire/kafka/record-batch-builder.ts"
import { RecordColumns } from "../../wire/kafka/record-columns.ts"
import { encodeCompacted } from "./group-stamp.ts"
import type { LogLimits } from "./limits.ts"
import type { Partition } from "./partition.ts"
import { Segment, STAMP_AT } from "./segment.ts"

/** A pass pays when the new part is at least this share of what is closed. */
const DIRTY_SHARE = 0.5
/** Batches of the new file are written in chunks of this size. */
const WRITE_BYTES = 1024 * 1024

export interface CompactionTools {
  readonly disk: Disk
  readonly limits: LogLimits
  readonly nowMs: number
}

export class CompactionJob {
  readonly #partition: Partition
  /** Segments whose keys are still to be learnt, then those still to be written. */
  readonly #toLearn: Segment[]
  readonly #toWrite: Segment[]
  readonly #newest = new Map<string, number>()
  readonly #columns = new RecordColumns()

  private constructor(partition: Partition, dirty: Segment[], all: Segment[]) {
    this.#partition = partition
    this.#toLearn = dirty
    this.#toWrite = all
  }

  /** A pass over the partition, or null when none would pay. */
  static plan(partition: Partition): CompactionJob | null {
    const closed = partition.segments.slice(0, -1)
    const dirty = closed.filter((segment) => segment.base >= partition.compactedTo)
    const bytes = (segments: readonly Segment[]) =>
      segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    if (dirty.length === 0 || bytes(dirty) < DIRTY_SHARE * bytes(closed)) return null
    return new CompactionJob(partition, dirty, closed)
  }

  /** Does one segment; true when the pass is finished. */
  step(tools: CompactionTools): boolean {
    const learning = this.#toLearn.shift()
    if (learning !== undefined) {
      this.#learn(learning)
      if (this.#newest.size > tools.limits.compactionKeys) this.#stopBehind(learning)
      return false
    }
    const segment = this.#toWrite.shift()
    if (segment === undefined) return true
    this.#write(segment, tools)
    this.#partition.compactedTo = Math.max(this.#partition.compactedTo, segment.nextOffset)
    return this.#toWrite.length === 0
  }

  /** Leaves the segments behind `segment` to the next pass. */
  #stopBehind(segment: Segment): void {
    this.#toLearn.length = 0
    const end = this.#toWrite.indexOf(segment)
    this.#toWrite.length = end + 1
  }

  #learn(segment: Segment): void {
    const columns = this.#columns
    for (const bytes of batchesOf(segment)) {
      columns.read(bytes, 0, { verifyCrc: false })
      for (let row = 0; row < columns.count; row++) {
        this.#newest.set(keyAt(columns, row), columns.baseOffset + (columns.offsetDeltas[row] as number))
      }
    }
    segment.closeFile()
  }

  #write(segment: Segment, { disk, limits, nowMs }: CompactionTools): void {
    const path = `${segment.path}.compacting`
    const file = disk.open(path, { create: true })
    const replacement = new Segment(this.#partition.place, segment.base)
    try {
      file.truncate(0)
      const dropTombstonesBefore = nowMs - limits.tombstoneMs
      const dropped = this.#copy(segment, replacement, file, dropTombstonesBefore)
      if (dropped === 0) {
        disk.remove(path)
        return
      }
      file.sync()
    } finally {
      file.close()
      segment.closeFile()
    }
    const { segments } = this.#partition
    this.#partition.changeNames(() => {
      segment.removeIndex()
      disk.rename(path, `${segment.path}.log`)
      // From here on the file is the new one, even if the name's sync fails.
      segments[segments.indexOf(segment)] = replacement
    })
    replacement.saveIndex()
  }

  /** Copies what stays and returns how many records went. */
  #copy(segment: Segment, replacement: Segment, file: DiskFile, dropTombstonesBefore: number): number {
    const builder = new RecordBatchBuilder()
    let dropped = 0
    const flush = () => {
      file.write(builder.bytes, replacement.sizeBytes - builder.length)
      builder.clear()
    }
    for (const bytes of batchesOf(segment)) {
      this.#columns.read(bytes, 0, { verifyCrc: false })
      const { count } = this.#columns
      const isLast = this.#columns.lastOffset + 1 === segment.nextOffset
      const kept = this.#keptRows(dropTombstonesBefore)
      dropped += count - kept.length
      if (kept.length === 0 && !isLast) continue
      replacement.extend(this.#rebuild(builder, kept, replacement, (bytes[22] as number) & CODEC_MASK))
      if (builder.length >= WRITE_BYTES) flush()
    }
    flush()
    return dropped
  }

  #keptRows(dropTombstonesBefore: number): number[] {
    const columns = this.#columns
    const rows: number[] = []
    for (let row = 0; row < columns.count; row++) {
      const offset = columns.baseOffset + (columns.offsetDeltas[row] as number)
      const newest = this.#newest.get(keyAt(columns, row)) ?? offset
      const isTombstone = columns.valueEnds[row] === -1
      const isOld = (columns.timestampsMs[row] as number) < dropTombstonesBefore
      if (newest <= offset && !(isTombstone && isOld)) rows.push(row)
    }
    return rows
  }

  /** The batch that was read, with these rows only; it begins at the first of them. */
  #rebuild(builder: RecordBatchBuilder, rows: readonly number[], into: Segment, codec: number) {
    const columns = this.#columns
    const skipped = rows.length === 0 ? 0 : (columns.offsetDeltas[rows[0] as number] as number)
    const baseOffset = columns.baseOffset + skipped
    const appendTimeMs = columns.appendTimeMs
    builder.begin({ baseOffset, appendTimeMs })
    for (const row of rows) builder.addCopy(columns, row, (columns.offsetDeltas[row] as number) - skipped)
    const compression = codec === CODEC_ZSTD ? "zstd" : "none"
    const lastOffsetDelta = columns.lastOffset - baseOffset
    const { start, sizeBytes } = builder.end({ compression, lastOffsetDelta })
    const { stampKey } = this.#partition.place
    const place = { key: stampKey, segmentBase: into.base, position: into.sizeBytes, baseOffset }
    viewOf(builder.bytes).setInt32(start + STAMP_AT, encodeCompacted(place))
    return { baseOffset, lastOffset: columns.lastOffset, maxTimestampMs: appendTimeMs, sizeBytes }
  }
}

/** The batches of a closed segment; each is valid until the next one is asked for. @throws log-corrupt */
function* batchesOf(segment: Segment): Generator<Uint8Array> {
  const scanner = segment.scan()
  for (let header = scanner.next(); header !== null; header = scanner.next()) yield scanner.batchBytes(header)
  if (scanner.position !== segment.sizeBytes)
    throw segment.corrupt(scanner.position, `unreadable: ${scanner.stop}`)
}

/** Two keys are one exactly when their bytes are; null keys do not get into compacted topics. */
function keyAt(columns: RecordColumns, row: number): string {
  const { bytes, keyStarts, keyEnds } = columns
  const key = bytes.subarray(keyStarts[row], keyEnds[row])
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1")
}
