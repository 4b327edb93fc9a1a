/**
 * Writes one data file of a table: Parquet under a name of its own, durable and read back before anybody
 * commits it. What is not finished is removed, or is rubbish that a later start finds.
 */
import { crc32 } from "node:zlib"
import type { Disk, DiskFile } from "../../std/disk.ts"
import type { Random } from "../../std/random.ts"
import { dataFileCorrupt } from "./errors.ts"
import type { IcebergSchema } from "./iceberg-schema.ts"
import { uuid } from "./identifiers.ts"
import type { DataFile } from "./manifest.ts"
import { ParquetWriter, type RowBatch } from "./parquet-writer.ts"
import { TableFiles } from "./table-files.ts"

const CHUNK_BYTES = 1024 * 1024

export interface DataFileParts {
  readonly disk: Disk
  readonly random: Random
  /** The table's; absolute. */
  readonly directory: string
  readonly schema: IcebergSchema
  /** Days since 1970-01-01. */
  readonly day: number
}

export class DataFileWriter {
  readonly #parts: DataFileParts
  readonly #files: TableFiles
  readonly #path: string
  readonly #file: DiskFile
  readonly #parquet: ParquetWriter
  #isOpen = true

  /** @throws PlatformError disk-full, disk-failed */
  constructor(parts: DataFileParts) {
    this.#parts = parts
    this.#files = new TableFiles(parts.disk, parts.directory)
    const { path, file } = this.#files.openDataFile(parts.day, uuid(parts.random))
    this.#path = path
    this.#file = file
    this.#parquet = new ParquetWriter(file, parts.schema)
  }

  get sizeBytes(): number {
    return this.#parquet.sizeBytes
  }

  append(batch: RowBatch): void {
    this.#parquet.append(batch)
  }

  /** What follows is of another partition. */
  endGroup(): void {
    this.#parquet.endGroup()
  }

  /** Durable and read back when it returns. @throws disk-full, disk-failed, lake-file-corrupt */
  finish(): DataFile {
    const { crc, ...written } = this.#parquet.finish()
    this.#isOpen = false
    this.#files.sealDataFile(this.#path, this.#file)
    this.#readBack(written.sizeBytes, crc)
    return { ...written, path: this.#path, day: this.#parts.day }
  }

  /** Closes and removes it. */
  abandon(): void {
    if (this.#isOpen) this.#file.close()
    this.#parts.disk.remove(this.#path)
  }

  #readBack(sizeBytes: number, crc: number): void {
    const file = this.#parts.disk.open(this.#path, { readOnly: true })
    try {
      const chunk = new Uint8Array(CHUNK_BYTES)
      let sum = 0
      let position = 0
      for (let count = file.read(chunk, 0); count > 0; count = file.read(chunk, position)) {
        sum = crc32(chunk.subarray(0, count), sum)
        position += count
      }
      if (position !== sizeBytes || sum !== crc)
        throw dataFileCorrupt(this.#path, "its bytes are not those written")
    } finally {
      file.close()
    }
  }
}
