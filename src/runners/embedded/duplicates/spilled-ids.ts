/**
 * Ids that are no longer in the newest table: the frozen table that is being written, and segments of runs on
 * disk. Everything counts for rulings at once; a checkpoint names what is durable, and trails of the rest.
 */
import type { Disk } from "../../../std/disk.ts"
import { isPlatformError } from "../../../std/errors.ts"
import { freeMemory } from "../../../std/free-memory.ts"
import type { FileSyncs } from "./file-syncs.ts"
import { FilterFile } from "./filter-file.ts"
import type { IdFiles } from "./id-files.ts"
import { FILTER_BYTES_PER_ID, IdFilter, type PairList, RUNS_PER_FILTER } from "./id-filter.ts"
import { IdSegment, type SavedSegment, type SegmentRun } from "./id-segment.ts"
import type { IdTrail, SavedTrail } from "./id-trail.ts"
import type { DuplicateLimits, IdMemoryParts } from "./limits.ts"
import type { RecentIds } from "./recent-ids.ts"
import { RunWriter, UNFINISHED } from "./run-writer.ts"

/** A new segment has room for so many tables like the one that it begins with. */
const LEAST_RUNS = 4
const SEGMENTS_PER_WINDOW = 3
/** No filter takes a larger share of their memory, so that what is dropped at once is small. */
const FILTER_SHARE = 1 / 4
/** Blocks of a closed segment's filter that are written for each 1,024 slots. */
const FILTER_BLOCKS_PER_STEP = 16

/** What a checkpoint names: runs that are durable, and trails of what the others will have. */
export interface SavedSpilledIds {
  readonly segments: readonly SavedSegment[]
  readonly trails: readonly SavedTrail[]
}

interface Frozen {
  readonly table: RecentIds
  /** Of the table's ids, until their run is durable. */
  readonly trail: IdTrail
  readonly writer: RunWriter
  readonly segment: IdSegment
  readonly slot: number
  readonly name: string
}

export class SpilledIds {
  readonly #disk: Disk
  readonly #files: IdFiles
  readonly #windowMs: number
  readonly #limits: DuplicateLimits
  /** Oldest first. */
  #segments: IdSegment[] = []
  #frozen: Frozen | null = null
  /** A closed segment whose filter is being written. */
  readonly #filing: IdSegment[] = []
  /** Trails of runs that are being synced. */
  readonly #trails = new Set<IdTrail>()
  readonly #syncs: FileSyncs
  readonly #pairs: PairList = []
  #readsGone = 0

  constructor(
    { disk, windowMs, limits }: Omit<IdMemoryParts, "event" | "directory">,
    { files, syncs }: { readonly files: IdFiles; readonly syncs: FileSyncs },
  ) {
    this.#disk = disk
    this.#files = files
    this.#syncs = syncs
    this.#windowMs = windowMs
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#frozen === null && this.#segments.length === 0
  }

  /** The rows (of the first `count`) whose id occurred after `afterMs`. Reorders `rows`. */
  markKnown(hashes: Int32Array, rows: Int32Array, count: number, afterMs: number): readonly number[] {
    try {
      return this.#markKnown(hashes, rows, count, afterMs)
    } catch (error) {
      // The next start misses the file, and reads the log instead.
      if (isPlatformError(error, "ids-damaged")) this.#disk.remove(String(error.details["path"]))
      throw error
    }
  }

  #markKnown(hashes: Int32Array, rows: Int32Array, count: number, afterMs: number): readonly number[] {
    const known: number[] = []
    let left = count
    if (this.#frozen !== null) {
      const { table } = this.#frozen
      table.warm(hashes, rows[0]!, rows[count - 1]! + 1)
      for (let i = 0; i < left; ) {
        const row = rows[i] as number
        if (table.find(hashes, row) <= afterMs) i++
        else {
          known.push(row)
          rows[i] = rows[--left] as number
        }
      }
    }
    for (let i = this.#segments.length - 1; i >= 0 && left > 0; i--) {
      left = this.#markIn(this.#segments[i] as IdSegment, { hashes, rows, count: left, afterMs, known })
    }
    return known
  }

  #markIn(
    segment: IdSegment,
    {
      hashes,
      rows,
      count,
      afterMs,
      known,
    }: {
      readonly hashes: Int32Array
      readonly rows: Int32Array
      readonly count: number
      readonly afterMs: number
      readonly known: number[]
    },
  ): number {
    const pairs = this.#pairs
    if (segment.probe(hashes, rows, count, pairs) === 0) return count
    const found = new Set<number>()
    for (let i = 0; i < pairs.length; i += 2) {
      const row = pairs[i] as number
      if (found.has(row)) continue
      // Runs that expired leave their fingerprints behind; the frozen table's run was asked in memory.
      const run = segment.run(pairs[i + 1] as number)
      if (run !== undefined && run.find(hashes, row) > afterMs) found.add(row)
    }
    if (found.size === 0) return count
    let left = 0
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      if (found.has(row)) known.push(row)
      else rows[left++] = row
    }
    return left
  }

  /** Takes a table over, with the trail of its ids. */
  freeze(table: RecentIds, trail: IdTrail, forgottenMs: number): void {
    this.#finishFrozen()
    const segment = this.#segmentFor(table)
    const name = this.#files.newName("run")
    const slot = segment.takeSlot(table.count)
    const place = { path: this.#files.path(name), filter: segment.filter!, run: slot, forgottenMs }
    const writer = new RunWriter(this.#disk, table, place)
    this.#frozen = { table, trail, writer, segment, slot, name }
  }

  /** Goes on writing. */
  step(slots: number): void {
    if (this.#frozen?.writer.step(slots) === true) this.#finishFrozen()
    const filing = this.#filing[0]
    if (filing !== undefined) this.#file(filing, Math.ceil((slots * FILTER_BLOCKS_PER_STEP) / 1_024))
  }

  forget(forgottenMs: number): void {
    for (const segment of this.#segments) {
      for (const { name } of segment.dropBefore(forgottenMs)) this.#files.drop(name)
    }
    for (const segment of this.#segments.filter((one) => this.#isDone(one))) this.#dropSegment(segment)
    this.#segments = this.#segments.filter((one) => !this.#isDone(one))
  }

  /** Holds nothing, and nothing will be put. */
  #isDone(segment: IdSegment): boolean {
    if (segment.runs.length > 0 || this.#frozen?.segment === segment) return false
    // A file that is being synced stays open.
    return segment.filterFile?.isDurable !== false || this.#filing.includes(segment)
  }

  #dropSegment(segment: IdSegment): void {
    segment.isOpen = false
    const at = this.#filing.indexOf(segment)
    if (at >= 0) this.#filing.splice(at, 1)
    if (segment.filterFile !== null) {
      const { name, file } = segment.filterFile
      file.close()
      if (at >= 0) this.#disk.remove(`${file.path}${UNFINISHED}`)
      else this.#files.drop(name)
    }
    this.#readsGone += segment.reads
    segment.evict()
  }

  save(): SavedSpilledIds {
    const trails = [...this.#trails, ...(this.#frozen === null ? [] : [this.#frozen.trail])]
    return {
      segments: this.#segments.flatMap((segment) => segment.save() ?? []),
      trails: trails.map((trail) => trail.save(this.#syncs)),
    }
  }

  /** @throws PlatformError ids-damaged, file-missing, and then it holds nothing. */
  restore(segments: readonly SavedSegment[]): void {
    const opened: IdSegment[] = []
    let left = this.#limits.filterBytes
    try {
      for (const saved of segments.toReversed()) {
        const isLoaded = left >= saved.capacity * FILTER_BYTES_PER_ID
        const segment = IdSegment.open(this.#disk, this.#files.directory, saved, isLoaded)
        left -= segment.filter?.sizeBytes ?? 0
        opened.unshift(segment)
      }
    } catch (error) {
      for (const segment of opened) segment.close()
      throw error
    }
    this.#segments = opened
    // Only the newest one may go on.
    for (const segment of opened.slice(0, -1)) this.#close(segment)
    this.#keepWithinMemory(0)
  }

  names(): ReadonlySet<string> {
    const names = this.#segments.flatMap(({ runs, filterFile }) => [
      ...runs.map(({ name }) => name),
      ...(filterFile === null ? [] : [filterFile.name]),
    ])
    return new Set(names)
  }

  get figures(): { ids: number; memoryBytes: number; diskBytes: number; reads: number } {
    const sum = (of: (segment: IdSegment) => number) =>
      this.#segments.reduce((total, segment) => total + of(segment), 0)
    return {
      ids: sum(({ idCount }) => idCount) + (this.#frozen?.table.count ?? 0),
      memoryBytes: sum(({ memoryBytes }) => memoryBytes) + (this.#frozen?.table.sizeBytes ?? 0),
      diskBytes: sum(({ diskBytes }) => diskBytes),
      reads: this.#readsGone + sum(({ reads }) => reads),
    }
  }

  close(): void {
    this.#frozen?.writer.abandon()
    this.#frozen?.trail.close()
    for (const trail of this.#trails) trail.close()
    for (const segment of this.#segments) segment.close()
  }

  #finishFrozen(): void {
    const frozen = this.#frozen
    if (frozen === null) return
    const { table, trail, writer, segment, slot, name } = frozen
    writer.step(table.slots)
    const run = writer.finish()
    this.#frozen = null
    freeMemory(table.words.buffer)
    if (run === null) {
      this.#drop(trail)
      return
    }
    const placed: SegmentRun = { slot, name, run, isDurable: false }
    segment.addRun(placed)
    this.#trails.add(trail)
    this.#syncs.start(run.file, () => {
      placed.isDurable = true
      this.#trails.delete(trail)
      this.#drop(trail)
    })
  }

  #drop(trail: IdTrail): void {
    trail.close()
    this.#files.drop(trail.name)
  }

  #segmentFor(table: RecentIds): IdSegment {
    const newest = this.#segments.at(-1)
    if (newest?.hasRoomFor(table.count) === true) return newest
    if (newest !== undefined) this.#close(newest)
    const segment = new IdSegment(this.#capacityFor(table), null)
    this.#keepWithinMemory(segment.capacity * FILTER_BYTES_PER_ID)
    segment.filter = new IdFilter(segment.capacity)
    this.#segments.push(segment)
    return segment
  }

  /** A third of what the window will have at the table's rate: each segment costs a look-up a cache line. */
  #capacityFor({ count, minMs, maxMs }: RecentIds): number {
    const expected = (count * this.#windowMs) / Math.max(1, maxMs - minMs)
    const most = Math.floor((this.#limits.filterBytes * FILTER_SHARE) / FILTER_BYTES_PER_ID)
    const wanted = Math.max(LEAST_RUNS * count, Math.ceil(expected / SEGMENTS_PER_WINDOW))
    return Math.max(count, Math.min(wanted, RUNS_PER_FILTER * count, most))
  }

  #close(segment: IdSegment): void {
    if (!segment.isOpen) return
    segment.isOpen = false
    if (segment.filter !== null && segment.runs.length > 0) this.#filing.push(segment)
  }

  /** Writes some of a closed segment's filter. */
  #file(segment: IdSegment, blocks: number): void {
    const filter = segment.filter!
    if (segment.filterFile === null) {
      const name = this.#files.newName("filter")
      // What a run's checksum tells apart, its segment's filter is told apart by.
      const identity = segment.runs[0]?.run.crc ?? 0
      const file = FilterFile.create(this.#disk, this.#files.path(name), filter, identity)
      segment.filterFile = { name, file, isDurable: false }
    }
    const { filterFile } = segment
    if (!filterFile.file.write(filter, blocks)) return
    this.#filing.shift()
    this.#disk.rename(`${filterFile.file.path}${UNFINISHED}`, filterFile.file.path)
    this.#syncs.start(filterFile.file.file, () => {
      filterFile.isDurable = true
    })
  }

  /** Filters of the oldest segments go from memory until `moreBytes` more have room. */
  #keepWithinMemory(moreBytes: number): void {
    const excess = () => {
      const held = this.#segments.reduce((sum, { filter }) => sum + (filter?.sizeBytes ?? 0), 0)
      return held + moreBytes - this.#limits.filterBytes
    }
    for (const segment of this.#segments) {
      if (excess() <= 0) return
      if (segment.filter === null || segment.isOpen) continue
      while (this.#filing.includes(segment)) this.#file(this.#filing[0] as IdSegment, Infinity)
      segment.evict()
    }
  }
}
