/**
 * Checkpoints on disk: one file each, complete or not there. Written beside, synced, renamed, directory
 * synced; the two newest are kept, so that a damaged one leaves another.
 *
 *   file    = magic part* trailer
 *   part    = nameLength:u32 dataLength:u32 crc32c(name, data):u32 name data
 *   trailer = partCount:u32 magic
 * Integers are little-endian. The part "manifest" is JSON and comes last.
 */
import { dirname } from "node:path"
import { crc32c } from "@node-rs/crc32"
import type { CheckpointPart } from "../../engine/dataflow.ts"
import { assert } from "../../std/assert.ts"
import type { Disk, DiskFile } from "../../std/disk.ts"
import type { LetterCounts } from "./dead-letter-box.ts"
import type { SavedDuplicates } from "./duplicates/duplicates.ts"
import { checkpointCorrupt } from "./errors.ts"
import type { TakenRows } from "./lane-counts.ts"
import type { SourceTimeState } from "./watermarks.ts"

const MAGIC = Buffer.from("MRCKPT01")
const PART_HEADER_BYTES = 12
const KEPT_CHECKPOINTS = 2
const FILE_NAME = /^epoch-(\d{16})\.checkpoint$/
const MANIFEST = "manifest"

/** What the runner needs besides the engine's parts. */
export interface CheckpointManifest {
  readonly epoch: number
  /** The epoch that the engine's history began with, when it had run nothing. 0: it has run none yet. */
  readonly history: number
  readonly generation: string
  /** Offset in the journal of this epoch's record; recovery reads on from there. */
  readonly journalOffset: number
  readonly logId: string
  /** Next offset per partition, by topic. */
  readonly positions: Readonly<Record<string, readonly number[]>>
  readonly sources: Readonly<Record<string, SourceTimeState>>
  /** Rows per verdict, in the order of VERDICTS, by view. */
  readonly verdicts: Readonly<Record<string, readonly number[]>>
  /** Dead letters that were counted. Absent in checkpoints of older versions. */
  readonly letters?: LetterCounts
  /** By event: rows of this history. Absent in checkpoints of older versions. */
  readonly taken?: Readonly<Record<string, Omit<TakenRows, "logged"> & Partial<TakenRows>>>
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** By view: its changes after this epoch are in the checkpoint. */
  readonly changelogs: Readonly<Record<string, number>>
  /** By event: files of remembered ids. */
  readonly duplicates?: Readonly<Record<string, SavedDuplicates>>
}

export class CheckpointStore {
  readonly #disk: Disk
  readonly #directory: string

  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
    disk.makeDirectory(directory)
    // A checkpoint is as durable as the folder that it is in.
    disk.syncDirectory(dirname(directory))
    for (const name of disk.list(directory)) {
      if (name.endsWith(".writing")) disk.remove(`${directory}/${name}`)
    }
  }

  begin(epoch: number): CheckpointWriter {
    const path = `${this.#directory}/epoch-${String(epoch).padStart(16, "0")}.checkpoint`
    return new CheckpointWriter(this.#disk, path, async () => {
      if (this.#disk.syncDirectoryAside === undefined) this.#disk.syncDirectory(this.#directory)
      else await this.#disk.syncDirectoryAside(this.#directory)
      await this.#removeOld()
    })
  }

  /** Newest first. Damage is found when the checkpoint is read. */
  list(): readonly { readonly epoch: number; readonly path: string }[] {
    return this.#disk
      .list(this.#directory)
      .flatMap((name) => {
        const match = FILE_NAME.exec(name)
        return match === null ? [] : [{ epoch: Number(match[1]), path: `${this.#directory}/${name}` }]
      })
      .reverse()
  }

  /** @throws PlatformError checkpoint-corrupt */
  manifest(path: string): CheckpointManifest {
    let manifest: CheckpointManifest | null = null
    for (const part of this.#readParts(path)) {
      if (part.name === MANIFEST) manifest = JSON.parse(Buffer.from(part.bytes).toString("utf8"))
    }
    if (manifest === null) throw checkpointCorrupt(path, "it has no manifest")
    return manifest
  }

  /** The engine's parts, read one by one. */
  *parts(path: string): Generator<CheckpointPart> {
    for (const part of this.#readParts(path)) {
      if (part.name !== MANIFEST) yield part
    }
  }

  *#readParts(path: string): Generator<CheckpointPart> {
    const file = this.#disk.open(path, { readOnly: true })
    try {
      yield* readParts(file, path)
    } finally {
      file.close()
    }
  }

  async #removeOld(): Promise<void> {
    for (const { path } of this.list().slice(KEPT_CHECKPOINTS)) {
      if (this.#disk.removeAside === undefined) this.#disk.remove(path)
      else await this.#disk.removeAside(path)
    }
  }
}

/** Writes one checkpoint part by part; nothing of it counts before `finish`. */
export class CheckpointWriter {
  readonly #disk: Disk
  readonly #path: string
  readonly #file: DiskFile
  readonly #onFinished: () => Promise<void>
  #position = 0
  #partCount = 0

  constructor(disk: Disk, path: string, onFinished: () => Promise<void>) {
    this.#disk = disk
    this.#path = path
    this.#onFinished = onFinished
    this.#file = disk.open(`${path}.writing`, { create: true })
    this.#file.truncate(0)
    this.#append(MAGIC)
  }

  write(part: CheckpointPart): void {
    const name = Buffer.from(part.name)
    const header = Buffer.alloc(PART_HEADER_BYTES + name.length)
    header.writeUInt32LE(name.length, 0)
    header.writeUInt32LE(part.bytes.length, 4)
    header.writeUInt32LE(crc32c(part.bytes, crc32c(name)), 8)
    name.copy(header, PART_HEADER_BYTES)
    this.#append(header)
    this.#append(part.bytes)
    this.#partCount++
  }

  /** Makes the checkpoint count. Epochs go on while the disk syncs. */
  async finish(manifest: CheckpointManifest): Promise<void> {
    this.write({ name: MANIFEST, bytes: Buffer.from(JSON.stringify(manifest)) })
    const count = Buffer.alloc(4)
    count.writeUInt32LE(this.#partCount, 0)
    this.#append(Buffer.concat([count, MAGIC]))
    if (this.#file.syncAside === undefined) this.#file.sync()
    else await this.#file.syncAside()
    this.#file.close()
    this.#disk.rename(`${this.#path}.writing`, this.#path)
    await this.#onFinished()
  }

  abandon(): void {
    this.#file.close()
    this.#disk.remove(`${this.#path}.writing`)
  }

  #append(bytes: Uint8Array): void {
    this.#file.write(bytes, this.#position)
    this.#position += bytes.length
  }
}

function* readParts(file: DiskFile, path: string): Generator<CheckpointPart> {
  const sizeBytes = file.sizeBytes()
  const trailerAt = sizeBytes - 4 - MAGIC.length
  if (trailerAt < MAGIC.length) throw checkpointCorrupt(path, `it has only ${sizeBytes} bytes`)
  const trailer = readExactly(file, trailerAt, 4 + MAGIC.length, path)
  const start = readExactly(file, 0, MAGIC.length, path)
  if (!start.equals(MAGIC) || !trailer.subarray(4).equals(MAGIC)) throw checkpointCorrupt(path, "bad magic")
  let position = MAGIC.length
  for (let left = trailer.readUInt32LE(0); left > 0; left--) {
    const header = readExactly(file, position, PART_HEADER_BYTES, path)
    const nameLength = header.readUInt32LE(0)
    const dataLength = header.readUInt32LE(4)
    if (position + PART_HEADER_BYTES + nameLength + dataLength > trailerAt) {
      throw checkpointCorrupt(path, `a part at byte ${position} is longer than the file`)
    }
    const name = readExactly(file, position + PART_HEADER_BYTES, nameLength, path)
    const bytes = readExactly(file, position + PART_HEADER_BYTES + nameLength, dataLength, path)
    if (crc32c(bytes, crc32c(name)) !== header.readUInt32LE(8)) {
      throw checkpointCorrupt(path, `the checksum of part ${name.toString()} does not match`)
    }
    yield { name: name.toString(), bytes }
    position += PART_HEADER_BYTES + nameLength + dataLength
  }
  assert(position <= trailerAt, "parts end before the trailer")
}

function readExactly(file: DiskFile, position: number, length: number, path: string): Buffer {
  const target = Buffer.alloc(length)
  const count = file.read(target, position)
  if (count !== length) throw checkpointCorrupt(path, `${length} bytes at ${position} are cut short`)
  return target
}
