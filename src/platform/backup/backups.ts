/** Backups of a running platform, one at a time: staged here in milliseconds, copied in a thread. */
import { isAbsolute, relative } from "node:path"
import type { LocalLog } from "../../log/log.ts"
import type { BackupAnswer, Backups } from "../../serve/backups.ts"
import type { Clock } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import { PlatformError } from "../../std/errors.ts"
import { siblingModule, startThread } from "../../std/node/thread.ts"
import type { CopyRequest, CopyResult } from "./copy-backup.ts"
import type { CopyMessage } from "./copy-thread.ts"
import { backupRefused, backupUnderWay } from "./errors.ts"
import { clearStaging, type DataFolders, stage } from "./stage.ts"

export interface BackupParts {
  readonly log: LocalLog
  readonly disk: Disk
  readonly clock: Clock
  readonly folders: DataFolders
  readonly project: string
  readonly version: string
}

export class RunningBackups implements Backups {
  readonly #parts: BackupParts
  #isBusy = false

  constructor(parts: BackupParts) {
    this.#parts = parts
    clearStaging(parts.disk, parts.folders.data)
  }

  async take(to: string, options: { readonly keep: number | null }): Promise<BackupAnswer> {
    const { log, disk, clock, folders, project, version } = this.#parts
    if (!isAbsolute(to)) throw backupRefused(to, "its path is not absolute")
    if (!relative(folders.data, to).startsWith("..")) {
      throw backupRefused(to, "it lies in the data directory, which it is to outlive")
    }
    if (this.#isBusy) throw backupUnderWay()
    this.#isBusy = true
    const startedMs = clock.monotonicMs()
    try {
      const takenAtMs = clock.nowMs()
      const files = await stage(disk, log, folders)
      const request = { to, files, takenAtMs, project, version, logId: log.logId, keep: options.keep }
      const result = await copyAside(request)
      return { ...result, takenAtMs, durationMs: Math.round(clock.monotonicMs() - startedMs) }
    } finally {
      clearStaging(disk, folders.data)
      this.#isBusy = false
    }
  }
}

function copyAside(request: CopyRequest): Promise<CopyResult> {
  return new Promise((resolve, reject) => {
    startThread(siblingModule("copy-thread", import.meta.url), request, {
      message: (message) => {
        const answer = message as CopyMessage
        if (answer.kind === "done") resolve(answer.result)
        else reject(new PlatformError(answer.error))
      },
      // Without effect behind an answer.
      ended: (error) => reject(error ?? new Error("the copying thread ended without an answer")),
    })
  })
}
