/**
 * The filter of a closed segment on disk: read back at start, and asked there when memory is short, with one
 * read of a block an id.
 *
 *   file  = block* ; block = 4096 bytes: crc32c:u32 buckets:u32 identity:u32 slots:u32, then up to 85 buckets
 *   bucket = fingerprints:u16[slots], tags:u8[slots]; slots is 16, and was 32 (written as 0)
 */
import { assert } from "../../../std/assert.ts"
import type { Disk, DiskFile } from "../../../std/disk.ts"
import { idsDamaged } from "../errors.ts"
import { BUCKET_SLOTS, bucketOf, IdFilter, lookInBucket, type PairList } from "./id-filter.ts"
import { HASH_WORDS } from "./id-hash.ts"
import { BLOCK_BYTES, checkBlock, sealBlock } from "./id-run.ts"
import { UNFINISHED } from "./run-writer.ts"

const HEADER_BYTES = 16
const FINGERPRINT_BYTES = 2 * BUCKET_SLOTS
const BUCKET_BYTES = 3 * BUCKET_SLOTS
const BLOCK_BUCKETS = Math.floor((BLOCK_BYTES - HEADER_BYTES) / BUCKET_BYTES)
const WRITE_BLOCKS = 64

function bytesOf({ fingerprints }: IdFilter): Uint8Array {
  return new Uint8Array(fingerprints.buffer, fingerprints.byteOffset, fingerprints.byteLength)
}

export class FilterFile {
  readonly file: DiskFile
  /** Where the file is once it counts. */
  readonly path: string
  /** Of the segment that it belongs to; in every block. */
  readonly identity: number
  readonly #buckets: number
  readonly #bytes = new Uint8Array(WRITE_BLOCKS * BLOCK_BYTES)
  readonly #head = new DataView(this.#bytes.buffer)
  /** Blocks that were written. */
  #done = 0
  #heldBlock = -1
  reads = 0

  constructor(file: DiskFile, path: string, { buckets, identity }: { buckets: number; identity: number }) {
    this.file = file
    this.path = path
    this.identity = identity
    this.#buckets = buckets
  }

  static create(disk: Disk, path: string, filter: IdFilter, identity: number): FilterFile {
    const file = disk.open(`${path}${UNFINISHED}`, { create: true })
    file.truncate(0)
    return new FilterFile(file, path, { buckets: filter.buckets, identity })
  }

  get #blocks(): number {
    return Math.ceil(this.#buckets / BLOCK_BUCKETS)
  }

  get diskBytes(): number {
    return this.#blocks * BLOCK_BYTES
  }

  /** Writes a few blocks more; true when all are written. */
  write(filter: IdFilter, blocks: number): boolean {
    for (let left = blocks; left > 0 && this.#done < this.#blocks; ) {
      const count = Math.min(left, WRITE_BLOCKS, this.#blocks - this.#done)
      for (let block = 0; block < count; block++) this.#fill(filter, block)
      this.file.write(this.#bytes.subarray(0, count * BLOCK_BYTES), this.#done * BLOCK_BYTES)
      this.#done += count
      left -= count
    }
    return this.#done === this.#blocks
  }

  #fill(filter: IdFilter, block: number): void {
    const first = (this.#done + block) * BLOCK_BUCKETS
    const count = Math.min(BLOCK_BUCKETS, this.#buckets - first)
    const begin = block * BLOCK_BYTES
    const bytes = this.#bytes.subarray(begin, begin + BLOCK_BYTES)
    bytes.fill(0)
    this.#head.setUint32(begin + 4, count, true)
    this.#head.setUint32(begin + 8, this.identity, true)
    this.#head.setUint32(begin + 12, BUCKET_SLOTS, true)
    const fingerprints = bytesOf(filter)
    for (let bucket = 0; bucket < count; bucket++) {
      const to = HEADER_BYTES + bucket * BUCKET_BYTES
      const from = first + bucket
      bytes.set(fingerprints.subarray(from * FINGERPRINT_BYTES, (from + 1) * FINGERPRINT_BYTES), to)
      bytes.set(filter.tags.subarray(from * BUCKET_SLOTS, (from + 1) * BUCKET_SLOTS), to + FINGERPRINT_BYTES)
    }
    sealBlock(bytes)
  }

  /**
   * Reads a first block, so that a file that cannot be used is told at once. @throws PlatformError
   * ids-damaged
   */
  check(): void {
    this.#read(0)
  }

  /** @throws PlatformError ids-damaged */
  load(capacity: number): IdFilter {
    const filter = new IdFilter(capacity)
    assert(filter.buckets === this.#buckets, "a filter's size follows from its capacity")
    const fingerprints = bytesOf(filter)
    for (let block = 0; block < this.#blocks; block++) {
      const bytes = this.#read(block)
      const first = block * BLOCK_BUCKETS
      const count = Math.min(BLOCK_BUCKETS, this.#buckets - first)
      for (let bucket = 0; bucket < count; bucket++) {
        const from = HEADER_BYTES + bucket * BUCKET_BYTES
        const tagsAt = from + FINGERPRINT_BYTES
        fingerprints.set(bytes.subarray(from, tagsAt), (first + bucket) * FINGERPRINT_BYTES)
        filter.tags.set(bytes.subarray(tagsAt, tagsAt + BUCKET_SLOTS), (first + bucket) * BUCKET_SLOTS)
      }
    }
    return filter
  }

  /** As IdFilter.probe, with a read an id. */
  probe(hashes: Int32Array, rows: Int32Array, count: number, pairs: PairList): number {
    pairs.length = 0
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      let bucket = bucketOf(hashes[HASH_WORDS * row] as number, this.#buckets)
      for (let turns = 0; turns < this.#buckets; turns++) {
        const bytes = this.#read(Math.floor(bucket / BLOCK_BUCKETS))
        const at = HEADER_BYTES + (bucket % BLOCK_BUCKETS) * BUCKET_BYTES
        const fingerprints = new Uint16Array(bytes.buffer, at, BUCKET_SLOTS)
        const tags = bytes.subarray(at + FINGERPRINT_BYTES, at + BUCKET_BYTES)
        const h1 = hashes[HASH_WORDS * row + 1] as number
        if (!lookInBucket(fingerprints, tags, 0, h1, row, pairs)) break
        bucket = bucket + 1 < this.#buckets ? bucket + 1 : 0
      }
    }
    return pairs.length
  }

  /** A block, at the begin of the buffer. */
  #read(block: number): Uint8Array {
    const bytes = this.#bytes.subarray(0, BLOCK_BYTES)
    if (this.#heldBlock === block) return bytes
    this.#heldBlock = -1
    this.reads++
    const count = this.file.read(bytes, block * BLOCK_BYTES)
    if (count !== BLOCK_BYTES) throw idsDamaged(this.path, `block ${block} is cut short`)
    checkBlock(bytes, this.path, block)
    if (this.#head.getUint32(8, true) !== this.identity) {
      throw idsDamaged(this.path, "it is not the one that the checkpoint names")
    }
    if (this.#head.getUint32(12, true) !== BUCKET_SLOTS) {
      throw idsDamaged(this.path, "its buckets have another size")
    }
    this.#heldBlock = block
    return bytes
  }

  close(): void {
    this.file.close()
  }
}
