/** What was read of a table's manifests and lists, which never change; outlives opening it again. */
import type { ManifestEntry } from "./manifest.ts"
import type { ManifestFile } from "./manifest-list.ts"

export class TableCache {
  /** By where they lie. */
  readonly manifests = new Map<string, readonly ManifestEntry[]>()
  /** By snapshot. */
  readonly lists = new Map<number, readonly ManifestFile[]>()
}
