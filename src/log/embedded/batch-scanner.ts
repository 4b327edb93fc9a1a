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
import { LARGEST_BATCH_BYTES } from "./limits.ts"

/** One read of this size costs little more than a page, and most segments are walked from end to end. */
const WINDOW_BYTES = 1024 * 1024

export type ScanStop = "end" | "zeros" | "header" | "checksum"

export class BatchScanner {
  readonly #file: DiskFile
  readonly #sizeBytes: number
  #window: Uint8Array
  #view: DataView
  /** File position of the window's first byte, and how many bytes are in it. */
  #from = 0
  #filled = 0
  /** File position of the next batch; after the end, of what could not be read. */
  position: number
  stop: ScanStop = "end"

  constructor(file: DiskFile, from: number, sizeBytes: number) {
    this.#file = file
    this.#sizeBytes = sizeBytes
    this.position = from
    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(BATCH_HEADER_BYTES, sizeBytes - from)))
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
    if (!this.#load(header.sizeBytes)) return this.#end("header")
    if (batchCrc(this.#window, this.position - this.#from, header.sizeBytes) !== header.crc) {
      return this.#end("checksum")
    }
    this.position += header.sizeBytes
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
    this.#filled = this.#file.read(this.#window.subarray(0, length), this.position)
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
