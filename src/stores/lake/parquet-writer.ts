/**
 * Writes one Parquet file: rows are gathered into row groups, each column chunk is one page, packed by zstd
 * where it is worth it, the footer comes last. Why our own: docs/decisions/0018.
 * Source: apache/parquet-format.
 *
 *   "PAR1" [ row group: [ column chunk: page header, page ]* ]* footer, its length, "PAR1"
 *
 * A row group holds rows of one partition, so its bounds say exactly which offsets are in it.
 */
import { constants, crc32, zstdCompressSync } from "node:zlib"
import type { Vector } from "../../columns/vector.ts"
import type { DiskFile } from "../../std/disk.ts"
import { type ColumnPage, ColumnWriter } from "./column-writer.ts"
import { FileMetrics, type Metrics } from "./file-metrics.ts"
import { type IcebergField, type IcebergSchema, RECORD_COLUMNS } from "./iceberg-schema.ts"
import { type Entries, MapWriter } from "./map-writer.ts"
import { type Leaf, leavesOf, PARQUET_TYPE, pageHeader, schemaElements } from "./parquet-schema.ts"
import { binary, encodeThrift, i32, i64, list, struct, type Thrift, text } from "./thrift-compact.ts"

const MAGIC = Buffer.from("PAR1")
const FORMAT_VERSION = 2
const CREATED_BY = "millrace"
const CODEC_NONE = 0
const CODEC_ZSTD = 6
/** Packing less costs more than it saves. */
const SMALLEST_PACKED_BYTES = 512
const ENCODINGS = [0, 3].map(i32)
/** Level 1 packs 0.4 to 0.5 GB/s; level 3 takes twice as long for a tenth less. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
/** Rows of a group: what one lookup of an old offset decodes. */
const GROUP_ROWS = 65_536
/** Values of a group before they are packed: memory of an open file, and what one turn of the loop packs. */
const GROUP_BYTES = 16 * 1024 * 1024
/** Longer texts as a group's bounds cost more than they prune. */
const MAX_STATISTIC_BYTES = 256

/** Columns of bytes that nobody asks ranges of. */
const WITHOUT_BOUNDS: ReadonlySet<string> = new Set([RECORD_COLUMNS.headers, RECORD_COLUMNS.value])

/** What comes for a column: a vector with a selection, one value for all rows, or a map's entries a row. */
export type ColumnRows =
  | { readonly kind: "vector"; readonly vector: Vector | null; readonly rows: Int32Array | null }
  | { readonly kind: "repeated"; readonly value: Uint8Array | null }
  | { readonly kind: "map"; readonly entries: readonly Entries[] }

export interface RowBatch {
  readonly count: number
  /** By field name. A field that is missing is null. */
  readonly columns: ReadonlyMap<string, ColumnRows>
}

export interface WrittenFile extends Metrics {
  readonly recordCount: number
  readonly sizeBytes: number
  /** CRC-32 of all of it. */
  readonly crc: number
}

interface OpenColumn {
  readonly field: IcebergField
  readonly writer: ColumnWriter | MapWriter
}

export class ParquetWriter {
  readonly #file: DiskFile
  readonly #schema: IcebergSchema
  readonly #leaves: readonly Leaf[]
  readonly #columns: readonly OpenColumn[]
  readonly #metrics = new FileMetrics()
  readonly #groups: Thrift[] = []
  #position = 0
  #crc = 0
  #groupRows = 0
  #rows = 0

  /** @param file new and empty; the caller syncs and closes it. */
  constructor(file: DiskFile, schema: IcebergSchema) {
    this.#file = file
    this.#schema = schema
    this.#leaves = leavesOf(schema)
    this.#columns = schema.fields.map((field) => {
      const { name, type, required } = field
      const hasBounds = !WITHOUT_BOUNDS.has(name)
      const writer =
        typeof type === "string" ? new ColumnWriter({ type, required, hasBounds }) : new MapWriter()
      return { field, writer }
    })
    this.#write(MAGIC)
  }

  /** Bytes on disk and in the open group. */
  get sizeBytes(): number {
    return this.#position + this.#openBytes()
  }

  append(batch: RowBatch): void {
    const { count } = batch
    for (const { field, writer } of this.#columns) {
      const rows = batch.columns.get(field.name)
      if (writer instanceof MapWriter) writer.append(rows?.kind === "map" ? rows.entries : [], count)
      else if (rows?.kind === "repeated") writer.appendRepeated(rows.value, count)
      else if (rows?.kind === "vector") writer.append(rows.vector, { rows: rows.rows, count })
      else writer.append(null, { rows: null, count })
    }
    this.#groupRows += count
    if (this.#groupRows >= GROUP_ROWS || this.#openBytes() >= GROUP_BYTES) this.endGroup()
  }

  /** What follows is of another partition. */
  endGroup(): void {
    if (this.#groupRows === 0) return
    const pages = this.#columns.flatMap(({ writer }) => {
      return writer instanceof MapWriter ? [...writer.pages()] : [writer.page()]
    })
    const start = this.#position
    const chunks: Thrift[] = []
    let plainBytes = 0
    for (const [index, page] of pages.entries()) {
      const leaf = this.#leaves[index]!
      plainBytes += page.bytes.length
      chunks.push(this.#writeChunk(leaf, page))
    }
    this.#groups.push(
      struct([
        [1, list("struct", chunks)],
        [2, i64(plainBytes)],
        [3, i64(this.#groupRows)],
        [5, i64(start)],
        [6, i64(this.#position - start)],
      ]),
    )
    this.#metrics.splitOffsets.push(start)
    this.#rows += this.#groupRows
    this.#groupRows = 0
  }

  finish(): WrittenFile {
    this.endGroup()
    const orders = this.#leaves.map(() => struct([[1, struct()]]))
    const footer = encodeThrift(
      struct([
        [1, i32(FORMAT_VERSION)],
        [2, list("struct", schemaElements(this.#schema))],
        [3, i64(this.#rows)],
        [4, list("struct", this.#groups)],
        [5, list("struct", [keyValue("iceberg.schema", JSON.stringify(this.#schema))])],
        [6, text(CREATED_BY)],
        [7, list("struct", orders)],
      ]),
    )
    const length = Buffer.alloc(4)
    length.writeUInt32LE(footer.length)
    this.#write(Buffer.concat([footer, length, MAGIC]))
    return { ...this.#metrics.take(), recordCount: this.#rows, sizeBytes: this.#position, crc: this.#crc }
  }

  #writeChunk(leaf: Leaf, page: ColumnPage): Thrift {
    const { bytes: packed, codec } = pack(page.bytes)
    const sizes = { valueCount: page.valueCount, plainBytes: page.bytes.length, packedBytes: packed.length }
    const header = encodeThrift(pageHeader(sizes))
    const start = this.#position
    this.#write(header)
    this.#write(packed)
    this.#metrics.add(leaf, page, this.#position - start)
    const meta = struct([
      [1, i32(PARQUET_TYPE[leaf.physical])],
      [2, list("i32", ENCODINGS)],
      [3, list("binary", leaf.path.map(text))],
      [4, i32(codec)],
      [5, i64(page.valueCount)],
      [6, i64(header.length + page.bytes.length)],
      [7, i64(this.#position - start)],
      [9, i64(start)],
      [12, statistics(leaf, page)],
    ])
    return struct([
      [2, i64(start)],
      [3, meta],
    ])
  }

  #write(bytes: Uint8Array): void {
    this.#file.write(bytes, this.#position)
    this.#crc = crc32(bytes, this.#crc)
    this.#position += bytes.length
  }

  #openBytes(): number {
    return this.#columns.reduce((sum, { writer }) => sum + writer.sizeBytes, 0)
  }
}

function pack(bytes: Uint8Array): { bytes: Uint8Array; codec: number } {
  if (bytes.length < SMALLEST_PACKED_BYTES) return { bytes, codec: CODEC_NONE }
  return { bytes: zstdCompressSync(bytes, LEVEL), codec: CODEC_ZSTD }
}

function keyValue(key: string, value: string): Thrift {
  return struct([
    [1, text(key)],
    [2, text(value)],
  ])
}

/** Parquet's own bounds. Decimals are left out of them: their bytes differ from Iceberg's. */
function statistics(leaf: Leaf, { nullCount, bounds, nanCount }: ColumnPage): Thrift {
  const isKept =
    bounds !== null &&
    nanCount === 0 &&
    !leaf.type.startsWith("decimal") &&
    Math.max(bounds.lower.length, bounds.upper.length) <= MAX_STATISTIC_BYTES
  return struct([
    [3, i64(nullCount)],
    [5, isKept ? binary(bounds.upper) : undefined],
    [6, isKept ? binary(bounds.lower) : undefined],
  ])
}
