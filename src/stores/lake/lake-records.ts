/**
 * The records of a table by topic, partition and offset, for readers of old history. It follows the table:
 * after a compaction the same offsets come from other files.
 */
import { isPlatformError } from "../../std/errors.ts"
import { type GroupRange, type LakeRecord, readGroup, readGroups } from "./data-file-reader.ts"
import type { LakeTable } from "./lake-table.ts"

/** Row groups that stay unpacked: sequential readers take one in several bites. */
const KEPT_GROUPS = 4
/** The files of a snapshot may expire between a look at the table and the read. */
const MAX_ATTEMPTS = 3

interface Index {
  readonly snapshotId: number | undefined
  /** By topic and partition, in offset order. */
  readonly ranges: ReadonlyMap<string, readonly GroupRange[]>
}

export class LakeRecords {
  readonly #table: () => LakeTable
  readonly #files = new Map<string, readonly GroupRange[]>()
  readonly #groups = new Map<string, Promise<LakeRecord[]>>()
  #index: Index | null = null

  /** @param table the table as it is now */
  constructor(table: () => LakeTable) {
    this.#table = table
  }

  /**
   * Records at and behind `offset`, ascending, of one row group; none when there are none.
   * @throws PlatformError lake-file-corrupt, lake-manifest-corrupt, disk-failed
   */
  async from(topic: string, partition: number, offset: number): Promise<readonly LakeRecord[]> {
    for (let attempt = 1; ; attempt++) {
      const range = this.#ranges(topic, partition).find(({ lastOffset }) => lastOffset >= offset)
      if (range === undefined) return []
      try {
        const records = await this.#group(range)
        const first = records.findIndex((record) => record.offset >= offset)
        return first < 0 ? [] : records.slice(first)
      } catch (error) {
        if (!isPlatformError(error, "file-missing") || attempt === MAX_ATTEMPTS) throw error
        this.#index = null
      }
    }
  }

  /** First offset at or behind `offset` whose record came at or after `timeMs`; null when none is. */
  async atTime(topic: string, partition: number, timeMs: number): Promise<number | null> {
    const ranges = this.#ranges(topic, partition)
    // Append times of a partition never fall, so whole groups are judged by their last record.
    let [low, high] = [0, ranges.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const records = await this.#group(ranges[middle]!)
      if (records.at(-1)!.appendTimeMs < timeMs) low = middle + 1
      else high = middle
    }
    if (low === ranges.length) return null
    const records = await this.#group(ranges[low]!)
    return records.find(({ appendTimeMs }) => appendTimeMs >= timeMs)?.offset ?? null
  }

  #group(range: GroupRange): Promise<LakeRecord[]> {
    const key = `${range.path}#${range.firstRow}`
    const known = this.#groups.get(key)
    this.#groups.delete(key)
    const records = known ?? readGroup(this.#table().disk, range)
    this.#groups.set(key, records)
    records.catch(() => this.#groups.delete(key))
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= KEPT_GROUPS) break
      this.#groups.delete(oldest)
    }
    return records
  }

  #ranges(topic: string, partition: number): readonly GroupRange[] {
    const table = this.#table()
    const snapshotId = table.snapshot?.["snapshot-id"]
    if (this.#index === null || this.#index.snapshotId !== snapshotId) {
      this.#index = { snapshotId, ranges: this.#readIndex(table) }
    }
    return this.#index.ranges.get(`${topic}/${partition}`) ?? []
  }

  #readIndex(table: LakeTable): Map<string, GroupRange[]> {
    const ranges = new Map<string, GroupRange[]>()
    const paths = new Set(table.dataFiles().map(({ path }) => table.local(path)))
    for (const path of this.#files.keys()) if (!paths.has(path)) this.#files.delete(path)
    for (const path of paths) {
      const groups = this.#files.get(path) ?? readGroups(table.disk, path)
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
