/**
 * One table of ids on disk: sorted by hash, never changed. An id is found with one read of a block; the first
 * hash word of each block is kept in memory.
 *
 *   run     = block* index trailer
 *   block   = 4096 bytes: crc32c:u32 count:u32 0:u64, then up to 204 times hash:u32[4] time:u32
 *   index   = first hash word of each block: u32
 *   trailer = magic, blocks:u32 count:u32, baseMs:f64 minMs:f64 maxMs:f64, crc32c(index, trailer so far):u32
 * Integers are little-endian; time is ms since baseMs, plus 1.
 */
import { crc32c } from "@node-rs/crc32"
import type { Disk, DiskFile } from "../../../std/disk.ts"
import { idsDamaged } from "../errors.ts"
import { HASH_WORDS } from "./id-hash.ts"
import { NEVER, SLOT_WORDS } from "./recent-ids.ts"

export const BLOCK_BYTES = 4_096
export const BLOCK_WORDS = BLOCK_BYTES / 4
export const HEADER_WORDS = 4
export const BLOCK_IDS = Math.floor((BLOCK_WORDS - HEADER_WORDS) / SLOT_WORDS)
const MAGIC = "MRIDRN01"
const TRAILER_BYTES = 44
/** Blocks of one read when a whole run is read. */
const READ_BLOCKS = 64

export interface RunSummary {
  readonly count: number
  readonly baseMs: number
  readonly minMs: number
  readonly maxMs: number
}

/** With the checksum by which a checkpoint knows the run. */
export interface NamedSummary extends RunSummary {
  readonly crc: number
}

/** Index and trailer as bytes, and the checksum by which a checkpoint knows the run. */
export function encodeTrailer(
  index: Uint8Array,
  summary: RunSummary,
): { readonly bytes: Uint8Array; readonly crc: number } {
  const bytes = Buffer.alloc(index.length + TRAILER_BYTES)
  bytes.set(index)
  const trailer = bytes.subarray(index.length)
  trailer.write(MAGIC, "latin1")
  trailer.writeUInt32LE(index.length / 4, 8)
  trailer.writeUInt32LE(summary.count, 12)
  trailer.writeDoubleLE(summary.baseMs, 16)
  trailer.writeDoubleLE(summary.minMs, 24)
  trailer.writeDoubleLE(summary.maxMs, 32)
  const crc = crc32c(bytes.subarray(0, bytes.length - 4))
  trailer.writeUInt32LE(crc, 40)
  return { bytes, crc }
}

export class IdRun implements RunSummary {
  readonly file: DiskFile
  /** Where the file is once it counts; the handle may know an earlier name. */
  readonly path: string
  readonly count: number
  readonly baseMs: number
  readonly minMs: number
  readonly maxMs: number
  readonly crc: number
  readonly #index: Uint32Array
  readonly #block = new Int32Array(BLOCK_WORDS)
  readonly #blockBytes = new Uint8Array(this.#block.buffer)
  #heldBlock = -1
  /** Reads of blocks so far. */
  reads = 0

  constructor(file: DiskFile, path: string, index: Uint32Array, { crc, ...summary }: NamedSummary) {
    this.file = file
    this.path = path
    this.count = summary.count
    this.baseMs = summary.baseMs
    this.minMs = summary.minMs
    this.maxMs = summary.maxMs
    this.crc = crc
    this.#index = index
  }

  /** @throws PlatformError ids-damaged, file-missing */
  static open(disk: Disk, path: string, expected: { readonly count: number; readonly crc: number }): IdRun {
    const file = disk.open(path, { readOnly: true })
    try {
      const sizeBytes = file.sizeBytes()
      const trailer = Buffer.alloc(TRAILER_BYTES)
      const isWhole = sizeBytes >= TRAILER_BYTES && file.read(trailer, sizeBytes - TRAILER_BYTES) > 0
      if (!isWhole || trailer.toString("latin1", 0, 8) !== MAGIC) throw idsDamaged(path, "it has no end")
      const blocks = trailer.readUInt32LE(8)
      if (blocks * (BLOCK_BYTES + 4) + TRAILER_BYTES !== sizeBytes) {
        throw idsDamaged(path, `it has ${sizeBytes} bytes and says ${blocks} blocks`)
      }
      const index = new Uint32Array(blocks)
      const indexBytes = new Uint8Array(index.buffer)
      file.read(indexBytes, blocks * BLOCK_BYTES)
      const crc = trailer.readUInt32LE(40)
      if (crc32c(trailer.subarray(0, 40), crc32c(indexBytes)) !== crc) throw idsDamaged(path, "checksum")
      const summary = {
        count: trailer.readUInt32LE(12),
        baseMs: trailer.readDoubleLE(16),
        minMs: trailer.readDoubleLE(24),
        maxMs: trailer.readDoubleLE(32),
      }
      if (crc !== expected.crc || summary.count !== expected.count) {
        throw idsDamaged(path, "it is not the one that the checkpoint names")
      }
      return new IdRun(file, path, index, { ...summary, crc })
    } catch (error) {
      file.close()
      throw error
    }
  }

  get memoryBytes(): number {
    return this.#index.byteLength + BLOCK_BYTES
  }

  get diskBytes(): number {
    return this.#index.length * (BLOCK_BYTES + 4) + TRAILER_BYTES
  }

  /** When the id of a row last occurred in this run, or NEVER. */
  find(hashes: Int32Array, row: number): number {
    const at = HASH_WORDS * row
    const h0 = hashes[at] as number
    const index = this.#index
    for (let block = this.#firstBlock(h0 >>> 0); block < index.length; block++) {
      if ((index[block] as number) > h0 >>> 0) return NEVER
      this.#load(block)
      const words = this.#block
      const end = HEADER_WORDS + SLOT_WORDS * (words[1] as number)
      for (let slot = HEADER_WORDS; slot < end; slot += SLOT_WORDS) {
        if (
          words[slot] === h0 &&
          words[slot + 1] === hashes[at + 1] &&
          words[slot + 2] === hashes[at + 2] &&
          words[slot + 3] === hashes[at + 3]
        ) {
          return this.baseMs + ((words[slot + 4] as number) >>> 0) - 1
        }
      }
    }
    return NEVER
  }

  /** All hashes in order, some at a time: `visit` gets slots of SLOT_WORDS words, [from, to) of them. */
  forEachSlot(visit: (words: Int32Array, from: number, to: number) => void): void {
    const words = new Int32Array(READ_BLOCKS * BLOCK_WORDS)
    const blocks = this.#index.length
    for (let first = 0; first < blocks; first += READ_BLOCKS) {
      const count = Math.min(READ_BLOCKS, blocks - first)
      const bytes = new Uint8Array(words.buffer, 0, count * BLOCK_BYTES)
      const read = this.file.read(bytes, first * BLOCK_BYTES)
      for (let block = 0; block < count; block++) {
        const begin = block * BLOCK_BYTES
        if (read < begin + BLOCK_BYTES) throw idsDamaged(this.path, "it is cut short")
        checkBlock(bytes.subarray(begin, begin + BLOCK_BYTES), this.path, first + block)
        const from = block * BLOCK_WORDS + HEADER_WORDS
        visit(words, from, from + SLOT_WORDS * (words[from - HEADER_WORDS + 1] as number))
      }
    }
  }

  close(): void {
    this.file.close()
  }

  /** The last block that begins before the hash, since equal first words may span blocks. */
  #firstBlock(h0: number): number {
    const index = this.#index
    let low = 0
    let high = index.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((index[middle] as number) < h0) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }

  #load(block: number): void {
    if (this.#heldBlock === block) return
    this.#heldBlock = -1
    this.reads++
    const read = this.file.read(this.#blockBytes, block * BLOCK_BYTES)
    if (read !== BLOCK_BYTES) throw idsDamaged(this.path, `block ${block} is cut short`)
    checkBlock(this.#blockBytes, this.path, block)
    this.#heldBlock = block
  }
}

export function checkBlock(bytes: Uint8Array, path: string, block: number): void {
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  if (crc32c(bytes.subarray(4)) !== stored) throw idsDamaged(path, `the checksum of block ${block}`)
}

/** Writes the checksum into a block's head. */
export function sealBlock(bytes: Uint8Array): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, crc32c(bytes.subarray(4)), true)
}
