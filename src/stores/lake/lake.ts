/** All tables of the lake, a folder each, opened once and repaired from what crashes left. */
import type { Column } from "../../columns/types.ts"
import type { Clock } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import type { Random } from "../../std/random.ts"
import { diskGroupReader, type GroupReader } from "./data-file-reader.ts"
import { unknownTable } from "./errors.ts"
import { GroupCache } from "./group-cache.ts"
import { LakeRecords } from "./lake-records.ts"
import { LakeTable } from "./lake-table.ts"
import { TableCache } from "./table-cache.ts"

export interface LakeParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  /** Absolute; a folder a table. */
  readonly directory: string
  /** Null: to read alone, beside a platform that runs. */
  readonly logId: string | null
  /** @default reads in this thread */
  readonly reader?: GroupReader
}

export class Lake {
  readonly #parts: LakeParts
  readonly #reader: GroupReader
  readonly #tables = new Map<string, LakeTable>()
  readonly #caches = new Map<string, TableCache>()
  readonly #records = new Map<string, LakeRecords>()
  readonly #groups: GroupCache

  /** By table: files that nothing names, and since when. */
  readonly #garbage = new Map<string, Map<string, number>>()

  private constructor(parts: LakeParts) {
    this.#parts = parts
    this.#reader = parts.reader ?? diskGroupReader(parts.disk)
    this.#groups = new GroupCache(this.#reader)
  }

  /** @throws PlatformError lake-metadata-corrupt, lake-of-another-log, disk-failed */
  static open(parts: LakeParts): Lake {
    const lake = new Lake(parts)
    for (const name of parts.disk.list(parts.directory)) {
      const table = LakeTable.open(lake.#tableParts(name))
      if (table === null) continue
      lake.#tables.set(name, table)
      if (parts.logId !== null) lake.collect(name, 0)
    }
    return lake
  }

  get directory(): string {
    return this.#parts.directory
  }

  tables(): readonly LakeTable[] {
    return [...this.#tables.values()]
  }

  find(name: string): LakeTable | undefined {
    return this.#tables.get(name)
  }

  /** @throws PlatformError unknown-lake-table */
  table(name: string): LakeTable {
    const table = this.#tables.get(name)
    if (table === undefined) throw unknownTable(name, [...this.#tables.keys()])
    return table
  }

  /** The table, with at least these columns. */
  ensure(name: string, columns: readonly Column[]): LakeTable {
    const known = this.#tables.get(name)
    if (known !== undefined) {
      known.evolve(columns)
      return known
    }
    const parts = this.#tableParts(name)
    const table = LakeTable.open(parts) ?? LakeTable.create(parts, columns)
    this.#tables.set(name, table)
    return table
  }

  /** A table of an event that no contract describes, or does no more; its columns stay as they are. */
  ensureRaw(name: string): LakeTable {
    return this.#tables.get(name) ?? this.ensure(name, [])
  }

  /** The table as the disk has it: after a commit that failed, and to read back one that did not. */
  reopen(name: string): LakeTable | undefined {
    const table = LakeTable.open(this.#tableParts(name))
    if (table === null) this.#tables.delete(name)
    else this.#tables.set(name, table)
    return table ?? undefined
  }

  records(name: string): LakeRecords {
    const known = this.#records.get(name)
    if (known !== undefined) return known
    const records = new LakeRecords(() => this.table(name), this.#reader, this.#groups)
    this.#records.set(name, records)
    return records
  }

  /** Gives up the memory of records that nobody reads any more: those not read since the last call. */
  forgetIdle(): void {
    this.#groups.sweep()
  }

  /**
   * Removes files that no snapshot names, those that were seen so at least `graceMs` ago. Nobody may be
   * writing to the table. Returns how many went.
   */
  collect(name: string, graceMs: number): number {
    const nowMs = this.#parts.clock.nowMs()
    const seen = this.#garbage.get(name) ?? new Map<string, number>()
    const garbage = new Map(
      this.table(name)
        .unreferenced()
        .map((path) => [path, seen.get(path) ?? nowMs]),
    )
    let removed = 0
    for (const [path, sinceMs] of garbage) {
      if (nowMs - sinceMs < graceMs) continue
      this.#parts.disk.remove(path)
      garbage.delete(path)
      removed++
    }
    this.#garbage.set(name, garbage)
    return removed
  }

  #tableParts(name: string) {
    const cache = this.#caches.get(name) ?? new TableCache()
    this.#caches.set(name, cache)
    return { ...this.#parts, cache, directory: `${this.#parts.directory}/${name}` }
  }
}
