/**
 * The records of a table by topic, partition and offset, for readers of old history. It follows the table:
 * after a compaction the same offsets come from other files.
 */
import { isPlatformError } from "../../std/errors.ts"
import type { GroupRange, GroupReader } from "./data-file-reader.ts"
import type { GroupCache } from "./group-cache.ts"
import type { LakeTable } from "./lake-table.ts"
import { offsetAt, type RecordSlab, rowOfOffset } from "./record-slab.ts"

/** The files of a snapshot may expire between a look at the table and the read. */
const MAX_ATTEMPTS = 3

/** By topic and partition, in offset order. */
type Ranges = ReadonlyMap<string, readonly GroupRange[]>

/** Records of one row group from a row on. */
export interface RecordsFrom {
  readonly slab: RecordSlab
  /** Below the slab's count. */
  readonly first: number
}

export class LakeRecords {
  readonly #table: () => LakeTable
  readonly #reader: GroupReader
  readonly #files = new Map<string, readonly GroupRange[]>()
  readonly #groups: GroupCache
  #index: { readonly snapshotId: number | undefined; readonly ranges: Promise<Ranges> } | null = null

  /** @param table the table as it is now */
  constructor(table: () => LakeTable, reader: GroupReader, groups: GroupCache) {
    this.#table = table
    this.#reader = reader
    this.#groups = groups
  }

  /**
   * Records at and behind `offset`, ascending, of one row group; null when there are none.
   * @throws PlatformError lake-file-corrupt, lake-manifest-corrupt, disk-failed
   */
  from(topic: string, partition: number, offset: number): Promise<RecordsFrom | null> {
    return this.#again(async () => {
      const ranges = await this.#ranges(topic, partition)
      const range = ranges.find(({ lastOffset }) => lastOffset >= offset)
      if (range === undefined) return null
      const slab = await this.#groups.records(range)
      return { slab, first: rowOfOffset(slab, offset) }
    })
  }

  /** First offset whose record came at or after `timeMs`; null when none is. */
  atTime(topic: string, partition: number, timeMs: number): Promise<number | null> {
    return this.#again(async () => {
      const ranges = await this.#ranges(topic, partition)
      // Append times of a partition never fall, so whole groups are judged by their last record.
      let [low, high] = [0, ranges.length]
      while (low < high) {
        const middle = (low + high) >>> 1
        const { appendTimesMs } = await this.#groups.records(ranges[middle]!)
        if (appendTimesMs.at(-1)! < timeMs) low = middle + 1
        else high = middle
      }
      if (low === ranges.length) return null
      const slab = await this.#groups.records(ranges[low]!)
      return offsetAt(
        slab,
        slab.appendTimesMs.findIndex((one) => one >= timeMs),
      )
    })
  }

  async #again<T>(look: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await look()
      } catch (error) {
        if (!isPlatformError(error, "file-missing") || attempt === MAX_ATTEMPTS) throw error
        this.#index = null
      }
    }
  }

  async #ranges(topic: string, partition: number): Promise<readonly GroupRange[]> {
    const table = this.#table()
    const snapshotId = table.snapshot?.["snapshot-id"]
    if (this.#index === null || this.#index.snapshotId !== snapshotId) {
      const ranges = this.#readIndex(table)
      const index = { snapshotId, ranges }
      this.#index = index
      ranges.catch(() => {
        if (this.#index === index) this.#index = null
      })
    }
    return (await this.#index.ranges).get(`${topic}/${partition}`) ?? []
  }

  async #readIndex(table: LakeTable): Promise<Ranges> {
    const ranges = new Map<string, GroupRange[]>()
    const paths = new Set(table.dataFiles().map(({ path }) => table.local(path)))
    for (const path of this.#files.keys()) if (!paths.has(path)) this.#files.delete(path)
    for (const path of paths) {
      const groups = this.#files.get(path) ?? (await this.#reader.groups(path))
      this.#files.set(path, groups)
      for (const group of groups) {
        const key = `${group.topic}/${group.partition}`
        const list = ranges.get(key)
        if (list === undefined) ranges.set(key, [group])
        else list.push(group)
      }
    }
    for (const list of ranges.values()) list.sort((a, b) => a.firstOffset - b.firstOffset)
    return ranges
  }
}
