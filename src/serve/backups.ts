/** Backups as the HTTP door sees them. */

export interface BackupAnswer {
  readonly id: string
  readonly takenAtMs: number
  readonly durationMs: number
  readonly files: number
  readonly bytes: number
  /** Of them, what the folder did not have yet. */
  readonly newBytes: number
  /** Older backups that went, when a number to keep was given. */
  readonly removed: readonly string[]
}

export interface Backups {
  /**
   * Copies everything as of now into the folder `to` (absolute; empty, not there, or with earlier backups of
   * this platform) while the platform goes on.
   * @throws backup-refused, backup-under-way, backup-too-busy, log-failed, disk-full, disk-failed
   */
  take(to: string, options: { readonly keep: number | null }): Promise<BackupAnswer>
}
