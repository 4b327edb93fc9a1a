/** Row groups that were read and unpacked, of all tables: a reader takes one in several bites. */
import type { GroupRange, GroupReader } from "./data-file-reader.ts"
import type { RecordSlab } from "./record-slab.ts"

/** Two groups of a table with rows of any size, or some of several tables with small ones. */
const MAX_BYTES = 64 * 1024 * 1024

interface Kept {
  readonly slab: Promise<RecordSlab>
  sizeBytes: number
  isIdle: boolean
}

export class GroupCache {
  readonly #reader: GroupReader
  /** The one that was asked for last is last. */
  readonly #groups = new Map<string, Kept>()

  constructor(reader: GroupReader) {
    this.#reader = reader
  }

  /** @throws file-missing, lake-file-corrupt */
  records(range: GroupRange): Promise<RecordSlab> {
    const key = `${range.path}#${range.firstRow}`
    const known = this.#groups.get(key)
    this.#groups.delete(key)
    const kept = known ?? { slab: this.#reader.records(range), sizeBytes: 0, isIdle: false }
    kept.isIdle = false
    this.#groups.set(key, kept)
    if (known === undefined) this.#measure(key, kept)
    return kept.slab
  }

  /** Forgets what nobody asked for since the last time. */
  sweep(): void {
    for (const [key, kept] of this.#groups) {
      if (kept.isIdle) this.#groups.delete(key)
      kept.isIdle = true
    }
  }

  #measure(key: string, kept: Kept): void {
    kept.slab.then(
      ({ bytes, offsetDeltas }) => {
        kept.sizeBytes = bytes.length + offsetDeltas.length * ROW_BYTES
        this.#trim()
      },
      () => void this.#groups.delete(key),
    )
  }

  #trim(): void {
    let total = 0
    for (const { sizeBytes } of this.#groups.values()) total += sizeBytes
    for (const [key, { sizeBytes }] of this.#groups) {
      if (total <= MAX_BYTES || this.#groups.size === 1) return
      this.#groups.delete(key)
      total -= sizeBytes
    }
  }
}

/** What a row takes in the arrays beside the bytes. */
const ROW_BYTES = 7 * 4 + 8
