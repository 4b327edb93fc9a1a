/**
 * One file of a partition: batches from `base` on, valid up to `sizeBytes`. The last segment of a partition
 * is active: it is written and grown ahead; the others are closed and exactly as long as their batches. Only
 * acknowledged bytes count into `sizeBytes`, so nothing else can be read.
 */
import { assert } from "../../std/assert.ts"
import type { Disk, DiskFile } from "../../std/disk.ts"
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  type BatchHeader,
  readBatchHeader,
  viewOf,
} from "../../wire/kafka/record-batch.ts"
import { logCorrupt } from "../errors.ts"
import { BatchScanner, isPlausible } from "./batch-scanner.ts"
import { isOffsetRight } from "./group-stamp.ts"
import type { LogLimits } from "./limits.ts"
import { type IndexedBatch, SparseIndex } from "./sparse-index.ts"

/** Recent ends of reads, so that a reader that goes on needs no search; one for each of a few readers. */
const REMEMBERED_READS = 8

export interface SegmentPlace {
  readonly disk: Disk
  readonly limits: LogLimits
  /** Of the partition. */
  readonly directory: string
  readonly stampKey: number
}

export class Segment {
  readonly base: number
  /** Without the ending. */
  readonly path: string
  readonly #place: SegmentPlace
  #file: DiskFile | null = null
  #index: SparseIndex | null
  /** Position by the offset that a read ended before. */
  readonly #readEnds = new Map<number, number>()
  sizeBytes = 0
  nextOffset: number
  firstAppendMs: number | null = null
  lastAppendMs = 0

  constructor(place: SegmentPlace, base: number) {
    this.#place = place
    this.base = base
    this.path = `${place.directory}/${segmentName(base)}`
    this.nextOffset = base
    this.#index = new SparseIndex(place.limits.indexIntervalBytes)
  }

  get file(): DiskFile {
    this.#file ??= this.#place.disk.open(`${this.path}.log`)
    return this.#file
  }

  get isOpen(): boolean {
    return this.#file !== null
  }

  /** Makes the file, empty and grown ahead; durable once the folder is synced. */
  create(preallocateBytes: number): void {
    const file = this.#place.disk.open(`${this.path}.log`, { create: true })
    this.#file = file
    file.truncate(0)
    file.truncate(preallocateBytes)
    file.sync()
  }

  /** Takes a batch at the end into account, in order. */
  extend(header: Pick<BatchHeader, "baseOffset" | "lastOffset" | "maxTimestampMs" | "sizeBytes">): void {
    assert(this.#index !== null, "an active segment has its index in memory")
    this.#index.add(header.baseOffset, this.sizeBytes, header.maxTimestampMs)
    this.firstAppendMs ??= header.maxTimestampMs
    this.lastAppendMs = header.maxTimestampMs
    this.nextOffset = header.lastOffset + 1
    this.sizeBytes += header.sizeBytes
  }

  /** Cuts off what was grown ahead and saves the index. The file is durable and closed afterwards. */
  seal(): void {
    this.file.truncate(this.sizeBytes)
    this.file.sync()
    assert(this.#index !== null, "an active segment has its index in memory")
    this.#index.save(this.#place.disk, this.path, this)
    this.closeFile()
  }

  /**
   * Learns the ends of a closed segment from its index and last batches, or by walking all of it.
   * @throws log-corrupt when the file does not end with a whole batch.
   */
  recoverClosed(options: { readonly verifyAll: boolean }): void {
    const sizeBytes = this.file.sizeBytes()
    const interval = this.#place.limits.indexIntervalBytes
    const saved = options.verifyAll
      ? null
      : SparseIndex.load(this.#place.disk, this.path, { base: this.base, sizeBytes, intervalBytes: interval })
    if (saved === null) {
      this.#walk(sizeBytes)
      this.saveIndex()
    } else {
      this.#index = saved
      this.sizeBytes = sizeBytes
      for (const { header } of this.#headersFrom(null)) {
        this.firstAppendMs = header.maxTimestampMs
        break
      }
      for (const { header } of this.#headersFrom(saved.last)) {
        this.nextOffset = header.lastOffset + 1
        this.lastAppendMs = header.maxTimestampMs
      }
    }
    this.closeFile()
  }

  /** Learns the first `sizeBytes` of the active segment, all of which must be whole. @throws log-corrupt */
  recoverMarked(sizeBytes: number): void {
    this.#walk(sizeBytes)
  }

  #walk(sizeBytes: number): void {
    this.#index = new SparseIndex(this.#place.limits.indexIntervalBytes)
    const scanner = this.scan(sizeBytes)
    for (let header = scanner.next(); header !== null; header = scanner.next()) this.extend(header)
    if (this.sizeBytes !== sizeBytes)
      throw this.corrupt(scanner.position, `a batch is unreadable (${scanner.stop})`)
  }

  saveIndex(): void {
    this.#index?.save(this.#place.disk, this.path, this)
  }

  /** Walks the first `sizeBytes` of the file from its beginning. */
  scan(sizeBytes = this.sizeBytes): BatchScanner {
    const source = { file: this.file, segmentBase: this.base, stampKey: this.#place.stampKey }
    return new BatchScanner(source, { position: 0, offset: this.base, sizeBytes })
  }

  /** Whether the batch at `position` has the base offset that it must have; see isOffsetRight. */
  isOffsetRight(header: BatchHeader, position: number, expected: number): boolean {
    return isOffsetRight(header, expected, { key: this.#place.stampKey, segmentBase: this.base, position })
  }

  /** Headers from an indexed batch on, each checked against the one before. @throws log-corrupt */
  *#headersFrom(start: IndexedBatch | null): Generator<{ readonly header: BatchHeader } & IndexedBatch> {
    const bytes = new Uint8Array(BATCH_HEADER_BYTES)
    const view = viewOf(bytes)
    let { position, offset } = start ?? { position: 0, offset: this.base }
    while (position < this.sizeBytes) {
      const isCut = this.file.read(bytes, position) < BATCH_HEADER_BYTES
      const header = readBatchHeader(view, 0)
      const isWhole = !isCut && isPlausible(header) && position + header.sizeBytes <= this.sizeBytes
      if (!isWhole || !this.isOffsetRight(header, position, offset)) {
        throw this.corrupt(position, "a batch header is wrong")
      }
      yield { header, position, offset }
      position += header.sizeBytes
      offset = header.lastOffset + 1
    }
  }

  /**
   * The first batch that holds or follows `offset`, with the base offset that it must have (a compacted one
   * may begin behind that); null when there is none.
   */
  batchAt(offset: number): IndexedBatch | null {
    const remembered = this.#readEnds.get(offset)
    if (remembered !== undefined) {
      return remembered < this.sizeBytes ? { position: remembered, offset } : null
    }
    for (const found of this.#headersFrom(this.#loadedIndex().atOffset(offset))) {
      if (found.header.lastOffset >= offset) return found
    }
    return null
  }

  /** Remembers where the batch behind a read begins. */
  rememberRead(nextOffset: number, position: number): void {
    this.#readEnds.delete(nextOffset)
    this.#readEnds.set(nextOffset, position)
    if (this.#readEnds.size <= REMEMBERED_READS) return
    const oldest = this.#readEnds.keys().next().value
    if (oldest !== undefined) this.#readEnds.delete(oldest)
  }

  /** Base offset of the first batch with records that was appended at or after `timeMs`, or null. */
  offsetAtTime(timeMs: number): number | null {
    for (const { header } of this.#headersFrom(this.#loadedIndex().atTime(timeMs))) {
      if (header.maxTimestampMs >= timeMs && header.recordCount > 0) return header.baseOffset
    }
    return null
  }

  #loadedIndex(): SparseIndex {
    assert(this.#index !== null, "a segment has its index")
    return this.#index
  }

  /** Reads [position, position + length) of the valid part. */
  read(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.sizeBytes - position))
    if (this.file.read(bytes, position) < bytes.length)
      throw this.corrupt(position, "the file is shorter than it was")
    return bytes
  }

  closeFile(): void {
    this.#file?.close()
    this.#file = null
  }

  /** Deletes the files; the log file last, so that no index is left alone. */
  remove(): void {
    this.closeFile()
    this.removeIndex()
    this.#place.disk.remove(`${this.path}.log`)
  }

  removeIndex(): void {
    this.#place.disk.remove(`${this.path}.index`)
    this.#place.disk.remove(`${this.path}.timeindex`)
  }

  corrupt(position: number, what: string): Error {
    return logCorrupt({ file: `${this.path}.log`, position, offset: this.nextOffset }, what)
  }
}

/** Base offset in 20 digits, as Kafka names its segments. */
export function segmentName(base: number): string {
  return String(base).padStart(20, "0")
}

/** Where the field that carries the stamp is in a batch. */
export const STAMP_AT = BATCH_FIELD.partitionLeaderEpoch
