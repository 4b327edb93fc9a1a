/**
 * Reads data files of the lake back: which offsets each row group has, and its records as they were in the
 * log. Parquet is taken apart by hyparquet, and zstd by Node.
 */
import { zstdDecompressSync } from "node:zlib"
import { type AsyncBuffer, type FileMetaData, parquetMetadata, parquetRead } from "hyparquet"
import type { Disk, DiskFile } from "../../std/disk.ts"
import { isPlatformError } from "../../std/errors.ts"
import { dataFileCorrupt } from "./errors.ts"
import { RECORD_COLUMNS } from "./iceberg-schema.ts"
import { type RecordSlab, slabOf } from "./record-slab.ts"

/** Records of one partition with ascending offsets, of one row group. */
export interface GroupRange {
  readonly path: string
  readonly topic: string
  readonly partition: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly firstRow: number
  readonly rowCount: number
}

/** Reads row groups, here or in another thread. */
export interface GroupReader {
  /** @throws file-missing, lake-file-corrupt */
  groups(path: string): Promise<readonly GroupRange[]>
  /** @throws file-missing, lake-file-corrupt */
  records(group: GroupRange): Promise<RecordSlab>
}

export function diskGroupReader(disk: Disk): GroupReader {
  return {
    groups: async (path) => readGroups(disk, path),
    records: (group) => readGroup(disk, group),
  }
}

const FOOTER_TAIL_BYTES = 8
const RECORD = [
  RECORD_COLUMNS.offset,
  RECORD_COLUMNS.processedAt,
  RECORD_COLUMNS.key,
  RECORD_COLUMNS.headers,
  RECORD_COLUMNS.value,
]
const compressors = {
  ZSTD: (input: Uint8Array, outputLength: number) =>
    zstdDecompressSync(input, { maxOutputLength: outputLength + 1 }),
}

/** @throws file-missing, lake-file-corrupt */
export function readGroups(disk: Disk, path: string): GroupRange[] {
  return withFile(disk, path, (file) => groupsOf(path, readFooter(path, file)))
}

/** @throws file-missing, lake-file-corrupt */
export async function readGroup(disk: Disk, group: GroupRange): Promise<RecordSlab> {
  const { path, firstRow, rowCount } = group
  const file = disk.open(path, { readOnly: true })
  try {
    const columns = new Map<string, ArrayLike<unknown>>()
    await parquetRead({
      file: bufferOf(file),
      metadata: plainNumbers(readFooter(path, file)),
      columns: [...RECORD],
      rowStart: firstRow,
      rowEnd: firstRow + rowCount,
      utf8: false,
      compressors,
      // A chunk of ours is one page.
      onChunk: ({ columnName, columnData }) => void columns.set(columnName, columnData),
    })
    const [offsets, appendTimesMicros, keys, headers, values] = RECORD.map((name) => {
      const column = columns.get(name)
      if (column?.length !== rowCount)
        throw new Error(`it has ${column?.length ?? 0} rows of ${name} where ${rowCount} belong`)
      return column as never
    })
    return slabOf({
      ...{ offsets: longsOf(offsets!), appendTimesMicros: longsOf(appendTimesMicros!) },
      ...{ keys: keys!, values: values!, headers: headers! },
    })
  } catch (error) {
    if (isPlatformError(error)) throw error
    throw dataFileCorrupt(path, error instanceof Error ? error.message : String(error))
  } finally {
    file.close()
  }
}

function longsOf(column: ArrayLike<bigint>): BigInt64Array {
  return column instanceof BigInt64Array ? column : BigInt64Array.from(column)
}

/** Without what instants mean: they stay numbers in one array instead of becoming a value each. */
function plainNumbers(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    if (element.name !== RECORD_COLUMNS.processedAt) return element
    const { converted_type, logical_type, ...plain } = element
    return plain
  })
  return { ...metadata, schema }
}

function withFile<T>(disk: Disk, path: string, read: (file: DiskFile) => T): T {
  const file = disk.open(path, { readOnly: true })
  try {
    return read(file)
  } finally {
    file.close()
  }
}

function readFooter(path: string, file: DiskFile): FileMetaData {
  try {
    const size = file.sizeBytes()
    const tail = bytesAt(file, Math.max(0, size - FOOTER_TAIL_BYTES), size)
    const length = new DataView(tail).getUint32(0, true)
    if (length > size - FOOTER_TAIL_BYTES) throw new Error("its footer is longer than the file")
    return parquetMetadata(bytesAt(file, size - length - FOOTER_TAIL_BYTES, size), { geoparquet: false })
  } catch (error) {
    if (isPlatformError(error)) throw error
    throw dataFileCorrupt(path, error instanceof Error ? error.message : String(error))
  }
}

function groupsOf(path: string, metadata: FileMetaData): GroupRange[] {
  let firstRow = 0
  return metadata.row_groups.map((group) => {
    const rowCount = Number(group.num_rows)
    const bounds = (column: string) => {
      const meta = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === column)?.meta_data
      const { min_value, max_value } = meta?.statistics ?? {}
      if (min_value === undefined || max_value === undefined)
        throw dataFileCorrupt(path, `a row group does not say the bounds of ${column}`)
      return { min: min_value, max: max_value }
    }
    const offsets = bounds(RECORD_COLUMNS.offset)
    const range = {
      path,
      topic: String(bounds(RECORD_COLUMNS.topic).min),
      partition: Number(bounds(RECORD_COLUMNS.partition).min),
      firstOffset: Number(offsets.min),
      lastOffset: Number(offsets.max),
      firstRow,
      rowCount,
    }
    firstRow += rowCount
    return range
  })
}

function bufferOf(file: DiskFile): AsyncBuffer {
  const byteLength = file.sizeBytes()
  return { byteLength, slice: (start, end = byteLength) => bytesAt(file, start, end) }
}

function bytesAt(file: DiskFile, start: number, end: number): ArrayBuffer {
  const bytes = new Uint8Array(end - start)
  const read = file.read(bytes, start)
  if (read !== bytes.length) throw new Error("it is cut off")
  return bytes.buffer
}
