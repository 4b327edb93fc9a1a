/**
 * The format names files by absolute paths, so a table whose folder was moved, or restored elsewhere, is not
 * found by readers that go by them. This writes lists and manifests of all snapshots again, with the paths
 * of today; the data files stay as they are. Nothing counts before the metadata returned is committed.
 */
import type { Random } from "../../std/random.ts"
import type { IcebergSchema } from "./iceberg-schema.ts"
import { syncMarker, uuid } from "./identifiers.ts"
import { decodeManifest, encodeManifest } from "./manifest.ts"
import { decodeManifestList, encodeManifestList, type ManifestFile } from "./manifest-list.ts"
import type { TableFiles } from "./table-files.ts"
import { type Snapshot, schemaOf, type TableMetadata } from "./table-metadata.ts"

export function isMoved(metadata: TableMetadata, { directory }: TableFiles): boolean {
  return metadata.location !== directory
}

/** @throws PlatformError lake-manifest-corrupt, file-missing, disk-full, disk-failed */
export function relocated(metadata: TableMetadata, files: TableFiles, random: Random): TableMetadata {
  const move = new Relocation(files, random)
  return {
    ...metadata,
    location: files.directory,
    snapshots: metadata.snapshots.map((snapshot) => {
      return move.snapshot(snapshot, schemaOf(metadata, snapshot["schema-id"]))
    }),
    "metadata-log": metadata["metadata-log"].map((entry) => {
      return { ...entry, "metadata-file": files.local(entry["metadata-file"]) }
    }),
  }
}

class Relocation {
  readonly #files: TableFiles
  readonly #random: Random
  /** By the path before: most snapshots share most manifests. */
  readonly #manifests = new Map<string, Pick<ManifestFile, "manifest_path" | "manifest_length">>()

  constructor(files: TableFiles, random: Random) {
    this.#files = files
    this.#random = random
  }

  snapshot(snapshot: Snapshot, schema: IcebergSchema): Snapshot {
    const path = this.#files.local(snapshot["manifest-list"])
    const list = decodeManifestList(this.#files.read(path), path)
    const id = snapshot["snapshot-id"]
    const bytes = encodeManifestList({
      manifests: list.map((manifest) => ({ ...manifest, ...this.#manifest(manifest, schema) })),
      snapshotId: id,
      parentSnapshotId: snapshot["parent-snapshot-id"] ?? null,
      sequenceNumber: snapshot["sequence-number"],
      sync: syncMarker(this.#random),
    })
    const name = `snap-${id}-${uuid(this.#random)}.avro`
    return { ...snapshot, "manifest-list": this.#files.writeMetadataFile(name, bytes) }
  }

  #manifest({ manifest_path }: ManifestFile, schema: IcebergSchema) {
    const known = this.#manifests.get(manifest_path)
    if (known !== undefined) return known
    const path = this.#files.local(manifest_path)
    const entries = decodeManifest(this.#files.read(path), path).map((entry) => {
      return { ...entry, file: { ...entry.file, path: this.#files.local(entry.file.path) } }
    })
    const bytes = encodeManifest({ entries, schema, sync: syncMarker(this.#random) })
    const written = {
      manifest_path: this.#files.writeMetadataFile(`${uuid(this.#random)}-m0.avro`, bytes),
      manifest_length: bytes.length,
    }
    this.#manifests.set(manifest_path, written)
    return written
  }
}
