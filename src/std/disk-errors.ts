/** What a disk can answer besides success; every Disk, real or simulated, throws these and nothing else. */
import { PlatformError } from "./errors.ts"

export function diskFull(path: string, cause?: unknown): PlatformError {
  return new PlatformError({
    code: "disk-full",
    domain: "external",
    retry: true,
    message: `no space is left on the disk for ${path}; free some, the next request tries again`,
    details: { path },
    cause,
  })
}

export function diskFailed(action: string, path: string, cause?: unknown): PlatformError {
  const reason = cause instanceof Error ? ` (${cause.message})` : ""
  return new PlatformError({
    code: "disk-failed",
    domain: "external",
    retry: true,
    message: `the disk could not ${action} ${path}${reason}; check the disk and the rights on the folder`,
    details: { path, action },
    cause,
  })
}

export function fileMissing(path: string, cause?: unknown): PlatformError {
  return new PlatformError({
    code: "file-missing",
    domain: "external",
    message: `the file ${path} does not exist; check the path, or restore the file`,
    details: { path },
    cause,
  })
}
