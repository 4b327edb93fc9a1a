/**
 * Walks the batches of a file in order, checking each: format, place in the file, and checksum. Stops at the
 * first one that is not whole and says why; what that means is for recovery to judge.
 */
import type { DiskFile } from "../../std/disk.ts"
import {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  batchCrc,
  MAGIC,
  readBatchHeader,
  viewOf,
} from "../../wire/kafka/record-batch.ts"
import { isOffsetRight } from "./group-stamp.ts"
import { LARGEST_BATCH_BYTES } from "./limits.ts"

/** One read of this size costs little more than a page, and most segments are walked from end to end. */
const WINDOW_BYTES = 1024 * 1024

export type ScanStop = "end" | "zeros" | "header" | "offset" | "checksum"

export interface ScannedFile {
  readonly file: DiskFile
  readonly segmentBase: number
  readonly stampKey: number
}

export interface ScanRange {
  readonly position: number
  /** Of the first batch, or before it where compaction left a gap. */
  readonly offset: number
  readonly sizeBytes: number
}

export class BatchScanner {
  readonly #source: ScannedFile
  readonly #sizeBytes: number
  #window: Uint8Array
  #view: DataView
  /** File position of the window's first byte, and how many bytes are in it. */
  #from = 0
  #filled = 0
  /** File position of the next batch; after the end, of what could not be read. */
  position: number
  /** Behind the last batch that was returned. */
  nextOffset: number
  stop: ScanStop = "end"

  constructor(source: ScannedFile, range: ScanRange) {
    this.#source = source
    this.#sizeBytes = range.sizeBytes
    this.position = range.position
    this.nextOffset = range.offset
    const rest = range.sizeBytes - range.position
    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(BATCH_HEADER_BYTES, rest)))
    this.#view = viewOf(this.#window)
  }

  /** Bytes of the last batch that `next` returned; valid until the next call. */
  batchBytes(header: BatchHeader): Uint8Array {
    const at = this.position - header.sizeBytes - this.#from
    return this.#window.subarray(at, at + header.sizeBytes)
  }

  /** The next whole batch, or null when there is none at `position`. */
  next(): BatchHeader | null {
    if (this.position >= this.#sizeBytes) return this.#end("end")
    if (!this.#load(Math.min(BATCH_HEADER_BYTES, this.#sizeBytes - this.position))) return this.#end("end")
    const available = this.#from + this.#filled - this.position
    if (available < BATCH_HEADER_BYTES) return this.#end("header")
    const header = readBatchHeader(this.#view, this.position - this.#from)
    if (header.magic === 0 && header.sizeBytes === 12 && header.crc === 0) return this.#end("zeros")
    if (!isPlausible(header) || this.position + header.sizeBytes > this.#sizeBytes) return this.#end("header")
    const place = {
      key: this.#source.stampKey,
      segmentBase: this.#source.segmentBase,
      position: this.position,
    }
    if (!isOffsetRight(header, this.nextOffset, place)) return this.#end("offset")
    if (!this.#load(header.sizeBytes)) return this.#end("header")
    if (batchCrc(this.#window, this.position - this.#from, header.sizeBytes) !== header.crc) {
      return this.#end("checksum")
    }
    this.position += header.sizeBytes
    this.nextOffset = header.lastOffset + 1
    return header
  }

  #end(stop: ScanStop): null {
    this.stop = stop
    return null
  }

  /** Makes `needed` bytes from `position` on available in the window. */
  #load(needed: number): boolean {
    const end = this.#from + this.#filled
    if (this.position >= this.#from && this.position + needed <= end) return true
    if (needed > this.#window.length) {
      this.#window = new Uint8Array(Math.max(needed, WINDOW_BYTES))
      this.#view = viewOf(this.#window)
    }
    const length = Math.min(this.#window.length, this.#sizeBytes - this.position)
    this.#from = this.position
    this.#filled = this.#source.file.read(this.#window.subarray(0, length), this.position)
    return this.#filled >= needed
  }
}

/** What must hold of any batch of ours, whatever its contents. */
export function isPlausible(header: BatchHeader): boolean {
  return (
    header.magic === MAGIC &&
    header.sizeBytes >= BATCH_HEADER_BYTES &&
    header.sizeBytes <= LARGEST_BATCH_BYTES &&
    Number.isSafeInteger(header.baseOffset) &&
    header.baseOffset >= 0 &&
    header.recordCount >= 0 &&
    header.lastOffset - header.baseOffset >= header.recordCount - 1 &&
    header.lastOffset >= header.baseOffset &&
    header.producerId === -1n
  )
}
