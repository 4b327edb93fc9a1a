/**
 * A file of pages: whole ones, and blocks that changed of pages that an earlier file has.
 *
 *   file   = magic record*
 *   record = header [bitmap] block*
 *   header = key:f64 sizeBytes:u32 blocks:u32 hash:u64 crc32c(of these 24 bytes):u32
 * The bitmap is there when not all blocks of the page are: a bit a block, the lowest first, in whole words of
 * 32 bits, so that every block begins at one. The hash is the page's as it is with these blocks in it.
 * Integers are little-endian. Who refers to a file knows its size and the checksum over its headers; contents
 * are checked page by page, when all of a page's records are in place.
 */
import { crc32c } from "@node-rs/crc32"
import type { Disk, DiskFile } from "../../../std/disk.ts"
import { isPlatformError } from "../../../std/errors.ts"
import { checkpointCorrupt } from "../errors.ts"
import { BufferedFile } from "./buffered-file.ts"
import { BLOCK_BYTES, blockCount } from "./page-blocks.ts"

const MAGIC = Buffer.from("MRPAGES1")
const HEADER_BYTES = 28
const CHECKED_BYTES = 24
/** Read at once: near the speed of the disk, and what is skipped costs little. */
const READ_BYTES = 1 << 20

/** What a checkpoint says of a file of pages that it needs. */
export interface PageFile {
  readonly number: number
  readonly sizeBytes: number
  /** Over the headers of its records. */
  readonly check: number
}

export interface PageRecord {
  readonly key: number
  readonly hash: { readonly low: number; readonly high: number }
  readonly image: Uint8Array
  /** 1 for each block that is written; null: all are. */
  readonly blocks: Uint8Array | null
}

export class PageFileWriter {
  readonly #file: BufferedFile
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #check = 0

  constructor(disk: Disk, path: string) {
    this.#file = new BufferedFile(disk, path)
    this.#file.append(MAGIC)
  }

  /** Size and check of the file so far. */
  get extent(): Omit<PageFile, "number"> {
    return { sizeBytes: this.#file.sizeBytes, check: this.#check }
  }

  /** Returns how many bytes the record takes. */
  write({ key, hash, image, blocks }: PageRecord): number {
    const before = this.#file.sizeBytes
    const bitmap = blocks === null || !blocks.includes(0) ? null : bitmapOf(blocks)
    const header = this.#header
    header.writeDoubleLE(key, 0)
    header.writeUInt32LE(image.length, 8)
    header.writeUInt32LE(bitmap === null ? blockCount(image.length) : bitmap.count, 12)
    header.writeInt32LE(hash.low, 16)
    header.writeInt32LE(hash.high, 20)
    header.writeUInt32LE(crc32c(header.subarray(0, CHECKED_BYTES)), CHECKED_BYTES)
    this.#check = crc32c(header, this.#check)
    this.#file.append(header)
    if (bitmap === null) {
      this.#file.append(image)
    } else {
      this.#file.append(bitmap.bytes)
      for (const { from, to } of runsOf(blocks!)) {
        this.#file.append(image.subarray(from * BLOCK_BYTES, to * BLOCK_BYTES))
      }
    }
    return this.#file.sizeBytes - before
  }

  flush(): Promise<void> {
    return this.#file.flush()
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  close(): void {
    this.#file.close()
  }
}

/** Bytes of a record with so many blocks. */
export function recordBytes(sizeBytes: number, blocks: number): number {
  const all = blockCount(sizeBytes)
  return HEADER_BYTES + (blocks === all ? 0 : bitmapBytes(all)) + blocks * BLOCK_BYTES
}

export interface ReadRecord {
  readonly key: number
  readonly sizeBytes: number
  readonly hash: { readonly low: number; readonly high: number }
  readonly isWhole: boolean
  /** With header. */
  readonly recordBytes: number
  /** Puts its blocks where they belong in the page's image. */
  readonly apply: (image: Uint8Array) => void
}

/** Calls `visit` with each record in order, during which it may be applied. @throws checkpoint-corrupt */
export function readPageFile(
  disk: Disk,
  { path, file }: { readonly path: string; readonly file: PageFile },
  visit: (record: ReadRecord) => void,
): void {
  const reader = new SequentialReader(openFor(disk, path), path)
  try {
    const found = reader.sizeBytes
    if (found !== file.sizeBytes)
      throw checkpointCorrupt(path, `it has ${found} bytes, not ${file.sizeBytes}`)
    if (!reader.read(MAGIC.length).equals(MAGIC)) throw checkpointCorrupt(path, "bad magic")
    let check = 0
    while (reader.position < file.sizeBytes) {
      const at = reader.position
      const header = Buffer.from(reader.read(HEADER_BYTES))
      if (crc32c(header.subarray(0, CHECKED_BYTES)) !== header.readUInt32LE(CHECKED_BYTES)) {
        throw checkpointCorrupt(path, `the checksum of the record at byte ${at} does not match`)
      }
      check = crc32c(header, check)
      visitRecord(reader, header, visit)
    }
    if (check !== file.check) throw checkpointCorrupt(path, "its records are not those of this checkpoint")
  } finally {
    reader.close()
  }
}

function visitRecord(reader: SequentialReader, header: Buffer, visit: (record: ReadRecord) => void): void {
  const sizeBytes = header.readUInt32LE(8)
  const blocks = header.readUInt32LE(12)
  const all = blockCount(sizeBytes)
  const isWhole = blocks === all
  const bitmap = isWhole ? null : Uint8Array.from(reader.read(bitmapBytes(all)))
  const end = reader.position + blocks * BLOCK_BYTES
  visit({
    key: header.readDoubleLE(0),
    sizeBytes,
    hash: { low: header.readInt32LE(16), high: header.readInt32LE(20) },
    isWhole,
    recordBytes: recordBytes(sizeBytes, blocks),
    apply: (image) => {
      if (bitmap === null) reader.readInto(image)
      else reader.readBlocks(bitmap, image)
    },
  })
  reader.skipTo(end)
}

function openFor(disk: Disk, path: string): DiskFile {
  try {
    return disk.open(path, { readOnly: true })
  } catch (error) {
    if (isPlatformError(error, "file-missing")) throw checkpointCorrupt(path, "it is missing")
    throw error
  }
}

function bitmapBytes(blocks: number): number {
  return Math.ceil(blocks / 32) * 4
}

function bitmapOf(blocks: Uint8Array): { readonly bytes: Uint8Array; readonly count: number } {
  const bytes = new Uint8Array(bitmapBytes(blocks.length))
  let count = 0
  for (let block = 0; block < blocks.length; block++) {
    if (blocks[block] === 0) continue
    bytes[block >> 3]! |= 1 << (block & 7)
    count++
  }
  return { bytes, count }
}

/** Blocks beside each other. */
function* runsOf(blocks: Uint8Array): Generator<{ readonly from: number; readonly to: number }> {
  for (let from = blocks.indexOf(1); from >= 0; ) {
    const gap = blocks.indexOf(0, from)
    const to = gap < 0 ? blocks.length : gap
    yield { from, to }
    from = blocks.indexOf(1, to)
  }
}

class SequentialReader {
  readonly sizeBytes: number
  readonly #file: DiskFile
  readonly #path: string
  readonly #buffer = Buffer.from(new ArrayBuffer(READ_BYTES))
  readonly #words = new Int32Array(this.#buffer.buffer)
  #from = 0
  #filled = 0
  #position = 0

  constructor(file: DiskFile, path: string) {
    this.#file = file
    this.#path = path
    this.sizeBytes = file.sizeBytes()
  }

  get position(): number {
    return this.#position
  }

  skipTo(position: number): void {
    this.#position = position
  }

  /** Good until the next call. */
  read(length: number): Buffer {
    if (length <= this.#buffer.length) {
      const start = this.#ensure(length)
      this.#position += length
      return this.#buffer.subarray(start, start + length)
    }
    const bytes = Buffer.alloc(length)
    this.readInto(bytes)
    return bytes
  }

  readInto(target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const count = Math.min(target.length - done, READ_BYTES)
      const start = this.#ensure(count)
      target.set(this.#buffer.subarray(start, start + count), done)
      this.#position += count
      done += count
    }
  }

  /** Blocks are short: a loop over their words beats a call for each. */
  readBlocks(bitmap: Uint8Array, image: Uint8Array): void {
    const target = new Int32Array(image.buffer, image.byteOffset, image.length >> 2)
    const words = this.#words
    for (let block = 0; block < blockCount(image.length); block++) {
      if (((bitmap[block >> 3]! >> (block & 7)) & 1) === 0) continue
      const from = this.#ensure(BLOCK_BYTES) >> 2
      const to = (block * BLOCK_BYTES) >> 2
      for (let k = 0; k < BLOCK_BYTES >> 2; k++) target[to + k] = words[from + k]!
      this.#position += BLOCK_BYTES
    }
  }

  /** Where in the buffer the bytes at the position are. */
  #ensure(length: number): number {
    if (this.#position < this.#from || this.#position + length > this.#from + this.#filled) {
      this.#from = this.#position
      this.#filled = this.#file.read(this.#buffer, this.#position)
      if (this.#filled < length) {
        throw checkpointCorrupt(this.#path, `${length} bytes at ${this.#position} are cut short`)
      }
    }
    return this.#position - this.#from
  }

  close(): void {
    this.#file.close()
  }
}
