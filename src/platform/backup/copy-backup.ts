/** Copies staged files into a folder of backups, piece by piece; the backup counts when all is durable. */
import type { Disk } from "../../std/disk.ts"
import { type BackedUpFile, type Backup, BackupFolder } from "./backup-folder.ts"
import { CHUNK_BYTES } from "./chunk-store.ts"
import type { StagedFile } from "./stage.ts"

export interface CopyRequest {
  /** Absolute: the folder of backups. */
  readonly to: string
  readonly files: readonly StagedFile[]
  readonly takenAtMs: number
  readonly project: string
  readonly version: string
  readonly logId: string
  /** Older backups are removed when there are more than so many; null keeps all. */
  readonly keep: number | null
}

export interface CopyResult {
  readonly id: string
  readonly files: number
  readonly bytes: number
  /** Of them, what the folder did not have yet. */
  readonly newBytes: number
  readonly removed: readonly string[]
}

/** @throws backup-refused, disk-full, disk-failed */
export function copyBackup(disk: Disk, request: CopyRequest): CopyResult {
  const { logId, project, version, takenAtMs } = request
  const folder = BackupFolder.forLog(disk, request.to, logId)
  let newBytes = 0
  const files = request.files.map((file) => {
    const copied = copyFile(disk, folder, file)
    newBytes += copied.newBytes
    return copied.file
  })
  folder.chunks.sync()
  const id = folder.newId(takenAtMs)
  folder.add({ format: 1, id, takenAtMs, project, version, logId, files } satisfies Backup)
  const removed = request.keep === null ? [] : folder.keepNewest(request.keep)
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return { id, files: files.length, bytes, newBytes, removed }
}

function copyFile(
  disk: Disk,
  folder: BackupFolder,
  { path, source, sizeBytes }: StagedFile,
): { readonly file: BackedUpFile; readonly newBytes: number } {
  const chunks: string[] = []
  let newBytes = 0
  const file = disk.open(source, { readOnly: true })
  try {
    for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
      const bytes = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes - at))
      file.read(bytes, at)
      const { name, isNew } = folder.chunks.put(bytes)
      chunks.push(name)
      if (isNew) newBytes += bytes.length
    }
  } finally {
    file.close()
  }
  return { file: { path, sizeBytes, chunks }, newBytes }
}
