/**
 * Reads a commit back from the disk: the metadata names the snapshot, the snapshot has the files, and the
 * files have the bytes that were written. The log may delete a range only behind this.
 */
import { crc32 } from "node:zlib"
import { dataFileCorrupt, metadataCorrupt } from "../../stores/lake/errors.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import type { NewDataFile } from "../../stores/lake/lake-table.ts"
import type { Snapshot } from "../../stores/lake/table-metadata.ts"

/** One turn of the loop. */
const CHUNK_BYTES = 1024 * 1024

/** @throws PlatformError lake-metadata-corrupt, lake-file-corrupt, file-missing */
export async function readBack(
  lake: Lake,
  name: string,
  snapshot: Snapshot,
  files: readonly NewDataFile[],
): Promise<void> {
  const table = lake.reopen(name)
  const found = table?.snapshot
  if (table === undefined || found?.["snapshot-id"] !== snapshot["snapshot-id"]) {
    throw metadataCorrupt(`${lake.directory}/${name}`, "what was committed a moment ago is not in it")
  }
  const inSnapshot = new Map(table.dataFiles().map((file) => [file.path, file]))
  for (const { path, recordCount, sizeBytes, crc } of files) {
    const entry = inSnapshot.get(path)
    if (entry === undefined || entry.recordCount !== recordCount || entry.sizeBytes !== sizeBytes)
      throw dataFileCorrupt(path, "its snapshot does not have it as it was written")
    const local = table.local(path)
    const file = table.disk.open(local, { readOnly: true })
    try {
      const chunk = new Uint8Array(CHUNK_BYTES)
      let sum = 0
      let position = 0
      for (let count = file.read(chunk, 0); count > 0; count = file.read(chunk, position)) {
        sum = crc32(chunk.subarray(0, count), sum)
        position += count
        await Promise.resolve()
      }
      if (position !== sizeBytes || sum !== crc)
        throw dataFileCorrupt(local, "its bytes are not those written")
    } finally {
      file.close()
    }
  }
}
