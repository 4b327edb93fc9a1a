/** A manifest: which data files a snapshot added, has or lost, with the bounds of their columns. */
import { avroType, decodeAvroFile, encodeAvroFile } from "./avro-file.ts"
import type { Metrics } from "./file-metrics.ts"
import type { IcebergSchema } from "./iceberg-schema.ts"
import { MANIFEST_ENTRY_SCHEMA } from "./manifest-schemas.ts"
import { PARTITION_SPEC } from "./partition-spec.ts"

/** A data file without what is known of its columns. */
export interface ListedFile {
  /** As manifests have it: below the table's location. */
  readonly path: string
  /** Days since 1970-01-01 of the append time. */
  readonly day: number
  readonly recordCount: number
  readonly sizeBytes: number
}

export interface DataFile extends ListedFile, Metrics {}

export type EntryStatus = "existing" | "added" | "deleted"

export interface ManifestEntry {
  readonly status: EntryStatus
  /** The snapshot that added the file, or that deleted it. */
  readonly snapshotId: number
  /** Null in an added entry: that of the manifest. */
  readonly sequenceNumber: number | null
  readonly file: DataFile
}

const TYPE = avroType(MANIFEST_ENTRY_SCHEMA as never)
const STATUS: readonly EntryStatus[] = ["existing", "added", "deleted"]
const DATA = 0

interface Pair<Value> {
  readonly key: number
  readonly value: Value
}

/** The record as avsc has it. */
interface EntryRecord {
  readonly status: number
  readonly snapshot_id: number | null
  readonly sequence_number: number | null
  readonly file_sequence_number: number | null
  readonly data_file: {
    readonly content: number
    readonly file_path: string
    readonly file_format: string
    readonly partition: { readonly processed_at_day: number | null }
    readonly record_count: number
    readonly file_size_in_bytes: number
    readonly column_sizes: readonly Pair<number>[] | null
    readonly value_counts: readonly Pair<number>[] | null
    readonly null_value_counts: readonly Pair<number>[] | null
    readonly nan_value_counts: readonly Pair<number>[] | null
    readonly lower_bounds: readonly Pair<Uint8Array>[] | null
    readonly upper_bounds: readonly Pair<Uint8Array>[] | null
    readonly key_metadata: null
    readonly split_offsets: readonly number[] | null
    readonly equality_ids: null
    readonly sort_order_id: number | null
  }
}

export function encodeManifest(options: {
  readonly entries: readonly ManifestEntry[]
  readonly schema: IcebergSchema
  readonly sync: Uint8Array
}): Buffer {
  return encodeAvroFile({
    type: TYPE,
    schema: MANIFEST_ENTRY_SCHEMA,
    metadata: {
      schema: JSON.stringify(options.schema),
      "schema-id": String(options.schema["schema-id"]),
      "partition-spec": JSON.stringify(PARTITION_SPEC.fields),
      "partition-spec-id": String(PARTITION_SPEC["spec-id"]),
      "format-version": "2",
      content: "data",
    },
    records: options.entries.map(recordOf),
    sync: options.sync,
  })
}

export function decodeManifest(bytes: Uint8Array, path: string): ManifestEntry[] {
  return (decodeAvroFile(TYPE, bytes, path) as EntryRecord[]).map((record) => ({
    status: STATUS[record.status]!,
    snapshotId: record.snapshot_id!,
    sequenceNumber: record.sequence_number,
    file: fileOf(record.data_file),
  }))
}

function recordOf({ status, snapshotId, sequenceNumber, file }: ManifestEntry): EntryRecord {
  return {
    status: STATUS.indexOf(status),
    snapshot_id: snapshotId,
    sequence_number: sequenceNumber,
    file_sequence_number: sequenceNumber,
    data_file: {
      content: DATA,
      file_path: file.path,
      file_format: "PARQUET",
      partition: { processed_at_day: file.day },
      record_count: file.recordCount,
      file_size_in_bytes: file.sizeBytes,
      column_sizes: pairs(file.columnSizes),
      value_counts: pairs(file.valueCounts),
      null_value_counts: pairs(file.nullValueCounts),
      nan_value_counts: pairs(file.nanValueCounts),
      lower_bounds: pairs(file.lowerBounds, Buffer.from),
      upper_bounds: pairs(file.upperBounds, Buffer.from),
      key_metadata: null,
      split_offsets: file.splitOffsets,
      equality_ids: null,
      sort_order_id: null,
    },
  }
}

function fileOf(record: EntryRecord["data_file"]): DataFile {
  return {
    path: record.file_path,
    day: record.partition.processed_at_day!,
    recordCount: record.record_count,
    sizeBytes: record.file_size_in_bytes,
    columnSizes: mapOf(record.column_sizes),
    valueCounts: mapOf(record.value_counts),
    nullValueCounts: mapOf(record.null_value_counts),
    nanValueCounts: mapOf(record.nan_value_counts),
    lowerBounds: mapOf(record.lower_bounds),
    upperBounds: mapOf(record.upper_bounds),
    splitOffsets: record.split_offsets ?? [],
  }
}

function pairs<Value, Out = Value>(
  map: ReadonlyMap<number, Value>,
  as: (value: Value) => Out = (value) => value as unknown as Out,
): Pair<Out>[] {
  return [...map].map(([key, value]) => ({ key, value: as(value) }))
}

function mapOf<Value>(list: readonly Pair<Value>[] | null): ReadonlyMap<number, Value> {
  return new Map((list ?? []).map(({ key, value }) => [key, value]))
}
