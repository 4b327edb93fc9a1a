/** Errors of backups. Documented in docs/errors.md. */
import { PlatformError } from "../../std/errors.ts"

export function backupRefused(directory: string, why: string): PlatformError {
  return new PlatformError({
    code: "backup-refused",
    domain: "user",
    message: `${directory} cannot take the backup: ${why}.`,
    details: { directory },
  })
}

export function backupUnderWay(): PlatformError {
  return new PlatformError({
    code: "backup-under-way",
    domain: "user",
    retry: true,
    message: "A backup is being taken; wait for it, one at a time is enough for the disk.",
  })
}

export function backupTooBusy(): PlatformError {
  return new PlatformError({
    code: "backup-too-busy",
    domain: "external",
    retry: true,
    message: "Checkpoints come faster than the log can be pinned; try again, or make their interval longer.",
  })
}

export function backupDamaged(path: string, why: string): PlatformError {
  return new PlatformError({
    code: "backup-damaged",
    domain: "external",
    message: `The backup's file ${path} is damaged (${why}); nothing was restored. Use another backup.`,
    details: { path },
  })
}

export function unknownBackup(directory: string, id: string | null, known: readonly string[]): PlatformError {
  const list = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`
  return new PlatformError({
    code: "unknown-backup",
    domain: "user",
    message: id === null ? `${directory} has no backup.` : `${directory} has no backup "${id}"; ${list}.`,
    details: { directory, id, known },
  })
}

export function restoreRefused(directory: string, why: string): PlatformError {
  return new PlatformError({
    code: "restore-refused",
    domain: "user",
    message: `${directory} cannot be restored into: ${why}; name a folder that is empty or not there.`,
    details: { directory },
  })
}
