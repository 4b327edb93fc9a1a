/**
 * Iceberg's table metadata, version 2, with the format's own names: a file a version, never changed.
 * Pure: each function returns the next version's contents.
 */
import { isDeepStrictEqual } from "node:util"
import { metadataCorrupt } from "./errors.ts"
import type { Evolved, IcebergSchema } from "./iceberg-schema.ts"
import { PARTITION_FIELD_ID, PARTITION_SPEC } from "./partition-spec.ts"

export interface Snapshot {
  readonly "snapshot-id": number
  readonly "parent-snapshot-id"?: number
  readonly "sequence-number": number
  readonly "timestamp-ms": number
  readonly "manifest-list": string
  readonly summary: Readonly<Record<string, string>> & { readonly operation: string }
  readonly "schema-id": number
}

/** What names a snapshot: the time at which it was the current one, or its id. */
export type SnapshotMoment = { readonly atMs: number } | { readonly snapshotId: string }

export interface TableMetadata {
  readonly "format-version": 2
  readonly "table-uuid": string
  readonly location: string
  readonly "last-sequence-number": number
  readonly "last-updated-ms": number
  readonly "last-column-id": number
  readonly "current-schema-id": number
  readonly schemas: readonly IcebergSchema[]
  readonly "default-spec-id": number
  readonly "partition-specs": readonly unknown[]
  readonly "last-partition-id": number
  readonly "default-sort-order-id": number
  readonly "sort-orders": readonly unknown[]
  readonly properties: Readonly<Record<string, string>>
  readonly "current-snapshot-id": number
  readonly refs: Readonly<Record<string, { readonly "snapshot-id": number; readonly type: "branch" }>>
  readonly snapshots: readonly Snapshot[]
  readonly "snapshot-log": readonly { readonly "timestamp-ms": number; readonly "snapshot-id": number }[]
  readonly "metadata-log": readonly { readonly "timestamp-ms": number; readonly "metadata-file": string }[]
}

export const NO_SNAPSHOT = -1
/** Versions that stay on disk behind the current one, for whoever read its name a moment ago. */
export const KEPT_METADATA_FILES = 10

export function firstMetadata(options: {
  readonly uuid: string
  readonly location: string
  readonly nowMs: number
  readonly evolved: Evolved
  readonly properties: Readonly<Record<string, string>>
}): TableMetadata {
  return {
    "format-version": 2,
    "table-uuid": options.uuid,
    location: options.location,
    "last-sequence-number": 0,
    "last-updated-ms": options.nowMs,
    "last-column-id": options.evolved.lastColumnId,
    "current-schema-id": options.evolved.schema["schema-id"],
    schemas: [options.evolved.schema],
    "default-spec-id": PARTITION_SPEC["spec-id"],
    "partition-specs": [PARTITION_SPEC],
    "last-partition-id": PARTITION_FIELD_ID,
    "default-sort-order-id": 0,
    "sort-orders": [{ "order-id": 0, fields: [] }],
    properties: options.properties,
    "current-snapshot-id": NO_SNAPSHOT,
    refs: {},
    snapshots: [],
    "snapshot-log": [],
    "metadata-log": [],
  }
}

/** @throws PlatformError lake-metadata-corrupt */
export function parseMetadata(path: string, bytes: Uint8Array): TableMetadata {
  let parsed: TableMetadata
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString("utf8"))
  } catch (error) {
    throw metadataCorrupt(path, error instanceof Error ? error.message : String(error))
  }
  if (parsed["format-version"] !== 2)
    throw metadataCorrupt(path, `its format version is ${parsed["format-version"]}, not 2`)
  if (!isDeepStrictEqual(parsed["partition-specs"], [PARTITION_SPEC]))
    throw metadataCorrupt(path, "its partitioning is not the lake's")
  return parsed
}

export function currentSchema(metadata: TableMetadata): IcebergSchema {
  return schemaOf(metadata, metadata["current-schema-id"])
}

export function schemaOf(metadata: TableMetadata, id: number): IcebergSchema {
  return metadata.schemas.find((schema) => schema["schema-id"] === id)!
}

export function currentSnapshot(metadata: TableMetadata): Snapshot | null {
  return metadata.snapshots.find((one) => one["snapshot-id"] === metadata["current-snapshot-id"]) ?? null
}

export function withSchema(metadata: TableMetadata, { schema, lastColumnId }: Evolved): TableMetadata {
  return {
    ...metadata,
    "last-column-id": lastColumnId,
    "current-schema-id": schema["schema-id"],
    schemas: [...metadata.schemas, schema],
  }
}

export function withSnapshot(metadata: TableMetadata, snapshot: Snapshot): TableMetadata {
  const id = snapshot["snapshot-id"]
  return {
    ...metadata,
    "last-sequence-number": snapshot["sequence-number"],
    "current-snapshot-id": id,
    refs: { main: { "snapshot-id": id, type: "branch" } },
    snapshots: [...metadata.snapshots, snapshot],
    "snapshot-log": [
      ...metadata["snapshot-log"],
      { "timestamp-ms": snapshot["timestamp-ms"], "snapshot-id": id },
    ],
  }
}

/** Without the snapshots that `keeps` refuses; the current one always stays. */
export function withoutSnapshots(
  metadata: TableMetadata,
  keeps: (snapshot: Snapshot) => boolean,
): TableMetadata {
  const isCurrent = (id: number) => id === metadata["current-snapshot-id"]
  const kept = metadata.snapshots.filter((one) => isCurrent(one["snapshot-id"]) || keeps(one))
  const ids = new Set(kept.map((one) => one["snapshot-id"]))
  // The log has no holes: a time between two kept snapshots would be answered by the wrong one.
  const log = metadata["snapshot-log"]
  const lastGone = log.findLastIndex((entry) => !ids.has(entry["snapshot-id"]))
  const usedSchemas = new Set([metadata["current-schema-id"], ...kept.map((one) => one["schema-id"])])
  return {
    ...metadata,
    snapshots: kept,
    schemas: metadata.schemas.filter((schema) => usedSchemas.has(schema["schema-id"])),
    "snapshot-log": log.slice(lastGone + 1),
  }
}

/** With an older snapshot as the current one; what came behind it is forgotten. */
export function rolledBack(metadata: TableMetadata, snapshot: Snapshot, nowMs: number): TableMetadata {
  const id = snapshot["snapshot-id"]
  const current: TableMetadata = {
    ...metadata,
    "current-snapshot-id": id,
    refs: { main: { "snapshot-id": id, type: "branch" } },
  }
  const older = withoutSnapshots(current, (one) => one["sequence-number"] <= snapshot["sequence-number"])
  const log = metadata["snapshot-log"].filter(({ "snapshot-id": entry }) =>
    older.snapshots.some((one) => one["snapshot-id"] === entry),
  )
  return { ...older, "snapshot-log": [...log, { "timestamp-ms": nowMs, "snapshot-id": id }] }
}

/** Stamped as the version behind the one in `previousFile`. */
export function stamped(metadata: TableMetadata, nowMs: number, previousFile: string | null): TableMetadata {
  const before = metadata["last-updated-ms"]
  const log = metadata["metadata-log"]
  const entry = previousFile === null ? [] : [{ "timestamp-ms": before, "metadata-file": previousFile }]
  return {
    ...metadata,
    "last-updated-ms": Math.max(nowMs, before),
    "metadata-log": [...log, ...entry].slice(-KEPT_METADATA_FILES),
  }
}
