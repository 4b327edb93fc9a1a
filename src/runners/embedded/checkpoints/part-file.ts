/**
 * A file of named parts, each with its checksum, that is whole or noticed to be not.
 *
 *   file    = magic part* trailer
 *   part    = nameLength:u32 dataLength:u32 crc32c(name, data):u32 name data
 *   trailer = partCount:u32 magic
 * Integers are little-endian.
 */
import { crc32c } from "@node-rs/crc32"
import type { CheckpointPart } from "../../../engine/engine-checkpoint.ts"
import { assert } from "../../../std/assert.ts"
import type { Disk, DiskFile } from "../../../std/disk.ts"
import { checkpointCorrupt } from "../errors.ts"
import { BufferedFile } from "./buffered-file.ts"

const MAGIC = Buffer.from("MRCKPT01")
const PART_HEADER_BYTES = 12
const WINDOW_BYTES = 262_144

export class PartFileWriter {
  readonly #file: BufferedFile
  #partCount = 0

  constructor(disk: Disk, path: string) {
    this.#file = new BufferedFile(disk, path)
    this.#file.append(MAGIC)
  }

  write(part: CheckpointPart): void {
    const name = Buffer.from(part.name)
    const header = Buffer.alloc(PART_HEADER_BYTES)
    header.writeUInt32LE(name.length, 0)
    header.writeUInt32LE(part.bytes.length, 4)
    header.writeUInt32LE(crc32c(part.bytes, crc32c(name)), 8)
    for (const bytes of [header, name, part.bytes]) this.#file.append(bytes)
    this.#partCount++
  }

  flush(): Promise<void> {
    return this.#file.flush()
  }

  /** Everything is durable when it resolves; nothing can be written any more. */
  async end(): Promise<void> {
    const count = Buffer.alloc(4)
    count.writeUInt32LE(this.#partCount, 0)
    this.#file.append(count)
    this.#file.append(MAGIC)
    await this.#file.sync()
  }

  close(): void {
    this.#file.close()
  }
}

/** @throws PlatformError checkpoint-corrupt */
export function* readParts(disk: Disk, path: string): Generator<CheckpointPart> {
  const file = disk.open(path, { readOnly: true })
  try {
    yield* partsOf(file, path)
  } finally {
    file.close()
  }
}

function* partsOf(file: DiskFile, path: string): Generator<CheckpointPart> {
  const sizeBytes = file.sizeBytes()
  const trailerAt = sizeBytes - 4 - MAGIC.length
  if (trailerAt < MAGIC.length) throw checkpointCorrupt(path, `it has only ${sizeBytes} bytes`)
  const window = new FileWindow(file, path)
  const trailer = Buffer.from(window.at(trailerAt, 4 + MAGIC.length))
  if (!window.at(0, MAGIC.length).equals(MAGIC) || !trailer.subarray(4).equals(MAGIC)) {
    throw checkpointCorrupt(path, "bad magic")
  }
  let position = MAGIC.length
  for (let left = trailer.readUInt32LE(0); left > 0; left--) {
    const header = window.at(position, PART_HEADER_BYTES)
    const nameLength = header.readUInt32LE(0)
    const dataLength = header.readUInt32LE(4)
    const crc = header.readUInt32LE(8)
    const partBytes = PART_HEADER_BYTES + nameLength + dataLength
    if (position + partBytes > trailerAt) {
      throw checkpointCorrupt(path, `a part at byte ${position} is longer than the file`)
    }
    const part = window.at(position + PART_HEADER_BYTES, nameLength + dataLength)
    const name = part.toString("utf8", 0, nameLength)
    // Of its own: parts are kept, and the window goes on.
    const bytes = Buffer.from(part.subarray(nameLength))
    if (crc32c(part) !== crc) throw checkpointCorrupt(path, `the checksum of part ${name} does not match`)
    yield { name, bytes }
    position += partBytes
  }
  assert(position <= trailerAt, "parts end before the trailer")
}

/** The part of a file that is being read: most parts of a checkpoint are small, and there are thousands. */
class FileWindow {
  readonly #file: DiskFile
  readonly #path: string
  readonly #sizeBytes: number
  #bytes = Buffer.alloc(0)
  #from = 0

  constructor(file: DiskFile, path: string) {
    this.#file = file
    this.#path = path
    this.#sizeBytes = file.sizeBytes()
  }

  /** Valid until the next call. @throws PlatformError checkpoint-corrupt */
  at(position: number, length: number): Buffer {
    if (position < this.#from || position + length > this.#from + this.#bytes.length) {
      this.#read(position, length)
    }
    return this.#bytes.subarray(position - this.#from, position - this.#from + length)
  }

  #read(position: number, length: number): void {
    const wanted = Math.max(length, Math.min(WINDOW_BYTES, this.#sizeBytes - position))
    const target = Buffer.alloc(wanted)
    const count = this.#file.read(target, position)
    if (count < length) throw checkpointCorrupt(this.#path, `${length} bytes at ${position} are cut short`)
    this.#bytes = target.subarray(0, count)
    this.#from = position
  }
}
