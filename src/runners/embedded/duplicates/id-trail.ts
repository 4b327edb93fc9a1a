/**
 * The newest ids as they came, in a file: a start takes from it what no run on disk has yet, and need not
 * read the rows themselves from the log again.
 *
 *   trail  = record*
 *   record = crc32c:u32 count:u32 time:f64, then count times hash:u32[4]
 * Integers are little-endian; a record's checksum begins with that of the one before, so that the last one
 * stands for all of them.
 */
import { crc32c } from "@node-rs/crc32"
import { assert } from "../../../std/assert.ts"
import type { Disk, DiskFile } from "../../../std/disk.ts"
import { idsDamaged } from "../errors.ts"
import type { FileSyncs } from "./file-syncs.ts"
import { HASH_WORDS } from "./id-hash.ts"

const HEADER_WORDS = 4
/** What waits for one write. */
const BUFFER_WORDS = 16_384
const MOST_IDS = (BUFFER_WORDS - HEADER_WORDS) / HASH_WORDS

/** What a checkpoint says of a trail: a part of its file. */
export interface SavedTrail {
  readonly file: string
  readonly bytes: number
  readonly crc: number
}

/** Ids that occurred at one time. */
export interface TrailRecord {
  readonly timeMs: number
  readonly count: number
  readonly hashes: Int32Array
}

export class IdTrail {
  readonly name: string
  /** Ids that it has, each as often as it came. */
  count = 0
  readonly #words = new Int32Array(BUFFER_WORDS)
  readonly #bytes = Buffer.from(this.#words.buffer)
  #inBuffer = 0
  #written = 0
  #crc = 0
  readonly #file: DiskFile
  /** Bytes that were synced, or are being so. */
  #synced = 0
  #syncing = 0
  #isClosed = false

  constructor(disk: Disk, path: string, name: string) {
    this.name = name
    this.#file = disk.open(path, { create: true })
    this.#file.truncate(0)
  }

  /** Rows [from, to) of a column, which occurred at `timeMs`. */
  add(hashes: Int32Array, from: number, to: number, timeMs: number): void {
    const count = to - from
    assert(count <= MOST_IDS, "a record of a trail fits into one write")
    const words = HEADER_WORDS + HASH_WORDS * count
    if (this.#inBuffer + words > BUFFER_WORDS) this.#flush()
    const begin = 4 * this.#inBuffer
    const end = begin + 4 * words
    this.#bytes.writeUInt32LE(count, begin + 4)
    this.#bytes.writeDoubleLE(timeMs, begin + 8)
    this.#words.set(hashes.subarray(HASH_WORDS * from, HASH_WORDS * to), this.#inBuffer + HEADER_WORDS)
    this.#crc = crc32c(this.#bytes.subarray(begin + 4, end), this.#crc)
    this.#bytes.writeUInt32LE(this.#crc, begin)
    this.#inBuffer += words
    this.count += count
  }

  /** All of it, for a checkpoint, which counts when `syncs` have settled. */
  save(syncs: FileSyncs): SavedTrail {
    this.#flush()
    if (this.#synced < this.#written) {
      this.#synced = this.#written
      this.#syncing++
      syncs.start(this.#file, () => {
        this.#syncing--
        this.#closeAtRest()
      })
    }
    return { file: this.name, bytes: this.#written, crc: this.#crc }
  }

  close(): void {
    this.#isClosed = true
    this.#closeAtRest()
  }

  /** A file that is being synced stays open. */
  #closeAtRest(): void {
    if (this.#isClosed && this.#syncing === 0) this.#file.close()
  }

  #flush(): void {
    if (this.#inBuffer === 0) return
    this.#file.write(this.#bytes.subarray(0, 4 * this.#inBuffer), this.#written)
    this.#written += 4 * this.#inBuffer
    this.#inBuffer = 0
  }
}

/** @throws PlatformError ids-damaged, file-missing */
export function readTrail(disk: Disk, path: string, { bytes, crc }: SavedTrail): readonly TrailRecord[] {
  const content = Buffer.from(new ArrayBuffer(bytes))
  const file = disk.open(path, { readOnly: true })
  try {
    if (file.read(content, 0) < bytes) throw idsDamaged(path, `it has no ${bytes} bytes`)
  } finally {
    file.close()
  }
  const records: TrailRecord[] = []
  let sum = 0
  for (let at = 0; at < bytes; ) {
    const begin = at + 4 * HEADER_WORDS
    const count = begin <= bytes ? content.readUInt32LE(at + 4) : 0
    const end = begin + 4 * HASH_WORDS * count
    if (count === 0 || end > bytes) throw idsDamaged(path, "a record is cut off")
    sum = crc32c(content.subarray(at + 4, end), sum)
    if (content.readUInt32LE(at) !== sum) throw idsDamaged(path, "checksum")
    const hashes = new Int32Array(content.buffer, begin, HASH_WORDS * count)
    records.push({ timeMs: content.readDoubleLE(at + 8), count, hashes })
    at = end
  }
  if (sum !== crc) throw idsDamaged(path, "it is not the one that the checkpoint names")
  return records
}
