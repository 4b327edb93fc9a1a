/** A manifest list: the manifests of one snapshot. An append writes one manifest and lists the old again. */
import { avroType, decodeAvroFile, encodeAvroFile } from "./avro-file.ts"
import type { ManifestEntry } from "./manifest.ts"
import { MANIFEST_FILE_SCHEMA } from "./manifest-schemas.ts"
import { PARTITION_SPEC } from "./partition-spec.ts"
import { intBytes } from "./single-value.ts"

/** The record as Avro has it, names of the format's own. */
export interface ManifestFile {
  readonly manifest_path: string
  readonly manifest_length: number
  readonly partition_spec_id: number
  readonly content: number
  readonly sequence_number: number
  readonly min_sequence_number: number
  readonly added_snapshot_id: number
  readonly added_files_count: number
  readonly existing_files_count: number
  readonly deleted_files_count: number
  readonly added_rows_count: number
  readonly existing_rows_count: number
  readonly deleted_rows_count: number
  readonly partitions:
    | readonly {
        readonly contains_null: boolean
        readonly contains_nan: boolean | null
        readonly lower_bound: Uint8Array | null
        readonly upper_bound: Uint8Array | null
      }[]
    | null
  readonly key_metadata: null
}

const TYPE = avroType(MANIFEST_FILE_SCHEMA as never)

export function encodeManifestList(options: {
  readonly manifests: readonly ManifestFile[]
  readonly snapshotId: number
  readonly parentSnapshotId: number | null
  readonly sequenceNumber: number
  readonly sync: Uint8Array
}): Buffer {
  return encodeAvroFile({
    type: TYPE,
    schema: MANIFEST_FILE_SCHEMA,
    metadata: {
      "snapshot-id": String(options.snapshotId),
      "parent-snapshot-id": String(options.parentSnapshotId),
      "sequence-number": String(options.sequenceNumber),
      "format-version": "2",
    },
    records: options.manifests,
    sync: options.sync,
  })
}

export function decodeManifestList(bytes: Uint8Array, path: string): ManifestFile[] {
  return decodeAvroFile(TYPE, bytes, path) as ManifestFile[]
}

/** What a list says about a manifest that holds `entries`. */
export function manifestFile(options: {
  readonly path: string
  readonly sizeBytes: number
  readonly entries: readonly ManifestEntry[]
  readonly snapshotId: number
  readonly sequenceNumber: number
}): ManifestFile {
  const { entries, sequenceNumber } = options
  const of = (status: ManifestEntry["status"]) => entries.filter((entry) => entry.status === status)
  const rows = (list: readonly ManifestEntry[]) => list.reduce((sum, { file }) => sum + file.recordCount, 0)
  const days = entries.map(({ file }) => file.day)
  const day = (value: number) => Buffer.from(intBytes(value))
  const live = entries.filter(({ status }) => status !== "deleted")
  return {
    manifest_path: options.path,
    manifest_length: options.sizeBytes,
    partition_spec_id: PARTITION_SPEC["spec-id"],
    content: 0,
    sequence_number: sequenceNumber,
    min_sequence_number: Math.min(
      sequenceNumber,
      ...live.map((entry) => entry.sequenceNumber ?? sequenceNumber),
    ),
    added_snapshot_id: options.snapshotId,
    added_files_count: of("added").length,
    existing_files_count: of("existing").length,
    deleted_files_count: of("deleted").length,
    added_rows_count: rows(of("added")),
    existing_rows_count: rows(of("existing")),
    deleted_rows_count: rows(of("deleted")),
    partitions: [
      {
        contains_null: false,
        contains_nan: false,
        lower_bound: day(Math.min(...days)),
        upper_bound: day(Math.max(...days)),
      },
    ],
    key_metadata: null,
  }
}
