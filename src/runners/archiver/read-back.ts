/**
 * Reads a commit back from the disk: the metadata names the snapshot, and the snapshot has the files, whose
 * bytes the workshop has read back before. The log may delete a range only behind this.
 */
import { dataFileCorrupt, metadataCorrupt } from "../../stores/lake/errors.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import type { DataFile } from "../../stores/lake/manifest.ts"
import type { Snapshot } from "../../stores/lake/table-metadata.ts"

/** @throws PlatformError lake-metadata-corrupt, lake-file-corrupt, file-missing */
export function readBack(lake: Lake, name: string, snapshot: Snapshot, files: readonly DataFile[]): void {
  const table = lake.reopen(name)
  const found = table?.snapshot
  if (table === undefined || found?.["snapshot-id"] !== snapshot["snapshot-id"]) {
    throw metadataCorrupt(`${lake.directory}/${name}`, "what was committed a moment ago is not in it")
  }
  const inSnapshot = new Map(table.dataFiles().map((file) => [file.path, file]))
  for (const { path, recordCount, sizeBytes } of files) {
    const entry = inSnapshot.get(path)
    if (entry === undefined || entry.recordCount !== recordCount || entry.sizeBytes !== sizeBytes)
      throw dataFileCorrupt(path, "its snapshot does not have it as it was written")
  }
}
