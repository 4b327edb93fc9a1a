/**
 * Gives the files of a running platform second names in a folder of the data directory, so that they stay as
 * they are while they are copied. The order makes them fit each other:
 *
 *   checkpoints -> log, in one instant -> are those checkpoints still kept? -> what is immutable beside them
 *                       ^------------------------- no: again --------------------------'
 *
 * A checkpoint is older than the instant of the log, which therefore has the journal from it on; and while it
 * is kept, the log keeps what it needs. The files of pages that it names got their names before it, and are
 * as kept as it is; one that no checkpoint names yet is copied in vain. Folders of immutable files come last,
 * metadata before data: whatever a metadata file names was there before it.
 */
import type { LocalLog } from "../../log/log.ts"
import type { Disk } from "../../std/disk.ts"
import { isPlatformError } from "../../std/errors.ts"
import { backupTooBusy } from "./errors.ts"

export interface StagedFile {
  /** Below the data directory. */
  readonly path: string
  /** Absolute: the second name. */
  readonly source: string
  readonly sizeBytes: number
}

export interface DataFolders {
  /** Absolute. */
  readonly data: string
  /** Below `data`: the log's, the checkpoints', and others with files that are never changed, in the order in
   *  which they are staged. */
  readonly log: string
  readonly checkpoints: string
  readonly immutable: readonly string[]
}

const STAGING = "backup-staging"
/** Checkpoints are seconds apart and pinning takes milliseconds, so the second try succeeds. */
const ATTEMPTS = 5

/** Removes what an interrupted backup has left. */
export function clearStaging(disk: Disk, data: string): void {
  disk.removeTree(`${data}/${STAGING}`)
}

/** @throws log-failed, disk-failed, disk-full */
export async function stage(disk: Disk, log: LocalLog, folders: DataFolders): Promise<readonly StagedFile[]> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    clearStaging(disk, folders.data)
    const staging = `${folders.data}/${STAGING}`
    const checkpoints = linkCheckpoints(disk, folders, staging)
    if (checkpoints === null) continue
    const pinned = await log.pin(`${staging}/${folders.log}`)
    const kept = new Set(disk.list(`${folders.data}/${folders.checkpoints}`))
    const areKept = checkpoints.every(({ path }) => kept.has(path.slice(path.lastIndexOf("/") + 1)))
    if (!areKept) continue
    const logFiles = pinned.map(({ path, sizeBytes }) => ({
      path: `${folders.log}/${path}`,
      source: `${staging}/${folders.log}/${path}`,
      sizeBytes,
    }))
    const others = folders.immutable.flatMap((folder) => linkFolder(disk, folders.data, folder, staging))
    return [...logFiles, ...checkpoints, ...others]
  }
  throw backupTooBusy()
}

/** Files that are being written have another ending until they count, and may be gone in a moment. */
const UNFINISHED = /\.(writing|new|tmp|compacting)$/

/** Null when one was removed, in another thread, before it had a second name. */
function linkCheckpoints(
  disk: Disk,
  { data, checkpoints }: DataFolders,
  staging: string,
): StagedFile[] | null {
  try {
    return linkFolder(disk, data, checkpoints, staging)
  } catch (error) {
    if (isPlatformError(error, "file-missing")) return null
    throw error
  }
}

function linkFolder(disk: Disk, data: string, folder: string, staging: string): StagedFile[] {
  return filesBelow(disk, data, folder).map((path) => {
    const source = `${staging}/${path}`
    disk.makeDirectory(source.slice(0, source.lastIndexOf("/")))
    disk.link(`${data}/${path}`, source)
    const file = disk.open(source, { readOnly: true })
    const sizeBytes = file.sizeBytes()
    file.close()
    return { path, source, sizeBytes }
  })
}

function filesBelow(disk: Disk, data: string, folder: string): string[] {
  return disk.list(`${data}/${folder}`).flatMap((name) => {
    const path = `${folder}/${name}`
    if (disk.isDirectory(`${data}/${path}`)) return filesBelow(disk, data, path)
    return UNFINISHED.test(name) ? [] : [path]
  })
}
