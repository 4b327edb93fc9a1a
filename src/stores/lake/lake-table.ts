/**
 * One table of the lake: its current version, commits, and what each snapshot has.
 * Laws
 * - A commit is one link of a metadata file; before it nothing counts, after it everything.
 * - The summary of each snapshot says up to where each partition of the log is in the table, so whoever
 *   archives goes on from the table itself.
 * - After a failed commit the table is in doubt: open it again.
 */
import type { Column } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { Clock } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import type { Random } from "../../std/random.ts"
import { beginsOf, type Offsets, offsetsOf, summaryOf } from "./archived-offsets.ts"
import { foreignLake, momentName, unknownSnapshot } from "./errors.ts"
import { evolveSchema, type IcebergSchema } from "./iceberg-schema.ts"
import { snapshotId, syncMarker, uuid } from "./identifiers.ts"
import {
  type DataFile,
  decodeManifest,
  encodeManifest,
  type ListedFile,
  type ManifestEntry,
} from "./manifest.ts"
import { decodeManifestList, encodeManifestList, type ManifestFile, manifestFile } from "./manifest-list.ts"
import { isMoved, relocated } from "./relocate.ts"
import type { ListedEntry, TableCache } from "./table-cache.ts"
import { TableFiles } from "./table-files.ts"
import {
  currentSchema,
  currentSnapshot,
  firstMetadata,
  KEPT_METADATA_FILES,
  rolledBack,
  type Snapshot,
  type SnapshotMoment,
  stamped,
  type TableMetadata,
  withoutSnapshots,
  withSchema,
  withSnapshot,
} from "./table-metadata.ts"

export interface LakeTableParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  /** Absolute; its last part is the event's name. */
  readonly directory: string
  /** The log whose records it has; null: whichever, for readers alone. Nothing is then written. */
  readonly logId: string | null
  readonly cache: TableCache
}

const LOG_ID = "millrace.log-id"
/** A snapshot with more manifests gets the small ones put together when files are replaced anyway. */
const MAX_MANIFESTS = 50
/** A manifest of as many files stays as it is. */
const MERGED_FILES = 500

export class LakeTable {
  readonly name: string
  readonly #parts: LakeTableParts
  readonly #files: TableFiles
  #version: number
  #metadata: TableMetadata

  private constructor(parts: LakeTableParts, files: TableFiles, version: number, metadata: TableMetadata) {
    this.#parts = parts
    this.#files = files
    this.#version = version
    this.#metadata = metadata
    this.name = parts.directory.slice(parts.directory.lastIndexOf("/") + 1)
  }

  /** Null when there is none. @throws lake-metadata-corrupt, lake-of-another-log */
  static open(parts: LakeTableParts): LakeTable | null {
    const files = new TableFiles(parts.disk, parts.directory)
    const current = files.readCurrent()
    if (current === null) return null
    const table = new LakeTable(parts, files, current.version, current.metadata)
    const found = current.metadata.properties[LOG_ID] ?? "unknown"
    if (parts.logId === null) return table
    if (found !== parts.logId) throw foreignLake(table.name, parts.logId, found)
    files.hint(current.version)
    if (isMoved(current.metadata, files)) {
      table.#commit(relocated(current.metadata, files, parts.random))
      parts.cache.clear()
    }
    return table
  }

  static create(parts: LakeTableParts, columns: readonly Column[]): LakeTable {
    const files = new TableFiles(parts.disk, parts.directory)
    files.create()
    const metadata = firstMetadata({
      uuid: uuid(parts.random),
      location: parts.directory,
      nowMs: parts.clock.nowMs(),
      evolved: evolveSchema(null, columns),
      properties: { [LOG_ID]: parts.logId!, "write.format.default": "parquet" },
    })
    files.commit(1, metadata)
    return new LakeTable(parts, files, 1, metadata)
  }

  get metadata(): TableMetadata {
    return this.#metadata
  }

  get directory(): string {
    return this.#parts.directory
  }

  get disk(): Disk {
    return this.#parts.disk
  }

  get schema(): IcebergSchema {
    return currentSchema(this.#metadata)
  }

  get snapshot(): Snapshot | null {
    return currentSnapshot(this.#metadata)
  }

  get offsets(): Offsets {
    return offsetsOf(this.snapshot)
  }

  /** The first offset that the table's history has, by topic and partition. */
  get begins(): Offsets {
    return beginsOf(this.snapshot)
  }

  /** Takes new columns in, when there are any. */
  evolve(columns: readonly Column[]): boolean {
    const before = { schema: this.schema, lastColumnId: this.#metadata["last-column-id"] }
    const evolved = evolveSchema(before, columns)
    if (evolved.changed) this.#commit(withSchema(this.#metadata, evolved))
    return evolved.changed
  }

  /** Adds files: what the log has up to `offsets` is in the table from now on. */
  append(added: readonly DataFile[], offsets: Offsets, begins: Offsets): Snapshot {
    const id = snapshotId(this.#parts.random)
    const sequenceNumber = this.#metadata["last-sequence-number"] + 1
    const entries = added.map((file): ManifestEntry => {
      return { status: "added", snapshotId: id, sequenceNumber: null, file }
    })
    const manifests = this.#manifestsOf(this.snapshot).filter(hasFiles)
    if (entries.length > 0) manifests.unshift(this.#writeManifest(entries, id, sequenceNumber))
    const counts = { "added-data-files": added.length, "added-records": rowsOf(added) }
    return this.#commitSnapshot({
      id,
      sequenceNumber,
      operation: "append",
      manifests,
      counts,
      offsets,
      begins,
    })
  }

  /** Puts files in the place of others that have the same rows. */
  replace(added: readonly DataFile[], removed: readonly ListedFile[]): Snapshot {
    assert(rowsOf(added) === rowsOf(removed), "a replacement has the same rows")
    const id = snapshotId(this.#parts.random)
    const sequenceNumber = this.#metadata["last-sequence-number"] + 1
    const gone = new Set(removed.map(({ path }) => path))
    const manifests: ManifestFile[] = []
    const rewritten: ManifestEntry[] = []
    const before = this.#manifestsOf(this.snapshot).filter(hasFiles)
    for (const manifest of before) {
      const isMerged = before.length > MAX_MANIFESTS && filesOf(manifest) < MERGED_FILES
      const listed = this.#listed(this.local(manifest.manifest_path))
      if (!isMerged && !listed.some(({ file }) => gone.has(file.path))) {
        manifests.push(manifest)
        continue
      }
      const live = this.#entries(manifest).filter(({ status }) => status !== "deleted")
      for (const entry of live) {
        const sequence = entry.sequenceNumber ?? manifest.sequence_number
        const isGone = gone.has(entry.file.path)
        rewritten.push({
          status: isGone ? "deleted" : "existing",
          snapshotId: isGone ? id : entry.snapshotId,
          sequenceNumber: sequence,
          file: entry.file,
        })
      }
    }
    const entries = added.map((file): ManifestEntry => {
      return { status: "added", snapshotId: id, sequenceNumber: null, file }
    })
    for (const list of [rewritten, entries])
      if (list.length > 0) manifests.unshift(this.#writeManifest(list, id, sequenceNumber))
    const counts = {
      "added-data-files": added.length,
      "deleted-data-files": removed.length,
      "added-records": rowsOf(added),
      "deleted-records": rowsOf(removed),
    }
    const { offsets, begins } = this
    return this.#commitSnapshot({
      id,
      sequenceNumber,
      operation: "replace",
      manifests,
      counts,
      offsets,
      begins,
    })
  }

  /**
   * Back to the newest snapshot that has nothing beyond the ends: a log that was restored is older than the
   * lake beside it. Null when no snapshot is that old; nothing has changed then.
   */
  rollback(topic: string, ends: readonly number[]): Snapshot | null {
    const fits = (snapshot: Snapshot) =>
      (offsetsOf(snapshot).get(topic) ?? []).every((offset, partition) => offset <= (ends[partition] ?? 0))
    const found = this.#metadata.snapshots.findLast(fits)
    if (found === undefined) return null
    if (found !== this.snapshot) this.#commit(rolledBack(this.#metadata, found, this.#parts.clock.nowMs()))
    return found
  }

  /** Forgets snapshots; their files are then unreferenced. Returns how many went. */
  expire(keeps: (snapshot: Snapshot) => boolean): number {
    const next = withoutSnapshots(this.#metadata, keeps)
    const count = this.#metadata.snapshots.length - next.snapshots.length
    if (count > 0) this.#commit(next)
    return count
  }

  /** Every file of its folder that no snapshot names: of crashes, or of snapshots that expired. */
  unreferenced(): string[] {
    const referenced = this.referencedFiles()
    const ids = new Set(this.#metadata.snapshots.map((one) => one["snapshot-id"]))
    this.#parts.cache.keep(ids, referenced)
    return this.#files.others({
      isReferenced: (path) => referenced.has(path),
      keepFrom: this.#version - KEPT_METADATA_FILES,
    })
  }

  /** Where the files of all snapshots lie on disk. */
  referencedFiles(): Set<string> {
    const paths = new Set<string>()
    for (const snapshot of this.#metadata.snapshots) {
      paths.add(this.local(snapshot["manifest-list"]))
      for (const manifest of this.#manifestPaths(snapshot)) {
        if (paths.has(manifest)) continue
        paths.add(manifest)
        for (const { status, file } of this.#listed(manifest))
          if (status !== "deleted") paths.add(this.local(file.path))
      }
    }
    return paths
  }

  local(path: string): string {
    return this.#files.local(path)
  }

  /** The data files of a snapshot. */
  dataFiles(snapshot: Snapshot | null = this.snapshot): ListedFile[] {
    if (snapshot === null) return []
    return this.#manifestPaths(snapshot).flatMap((path) =>
      this.#listed(path).flatMap(({ status, file }) => (status === "deleted" ? [] : [file])),
    )
  }

  #manifestsOf(snapshot: Snapshot | null): readonly ManifestFile[] {
    if (snapshot === null) return []
    return this.#parts.cache.list(snapshot["snapshot-id"], () => {
      const path = this.local(snapshot["manifest-list"])
      return decodeManifestList(this.#files.read(path), path)
    })
  }

  #manifestPaths(snapshot: Snapshot): readonly string[] {
    return this.#parts.cache.manifestPaths(snapshot["snapshot-id"], () => {
      return this.#manifestsOf(snapshot).map(({ manifest_path }) => this.local(manifest_path))
    })
  }

  #listed(path: string): readonly ListedEntry[] {
    return this.#parts.cache.entries(path, () => decodeManifest(this.#files.read(path), path))
  }

  /** The snapshot that was current then. @throws PlatformError unknown-snapshot */
  snapshotAt(wanted: SnapshotMoment): Snapshot {
    const { snapshots } = this.#metadata
    const entry = this.#metadata["snapshot-log"].findLast(
      (one) => "atMs" in wanted && one["timestamp-ms"] <= wanted.atMs,
    )
    const id = "atMs" in wanted ? String(entry?.["snapshot-id"]) : wanted.snapshotId
    const found = snapshots.find((one) => String(one["snapshot-id"]) === id)
    if (found === undefined) throw unknownSnapshot(this.name, momentName(wanted), snapshots)
    return found
  }

  #commitSnapshot(of: {
    readonly id: number
    readonly sequenceNumber: number
    readonly operation: "append" | "replace"
    readonly manifests: readonly ManifestFile[]
    readonly counts: Readonly<Record<string, number>>
    readonly offsets: Offsets
    readonly begins: Offsets
  }): Snapshot {
    const { id, sequenceNumber, manifests } = of
    const parent = this.snapshot
    const parentId = parent === null ? {} : { "parent-snapshot-id": parent["snapshot-id"] }
    const bytes = encodeManifestList({
      manifests,
      snapshotId: id,
      parentSnapshotId: parent?.["snapshot-id"] ?? null,
      sequenceNumber,
      sync: syncMarker(this.#parts.random),
    })
    const path = this.#files.writeMetadataFile(`snap-${id}-${uuid(this.#parts.random)}.avro`, bytes)
    const live = manifests.reduce(
      (sum, one) => ({
        files: sum.files + one.added_files_count + one.existing_files_count,
        rows: sum.rows + one.added_rows_count + one.existing_rows_count,
      }),
      { files: 0, rows: 0 },
    )
    const numbers = { ...of.counts, "total-data-files": live.files, "total-records": live.rows }
    const snapshot: Snapshot = {
      "snapshot-id": id,
      ...parentId,
      "sequence-number": sequenceNumber,
      "timestamp-ms": Math.max(this.#parts.clock.nowMs(), (parent?.["timestamp-ms"] ?? 0) + 1),
      "manifest-list": path,
      summary: {
        operation: of.operation,
        ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
        ...summaryOf(of.offsets, of.begins),
      },
      "schema-id": this.#metadata["current-schema-id"],
    }
    this.#commit(withSnapshot(this.#metadata, snapshot))
    return snapshot
  }

  #commit(next: TableMetadata): void {
    const version = this.#version + 1
    const metadata = stamped(next, this.#parts.clock.nowMs(), this.#files.metadataPath(this.#version))
    this.#files.commit(version, metadata)
    this.#version = version
    this.#metadata = metadata
    this.#files.removeMetadataBefore(version - KEPT_METADATA_FILES)
  }

  #writeManifest(
    entries: readonly ManifestEntry[],
    snapshotId: number,
    sequenceNumber: number,
  ): ManifestFile {
    const bytes = encodeManifest({ entries, schema: this.schema, sync: syncMarker(this.#parts.random) })
    const path = this.#files.writeMetadataFile(`${uuid(this.#parts.random)}-m0.avro`, bytes)
    return manifestFile({ path, sizeBytes: bytes.length, entries, snapshotId, sequenceNumber })
  }

  #entries({ manifest_path }: ManifestFile): readonly ManifestEntry[] {
    const path = this.local(manifest_path)
    return decodeManifest(this.#files.read(path), path)
  }
}

function filesOf(manifest: ManifestFile): number {
  return manifest.added_files_count + manifest.existing_files_count
}

function hasFiles(manifest: ManifestFile): boolean {
  return filesOf(manifest) > 0
}

function rowsOf(files: readonly ListedFile[]): number {
  return files.reduce((sum, { recordCount }) => sum + recordCount, 0)
}
