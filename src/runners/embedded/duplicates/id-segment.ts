/**
 * Up to 64 runs that share one filter. An open segment takes runs; a closed one has its filter in a file,
 * too, and can do without it in memory: slower, never wrong.
 */
import type { Disk } from "../../../std/disk.ts"
import { isPlatformError } from "../../../std/errors.ts"
import { freeMemory } from "../../../std/free-memory.ts"
import { FilterFile } from "./filter-file.ts"
import { bucketsFor, IdFilter, type PairList, RUNS_PER_FILTER } from "./id-filter.ts"
import { IdRun } from "./id-run.ts"

/** What a checkpoint says of a segment. */
export interface SavedSegment {
  readonly capacity: number
  readonly filter: { readonly file: string; readonly identity: number } | null
  readonly runs: readonly {
    readonly file: string
    readonly slot: number
    readonly count: number
    readonly crc: number
  }[]
}

/** A run in its place, and how far its durability is. */
export interface SegmentRun {
  readonly slot: number
  readonly name: string
  readonly run: IdRun
  isDurable: boolean
}

export class IdSegment {
  /** Ids that its filter has room for. */
  readonly capacity: number
  filter: IdFilter | null
  filterFile: { readonly name: string; readonly file: FilterFile; isDurable: boolean } | null = null
  isOpen = true
  #nextSlot = 0
  /** Ids that were put into the filter, those of runs that are gone included. */
  #put = 0
  /** By slot; runs that expired or hold nothing leave a hole. */
  readonly #runs: (SegmentRun | undefined)[] = []
  #readsGone = 0

  constructor(capacity: number, filter: IdFilter | null) {
    this.capacity = capacity
    this.filter = filter
  }

  hasRoomFor(ids: number): boolean {
    return this.isOpen && this.#nextSlot < RUNS_PER_FILTER && this.#put + ids <= this.capacity
  }

  takeSlot(ids: number): number {
    this.#put += ids
    return this.#nextSlot++
  }

  addRun(run: SegmentRun): void {
    this.#runs[run.slot] = run
    this.#nextSlot = Math.max(this.#nextSlot, run.slot + 1)
  }

  run(slot: number): IdRun | undefined {
    return this.#runs[slot]?.run
  }

  get runs(): readonly SegmentRun[] {
    return this.#runs.filter((run) => run !== undefined)
  }

  /** Pairs of (row, slot) for rows that a run may have. */
  probe(hashes: Int32Array, rows: Int32Array, count: number, pairs: PairList): number {
    if (this.filter !== null) return this.filter.probe(hashes, rows, count, pairs)
    return this.filterFile!.file.probe(hashes, rows, count, pairs)
  }

  /** Drops runs whose ids are all outside of the window. One that is being synced stays a while. */
  dropBefore(forgottenMs: number): SegmentRun[] {
    const dropped = this.runs.filter(({ run, isDurable }) => isDurable && run.maxMs <= forgottenMs)
    for (const { slot, run } of dropped) {
      this.#readsGone += run.reads
      run.close()
      this.#runs[slot] = undefined
    }
    return dropped
  }

  /** The filter goes from memory. Its file is complete. */
  evict(): void {
    const { filter } = this
    this.filter = null
    if (filter === null) return
    freeMemory(filter.fingerprints.buffer)
    freeMemory(filter.tags.buffer)
  }

  get idCount(): number {
    return this.runs.reduce((sum, { run }) => sum + run.count, 0)
  }

  get memoryBytes(): number {
    return (this.filter?.sizeBytes ?? 0) + this.runs.reduce((sum, { run }) => sum + run.memoryBytes, 0)
  }

  get diskBytes(): number {
    const runBytes = this.runs.reduce((sum, { run }) => sum + run.diskBytes, 0)
    return runBytes + (this.filterFile?.file.diskBytes ?? 0)
  }

  get reads(): number {
    const reads = this.runs.reduce((sum, { run }) => sum + run.reads, 0)
    return reads + this.#readsGone + (this.filterFile?.file.reads ?? 0)
  }

  /** Only runs that are durable may be named. Null: there is none. */
  save(): SavedSegment | null {
    const { filterFile } = this
    const runs = this.runs.filter(({ isDurable }) => isDurable)
    if (runs.length === 0) return null
    return {
      capacity: this.capacity,
      filter:
        filterFile?.isDurable === true ? { file: filterFile.name, identity: filterFile.file.identity } : null,
      runs: runs.map(({ name, slot, run }) => ({ file: name, slot, count: run.count, crc: run.crc })),
    }
  }

  /**
   * Opens the files of a segment. The filter is made again from the runs when it was not written; where it
   * was, it may stay on disk.
   * @throws PlatformError ids-damaged, file-missing
   */
  static open(disk: Disk, directory: string, saved: SavedSegment, loadsFilter: boolean): IdSegment {
    const segment = new IdSegment(saved.capacity, null)
    try {
      for (const { file, slot, count, crc } of saved.runs) {
        const run = IdRun.open(disk, `${directory}/${file}`, { count, crc })
        segment.addRun({ name: file, slot, run, isDurable: true })
        segment.#put += count
      }
      segment.#openFilter(disk, directory, saved, loadsFilter)
    } catch (error) {
      segment.close()
      throw error
    }
    return segment
  }

  #fill(): void {
    const filter = new IdFilter(this.capacity)
    for (const { slot, run } of this.runs) {
      run.forEachSlot((words, from, to) => filter.put(words, from, to, slot))
    }
    this.filter = filter
  }

  #openFilter(disk: Disk, directory: string, { capacity, filter }: SavedSegment, loads: boolean): void {
    if (filter === null) {
      this.#fill()
      return
    }
    try {
      const path = `${directory}/${filter.file}`
      const opened = disk.open(path, { readOnly: true })
      const file = new FilterFile(opened, path, { buckets: bucketsFor(capacity), identity: filter.identity })
      this.filterFile = { name: filter.file, file, isDurable: true }
      if (loads) this.filter = file.load(capacity)
      else file.check()
      this.isOpen = false
    } catch (error) {
      if (!isPlatformError(error, "ids-damaged") && !isPlatformError(error, "file-missing")) throw error
      // It says nothing that the runs do not say.
      this.filterFile?.file.close()
      this.filterFile = null
      this.#fill()
    }
  }

  close(): void {
    for (const { run } of this.runs) run.close()
    this.filterFile?.file.close()
  }
}
