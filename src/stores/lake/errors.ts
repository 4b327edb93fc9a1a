/** Errors of the lake. Documented in docs/errors.md. */
import { PlatformError } from "../../std/errors.ts"
import type { Snapshot, SnapshotMoment } from "./table-metadata.ts"

/** A message is no list of a week. */
const MAX_LISTED_SNAPSHOTS = 5
const RESTORE = "Restore the table's folder from a backup."

export function manifestCorrupt(path: string, cause: unknown): PlatformError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new PlatformError({
    code: "lake-manifest-corrupt",
    domain: "external",
    message: `The lake's manifest ${path} cannot be read: ${reason}. ${RESTORE}`,
    details: { path },
    cause,
  })
}

export function metadataCorrupt(path: string, why: string): PlatformError {
  return new PlatformError({
    code: "lake-metadata-corrupt",
    domain: "external",
    message: `The lake's table metadata ${path} cannot be read: ${why}. ${RESTORE}`,
    details: { path },
  })
}

export function dataFileCorrupt(path: string, why: string): PlatformError {
  return new PlatformError({
    code: "lake-file-corrupt",
    domain: "external",
    message: `The lake's data file ${path} cannot be read: ${why}. Restore the table's folder from a backup.`,
    details: { path },
  })
}

/** Retried by whoever archives; a reader is told. */
export function threadEnded(error: Error | null): PlatformError {
  const why = error === null ? "it was closed" : `it failed (${error.message})`
  return new PlatformError({
    code: "lake-thread-ended",
    domain: "internal",
    retry: true,
    message: `The lake's thread has ended: ${why}. The next request starts another; try again.`,
    details: {},
    ...(error === null ? {} : { cause: error }),
  })
}

export function commitConflict(path: string): PlatformError {
  return new PlatformError({
    code: "lake-commit-conflict",
    domain: "external",
    retry: true,
    message: `${path} was written by somebody else; the lake's tables take writes from this platform only.`,
    details: { path },
  })
}

export function foreignLake(table: string, logId: string, found: string): PlatformError {
  return new PlatformError({
    code: "lake-of-another-log",
    domain: "user",
    message:
      `The lake's table ${table} has the history of log ${found}, and the data directory's is ${logId}; ` +
      "move the lake's folder away, or restore the log that belongs to it.",
    details: { table, logId, found },
  })
}

export function unknownTable(event: string, known: readonly string[]): PlatformError {
  const list = known.length === 0 ? "there is none yet" : `known are ${known.join(", ")}`
  return new PlatformError({
    code: "unknown-lake-table",
    domain: "user",
    message: `The lake has no table "${event}"; ${list}.`,
    details: { event, known },
  })
}

/** `snapshots` are those that there are, oldest first. */
export function unknownSnapshot(
  event: string,
  wanted: string,
  snapshots: readonly Pick<Snapshot, "snapshot-id" | "timestamp-ms">[],
): PlatformError {
  const shown = snapshots.map((one) => `${one["snapshot-id"]} (${instant(one["timestamp-ms"])})`)
  const [oldest = "none"] = shown
  const newer = shown.slice(1).slice(-MAX_LISTED_SNAPSHOTS)
  const newest = newer.length === 0 ? "" : `, the newest are ${newer.join(", ")}`
  return new PlatformError({
    code: "unknown-snapshot",
    domain: "user",
    message:
      `The lake's table "${event}" keeps no snapshot ${wanted}; the oldest kept is ${oldest}${newest}. ` +
      "GET /v1/lake lists all.",
    details: { event, wanted },
  })
}

/** As messages name it. */
export function momentName(moment: SnapshotMoment): string {
  return "atMs" in moment ? `of ${instant(moment.atMs)}` : moment.snapshotId
}

function instant(ms: number): string {
  return new Date(ms).toISOString()
}

export function lakeAheadOfLog(table: string, topic: string): PlatformError {
  return new PlatformError({
    code: "lake-ahead-of-log",
    domain: "user",
    message:
      `The lake's table ${table} has records of ${topic} that the log never wrote, ` +
      "and no snapshot before them; " +
      "restore log and lake from the same backup, or move the lake's folder away.",
    details: { table, topic },
  })
}
