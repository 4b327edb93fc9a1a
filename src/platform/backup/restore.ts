/** Restoring on this machine's disk, for the command line. */
import { NodeDisk } from "../../std/node/disk.ts"
import { type Backup, BackupFolder } from "./backup-folder.ts"
import { restoreBackup } from "./restore-backup.ts"

export interface Restored {
  readonly backup: Backup
  readonly bytes: number
  /** Absolute: the data directory that was made. */
  readonly data: string
}

/** @throws backup-refused, unknown-backup, backup-damaged, restore-refused, disk-full, disk-failed */
export function restoreFrom(options: {
  readonly from: string
  readonly id: string | null
  readonly data: string
}): Restored {
  const { from, id, data } = options
  return { ...restoreBackup(new NodeDisk(), { from, id, to: data }), data }
}

export interface ListedBackup extends Pick<Backup, "id" | "project" | "version" | "takenAtMs"> {
  readonly files: number
  readonly bytes: number
}

/** Oldest first. @throws backup-refused, backup-damaged */
export function listBackups(from: string): readonly ListedBackup[] {
  const folder = BackupFolder.existing(new NodeDisk(), from)
  return folder.ids().map((id) => {
    const { project, version, takenAtMs, files } = folder.read(id)
    const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    return { id, project, version, takenAtMs, files: files.length, bytes }
  })
}
