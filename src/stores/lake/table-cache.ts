/**
 * What was read of a table's manifests and lists, which never change; outlives opening it again. It keeps
 * names, sizes and counts, and no bounds of columns: a file takes some hundred bytes, and a name is kept
 * once.
 */
import type { EntryStatus, ListedFile, ManifestEntry } from "./manifest.ts"
import type { ManifestFile } from "./manifest-list.ts"

export interface ListedEntry {
  readonly status: EntryStatus
  readonly file: ListedFile
}

export class TableCache {
  /** By where they lie. */
  readonly #manifests = new Map<string, readonly ListedEntry[]>()
  /** Where the manifests of a snapshot lie. */
  readonly #lists = new Map<number, readonly string[]>()
  /** Each path once, however many lists name it. */
  readonly #names = new Map<string, string>()
  #last: { readonly snapshotId: number; readonly list: readonly ManifestFile[] } | null = null

  /** The list of the snapshot that was asked for last. */
  list(snapshotId: number, read: () => readonly ManifestFile[]): readonly ManifestFile[] {
    if (this.#last?.snapshotId !== snapshotId) this.#last = { snapshotId, list: read() }
    return this.#last.list
  }

  manifestPaths(snapshotId: number, read: () => readonly string[]): readonly string[] {
    const known = this.#lists.get(snapshotId)
    if (known !== undefined) return known
    const paths = read().map((path) => this.#nameOf(path))
    this.#lists.set(snapshotId, paths)
    return paths
  }

  entries(path: string, read: () => readonly ManifestEntry[]): readonly ListedEntry[] {
    const known = this.#manifests.get(path)
    if (known !== undefined) return known
    const entries = read().map(({ status, file }): ListedEntry => {
      const { path: name, day, recordCount, sizeBytes } = file
      return { status, file: { path: name, day, recordCount, sizeBytes } }
    })
    this.#manifests.set(this.#nameOf(path), entries)
    return entries
  }

  #nameOf(path: string): string {
    const known = this.#names.get(path)
    if (known === undefined) this.#names.set(path, path)
    return known ?? path
  }

  /** Forgets what no snapshot of these has. */
  keep(snapshotIds: ReadonlySet<number>, manifestPaths: ReadonlySet<string>): void {
    for (const id of this.#lists.keys()) if (!snapshotIds.has(id)) this.#lists.delete(id)
    for (const paths of [this.#manifests, this.#names])
      for (const path of paths.keys()) if (!manifestPaths.has(path)) paths.delete(path)
    if (this.#last !== null && !snapshotIds.has(this.#last.snapshotId)) this.#last = null
  }

  /** Of a table that was moved. */
  clear(): void {
    this.keep(new Set(), new Set())
  }
}
