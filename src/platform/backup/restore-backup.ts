/**
 * A data directory from a backup. Everything is written beside, checked and synced, and gets its name at the
 * end: a restore that was interrupted leaves nothing that could be started.
 */
import { dirname } from "node:path"
import type { Disk } from "../../std/disk.ts"
import { type BackedUpFile, type Backup, BackupFolder } from "./backup-folder.ts"
import { backupDamaged, restoreRefused } from "./errors.ts"

export interface RestoreRequest {
  /** Absolute: the folder of backups. */
  readonly from: string
  /** Null: the newest. */
  readonly id: string | null
  /** Absolute: the data directory to make; empty or not there. */
  readonly to: string
}

export interface RestoreResult {
  readonly backup: Backup
  readonly bytes: number
}

/** @throws backup-refused, unknown-backup, backup-damaged, restore-refused, disk-full, disk-failed */
export function restoreBackup(disk: Disk, { from, id, to }: RestoreRequest): RestoreResult {
  const [present] = disk.list(to)
  if (present !== undefined) throw restoreRefused(to, `it holds ${present}`)
  const folder = BackupFolder.existing(disk, from)
  const backup = folder.read(id)
  const beside = `${to}.restoring`
  disk.removeTree(beside)
  const directories = new Set([beside])
  let bytes = 0
  for (const file of backup.files) {
    const path = `${beside}/${checkedPath(folder.path, file.path)}`
    for (let at = dirname(path); !directories.has(at); at = dirname(at)) directories.add(at)
    disk.makeDirectory(dirname(path))
    writeFile(disk, folder, file, path)
    bytes += file.sizeBytes
  }
  for (const directory of directories) disk.syncDirectory(directory)
  disk.removeTree(to)
  disk.rename(beside, to)
  disk.syncDirectory(dirname(to))
  return { backup, bytes }
}

function writeFile(disk: Disk, folder: BackupFolder, file: BackedUpFile, path: string): void {
  const target = disk.open(path, { create: true })
  try {
    let at = 0
    for (const chunk of file.chunks) {
      const bytes = folder.chunks.get(chunk)
      target.write(bytes, at)
      at += bytes.length
    }
    if (at !== file.sizeBytes) throw backupDamaged(file.path, `it has ${at} bytes, not ${file.sizeBytes}`)
    target.sync()
  } finally {
    target.close()
  }
}

/** A backup is data from outside: no name in it may lead out of the folder. */
function checkedPath(folder: string, path: string): string {
  const parts = path.split("/")
  if (parts.every((part) => part !== "" && part !== "." && part !== "..")) return path
  throw backupDamaged(folder, `it names the file ${JSON.stringify(path)}`)
}
