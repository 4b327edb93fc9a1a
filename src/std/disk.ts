/**
 * The disk as an argument, synchronous on purpose: whoever uses it runs in a thread of its own (or in the one
 * seeded loop of a simulation), where writeSync + fdatasync beats a hop through the event loop 2 to 5 times.
 * Paths are absolute, "/" separated. Any failure of the operating system is thrown as PlatformError
 * (domain "external", codes in std/errors list: disk-full, disk-failed, file-missing).
 */

export interface DiskFile {
  readonly path: string
  /** Reads up to target.length bytes at `position`; the count is short only at the end of the file. */
  read(target: Uint8Array, position: number): number
  /** Writes all of `source` at `position`, or throws. Not durable before `sync` returns. */
  write(source: Uint8Array, position: number): void
  /** As syncAside. `source` must stay as it is until it resolves. */
  writeAside?(source: Uint8Array, position: number): Promise<void>
  /** fdatasync: contents and size are durable when it returns. When it threw, the file is in doubt. */
  sync(): void
  /** The same while the caller's thread goes on with other work. Absent where there is no other thread. */
  syncAside?(): Promise<void>
  truncate(sizeBytes: number): void
  sizeBytes(): number
  close(): void
}

export interface Disk {
  /** @throws PlatformError file-missing when it does not exist and `create` is not given. */
  open(path: string, options?: { readonly create?: boolean; readonly readOnly?: boolean }): DiskFile
  exists(path: string): boolean
  /** Names directly in the directory, sorted; empty when there is no such directory. */
  list(directory: string): string[]
  isDirectory(path: string): boolean
  makeDirectory(path: string): void
  /** A file or a folder. Atomic; durable after `syncDirectory` of the parent. */
  rename(from: string, to: string): void
  /**
   * Gives the file a second name on the same disk, which stays when the first one goes. Durable after
   * `syncDirectory` of the new one's parent. @throws PlatformError disk-failed when `to` exists
   */
  link(from: string, to: string): void
  /** No error when it is already gone. */
  remove(path: string): void
  /** The folder with everything in it; no error when it is already gone. */
  removeTree(path: string): void
  /** As DiskFile.syncAside: a large file takes a while to be gone. */
  removeAside?(path: string): Promise<void>
  syncDirectory(path: string): void
  /** As DiskFile.syncAside. */
  syncDirectoryAside?(path: string): Promise<void>
}
