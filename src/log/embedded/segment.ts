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
import { BatchScanner } from "./batch-scanner.ts"
import type { LogLimits } from "./limits.ts"
import { SparseIndex } from "./sparse-index.ts"

/** Recent ends of reads, so that a reader that goes on needs no search; one for each of a few readers. */
const REMEMBERED_READS = 8

export interface SegmentEnds {
  readonly sizeBytes: number
  readonly nextOffset: number
  readonly lastAppendMs: number
}

export class Segment {
  readonly base: number
  /** Without the ending. */
  readonly path: string
  readonly #disk: Disk
  readonly #limits: LogLimits
  #file: DiskFile | null = null
  #index: SparseIndex | null
  /** Position by the offset that a read ended before. */
  readonly #readEnds = new Map<number, number>()
  sizeBytes = 0
  nextOffset: number
  firstAppendMs: number | null = null
  lastAppendMs = 0

  constructor(disk: Disk, limits: LogLimits, directory: string, base: number) {
    this.#disk = disk
    this.#limits = limits
    this.base = base
    this.path = `${directory}/${segmentName(base)}`
    this.nextOffset = base
    this.#index = new SparseIndex(limits.indexIntervalBytes)
  }

  get file(): DiskFile {
    this.#file ??= this.#disk.open(`${this.path}.log`)
    return this.#file
  }

  get isOpen(): boolean {
    return this.#file !== null
  }

  /** Makes the file, empty and grown ahead; durable once the folder is synced. */
  create(preallocateBytes: number): void {
    const file = this.#disk.open(`${this.path}.log`, { create: true })
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
    this.#index.save(this.#disk, this.path, this)
    this.closeFile()
  }

  /**
   * Learns the ends of a closed segment from its index and last batches, or by walking all of it.
   * @throws log-corrupt when the file does not end with a whole batch.
   */
  recoverClosed(options: { readonly verifyAll: boolean }): void {
    const sizeBytes = this.file.sizeBytes()
    const interval = this.#limits.indexIntervalBytes
    const saved = options.verifyAll
      ? null
      : SparseIndex.load(this.#disk, this.path, { base: this.base, sizeBytes, intervalBytes: interval })
    if (saved === null) {
      this.#walk(sizeBytes)
      this.saveIndex()
    } else {
      this.#index = saved
      this.sizeBytes = sizeBytes
      this.firstAppendMs = this.#headerAt(0).maxTimestampMs
      let position = saved.lastPosition
      while (position < sizeBytes) {
        const header = this.#headerAt(position)
        this.nextOffset = header.lastOffset + 1
        this.lastAppendMs = header.maxTimestampMs
        position += header.sizeBytes
      }
      if (position !== sizeBytes) throw this.corrupt(position, "its last batch is cut off")
    }
    this.closeFile()
  }

  /** Learns the first `sizeBytes` of the active segment, all of which must be whole. @throws log-corrupt */
  recoverMarked(sizeBytes: number): void {
    this.#walk(sizeBytes)
  }

  #walk(sizeBytes: number): void {
    this.#index = new SparseIndex(this.#limits.indexIntervalBytes)
    const scanner = new BatchScanner(this.file, 0, sizeBytes)
    for (let header = scanner.next(); header !== null; header = scanner.next()) {
      if (header.baseOffset < this.nextOffset) throw this.corrupt(this.sizeBytes, "a batch is out of order")
      this.extend(header)
    }
    if (this.sizeBytes !== sizeBytes)
      throw this.corrupt(scanner.position, `a batch is unreadable (${scanner.stop})`)
  }

  saveIndex(): void {
    this.#index?.save(this.#disk, this.path, this)
  }

  /** The header of the batch that begins at `position`. */
  #headerAt(position: number): BatchHeader {
    const bytes = new Uint8Array(BATCH_HEADER_BYTES)
    if (this.file.read(bytes, position) < BATCH_HEADER_BYTES)
      throw this.corrupt(position, "a header is cut off")
    const header = readBatchHeader(viewOf(bytes), 0)
    if (header.magic !== 2 || header.sizeBytes < BATCH_HEADER_BYTES) {
      throw this.corrupt(position, "a batch header is unreadable")
    }
    return header
  }

  /** Position of the first batch that holds or follows `offset`; sizeBytes when there is none. */
  positionOf(offset: number): number {
    const remembered = this.#readEnds.get(offset)
    if (remembered !== undefined) return remembered
    let position = this.#loadedIndex().positionOf(offset)
    while (position < this.sizeBytes) {
      const header = this.#headerAt(position)
      if (header.lastOffset >= offset) break
      position += header.sizeBytes
    }
    return position
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
    let position = this.#loadedIndex().positionAtTime(timeMs)
    while (position < this.sizeBytes) {
      const header = this.#headerAt(position)
      if (header.maxTimestampMs >= timeMs && header.recordCount > 0) return header.baseOffset
      position += header.sizeBytes
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
    this.#disk.remove(`${this.path}.log`)
  }

  removeIndex(): void {
    this.#disk.remove(`${this.path}.index`)
    this.#disk.remove(`${this.path}.timeindex`)
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
