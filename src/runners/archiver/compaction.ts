/** Small files of a day into few of a good size, sorted by topic, partition and offset: one group a step. */
import type { DataFileWriter } from "../../stores/lake/data-file.ts"
import { type GroupRange, readGroup, readGroups } from "../../stores/lake/data-file-reader.ts"
import type { DataFile } from "../../stores/lake/manifest.ts"
import { recordColumnsOf } from "./record-columns-of.ts"
import { runsOf } from "./record-rows.ts"
import type { TableTarget, WorkshopTools } from "./workshop.ts"

const TARGET_BYTES = 128 * 1024 * 1024

export interface CompactionStart {
  readonly table: TableTarget
  readonly day: number
  /** Where the small files lie. */
  readonly paths: readonly string[]
}

export class Compaction {
  readonly #tools: WorkshopTools
  readonly #start: CompactionStart
  readonly #ranges: readonly GroupRange[]
  readonly #finished: DataFile[] = []
  #open: DataFileWriter | null = null
  #next = 0

  /** @throws PlatformError lake-file-corrupt, file-missing */
  constructor(tools: WorkshopTools, start: CompactionStart) {
    this.#tools = tools
    this.#start = start
    this.#ranges = start.paths.flatMap((path) => readGroups(tools.disk, path)).sort(byPlace)
  }

  /** Null while there is more to do. */
  async step(): Promise<readonly DataFile[] | null> {
    const range = this.#ranges[this.#next]
    if (range !== undefined) await this.#take(range, this.#ranges[this.#next - 1])
    this.#next++
    if (this.#next < this.#ranges.length) return null
    this.#closeFile()
    return this.#finished
  }

  abandon(): void {
    this.#open?.abandon()
    for (const { path } of this.#finished) this.#tools.disk.remove(path)
  }

  async #take(range: GroupRange, before: GroupRange | undefined): Promise<void> {
    const { table, day } = this.#start
    const records = recordColumnsOf(await readGroup(this.#tools.disk, range))
    this.#open ??= this.#tools.openFile(table, day)
    if (before !== undefined && !samePartition(before, range)) this.#open.endGroup()
    const rows = this.#tools.rowsOf(table.name)
    for (const run of runsOf(records, 0, Number.MAX_SAFE_INTEGER))
      this.#open.append(rows.of(range, records, run).batch)
    if (this.#open.sizeBytes >= TARGET_BYTES) this.#closeFile()
  }

  #closeFile(): void {
    if (this.#open === null) return
    this.#finished.push(this.#open.finish())
    this.#open = null
  }
}

function samePartition(a: GroupRange, b: GroupRange): boolean {
  return a.topic === b.topic && a.partition === b.partition
}

function byPlace(a: GroupRange, b: GroupRange): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  return a.partition - b.partition || a.firstOffset - b.firstOffset
}
