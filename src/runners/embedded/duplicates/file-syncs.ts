/**
 * Makes new files durable, contents first and then the name, in another thread where there is one. After a
 * failure what is on disk is in doubt, and nothing may be decided on it.
 */
import type { Disk, DiskFile } from "../../../std/disk.ts"

export class FileSyncs {
  readonly #disk: Disk
  readonly #directory: string
  readonly #syncs = new Set<Promise<void>>()
  #failure: unknown = null

  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
  }

  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure
  }

  start(file: DiskFile, onDurable: () => void): void {
    const disk = this.#disk
    if (file.syncAside === undefined || disk.syncDirectoryAside === undefined) {
      file.sync()
      disk.syncDirectory(this.#directory)
      onDurable()
      return
    }
    const syncing = file
      .syncAside()
      .then(() => disk.syncDirectoryAside!(this.#directory))
      .then(onDurable)
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => this.#syncs.delete(syncing))
    this.#syncs.add(syncing)
  }

  /** Nothing is being synced any more. */
  async settled(): Promise<void> {
    while (this.#syncs.size > 0) await Promise.all(this.#syncs)
  }
}
