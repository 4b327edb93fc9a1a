/**
 * All ids of one event within its dedup window, and the ruling on each row: a row is a duplicate when its id
 * occurred before, in the order in which epochs take rows, and its append time is less than the window behind
 * that occurrence's. What is decided depends on rows and append times only, not on when ids were spilled,
 * dropped or read back.
 *
 *   rows ─▶ recent ids ──full, or a slice of time over──▶ frozen ids ──written step by step──▶ run on disk
 *      └──▶ trail on disk, until then                                   segment = 64 runs and their filter
 *
 * A new id costs a place in the newest table and one cache line of each segment's filter; only what looks
 * known is looked up on disk.
 */
import type { Disk } from "../../../std/disk.ts"
import { FileSyncs } from "./file-syncs.ts"
import type { IdColumn } from "./id-column.ts"
import { IdFiles } from "./id-files.ts"
import type { SavedSegment } from "./id-segment.ts"
import { IdTrail, readTrail, type SavedTrail, type TrailRecord } from "./id-trail.ts"
import type { DuplicateLimits, IdMemoryParts } from "./limits.ts"
import { NEVER, NO_PLACE, RecentIds } from "./recent-ids.ts"
import { SpilledIds } from "./spilled-ids.ts"

/** Rows that are hashed and probed together: large enough to hide cache misses, small enough for caches. */
const CHUNK_ROWS = 1_024
/** Slots of the frozen table that are written for each row that comes: done at a fifth of the next table. */
const SLOTS_PER_ROW = 8
const LEAST_SLOTS = 1_024
/** Of the slots of a table: a trail has no more ids, however often the same ones come. */
const TRAIL_SHARE = 2

/** What a checkpoint keeps: names of files, and from where on the log has to be read again. */
export interface SavedIds {
  /** Counts the checkpoints of this event. */
  readonly save: number
  /** By partition: rows before are in the files. */
  readonly covered: readonly (readonly [partition: number, offset: number])[]
  readonly segments: readonly SavedSegment[]
  /** Absent in checkpoints of older versions. */
  readonly trails?: readonly SavedTrail[]
}

function namesIn({ segments, trails = [] }: SavedIds): string[] {
  const ofSegments = segments.flatMap(({ runs, filter }) => [...runs, ...(filter === null ? [] : [filter])])
  return [...ofSegments, ...trails].map(({ file }) => file)
}

export interface IdPlace {
  readonly partition: number
  readonly baseOffset: number
  readonly appendTimeMs: number
}

export class IdMemory {
  readonly #windowMs: number
  readonly #limits: DuplicateLimits
  readonly #disk: Disk
  readonly #files: IdFiles
  readonly #syncs: FileSyncs
  readonly #spilled: SpilledIds
  #recent: RecentIds
  /** Of the recent ids; null: there are none. */
  #trail: IdTrail | null = null
  /** Next offset by partition. */
  readonly #covered = new Map<number, number>()
  /** Append time of the newest row by partition. */
  readonly #newestMs = new Map<number, number>()
  /** Occurrences up to here can no longer make a row a duplicate. */
  #forgottenMs = NEVER
  /** Rows of a chunk whose id is not among the recent ones. */
  readonly #unsure = new Int32Array(CHUNK_ROWS)

  constructor(parts: IdMemoryParts) {
    const { disk, directory, event, windowMs, limits } = parts
    this.#windowMs = windowMs
    this.#limits = limits
    this.#disk = disk
    this.#files = new IdFiles(disk, directory, event)
    this.#syncs = new FileSyncs(disk, directory)
    this.#spilled = new SpilledIds(parts, { files: this.#files, syncs: this.#syncs })
    this.#recent = new RecentIds(0, limits.tableBits)
  }

  /**
   * Takes up what one of the kept checkpoints names.
   * @throws PlatformError ids-damaged, file-missing: then nothing is remembered
   */
  restore({ covered, segments, trails = [] }: SavedIds, kept: readonly SavedIds[]): void {
    const records = trails.map((trail) => readTrail(this.#disk, this.#files.path(trail.file), trail))
    this.#spilled.restore(segments)
    this.#keepFiles(kept)
    for (const record of records.flat()) this.#remember(record)
    for (const [partition, offset] of covered) this.#covered.set(partition, offset)
  }

  /** Begins without memory. */
  clear(kept: readonly SavedIds[]): void {
    this.#keepFiles(kept)
  }

  /** Files go when no checkpoint names them; of those that one names, some are used by it alone. */
  #keepFiles(kept: readonly SavedIds[]): void {
    const used = this.#spilled.names()
    const named = new Set(kept.flatMap(namesIn))
    this.#files.removeOthers(new Set([...used, ...named]))
    this.#files.lastSave = Math.max(0, ...kept.map(({ save }) => save))
    for (const name of named) if (!used.has(name)) this.#files.drop(name)
  }

  /** Everything of this partition before `offset` is remembered, or too old to matter. */
  startAt(partition: number, offset: number): void {
    this.#covered.set(partition, offset)
  }

  coveredUpTo(partition: number): number | undefined {
    return this.#covered.get(partition)
  }

  /**
   * Marks duplicates, null when there are none, and remembers every row. Rows of a partition come in order.
   */
  rule(ids: IdColumn, { partition, baseOffset, appendTimeMs }: IdPlace): Uint8Array | null {
    this.#syncs.throwIfFailed()
    let skip: Uint8Array | null = null
    for (let from = 0; from < ids.count; from += CHUNK_ROWS) {
      const to = Math.min(ids.count, from + CHUNK_ROWS)
      this.#makeRoom(to - from, appendTimeMs)
      skip = this.#ruleChunk(ids, from, to, appendTimeMs, skip)
      this.#covered.set(partition, baseOffset + to)
      this.#spilled.step(Math.max(LEAST_SLOTS, SLOTS_PER_ROW * (to - from)))
    }
    this.#newestMs.set(partition, Math.max(appendTimeMs, this.#newestMs.get(partition) ?? NEVER))
    return skip
  }

  /**
   * The epoch's rows are all ruled on. `behind` are partitions with rows in the log that no epoch has taken:
   * these are not older than the partition's newest row, and what is yet to come is not older than any.
   */
  endEpoch(behind: ReadonlySet<number>): void {
    let oldestToComeMs = Math.max(NEVER, ...this.#newestMs.values())
    for (const partition of behind) {
      oldestToComeMs = Math.min(oldestToComeMs, this.#newestMs.get(partition) ?? NEVER)
    }
    const forgottenMs = oldestToComeMs - this.#windowMs - this.#limits.slackMs
    if (forgottenMs > this.#forgottenMs) {
      this.#forgottenMs = forgottenMs
      this.#spilled.forget(forgottenMs)
    }
    this.#spilled.step(LEAST_SLOTS)
  }

  /** For a checkpoint, which must not count before `settled`. */
  save(): SavedIds {
    const save = ++this.#files.lastSave
    const { segments, trails } = this.#spilled.save()
    const trail = this.#trail === null ? [] : [this.#trail.save(this.#syncs)]
    return { save, covered: [...this.#covered], segments, trails: [...trails, ...trail] }
  }

  /** Waits until everything that a checkpoint named so far is durable. @throws what the disk threw */
  async settled(): Promise<void> {
    await this.#syncs.settled()
    this.#syncs.throwIfFailed()
  }

  /** A checkpoint is durable; this is the oldest one that is kept. */
  release(oldestKept: SavedIds): void {
    this.#files.release(oldestKept.save)
  }

  async close(): Promise<void> {
    await this.#syncs.settled()
    this.#trail?.close()
    this.#spilled.close()
  }

  get figures(): {
    readonly ids: number
    readonly memoryBytes: number
    readonly diskBytes: number
    readonly reads: number
  } {
    const { ids, memoryBytes, diskBytes, reads } = this.#spilled.figures
    return {
      ids: ids + this.#recent.count,
      memoryBytes: memoryBytes + this.#recent.sizeBytes,
      diskBytes,
      reads,
    }
  }

  #makeRoom(rows: number, timeMs: number): void {
    const sliceIsOver = this.#recent.count > 0 && timeMs - this.#recent.minMs >= this.#limits.sliceMs
    // Copies take no place in the table, only in its trail.
    const trailIsLong = this.#trail !== null && this.#trail.count >= TRAIL_SHARE * 2 ** this.#limits.tableBits
    if (sliceIsOver || trailIsLong || !this.#recent.makeRoom(rows, timeMs)) this.#replaceTable(rows, timeMs)
  }

  #replaceTable(rows: number, timeMs: number): void {
    const frozen = this.#recent
    this.#recent = new RecentIds(frozen.bits, this.#limits.tableBits)
    this.#recent.makeRoom(rows, timeMs)
    const trail = this.#trail
    this.#trail = null
    if (trail !== null) this.#spilled.freeze(frozen, trail, this.#forgottenMs)
  }

  /** The trail of the recent ids goes on with these rows. */
  #trace(hashes: Int32Array, from: number, to: number, timeMs: number): void {
    if (from === to) return
    if (this.#trail === null) {
      const name = this.#files.newName("trail")
      this.#trail = new IdTrail(this.#disk, this.#files.path(name), name)
    }
    this.#trail.add(hashes, from, to, timeMs)
  }

  /** What an earlier process ruled on. */
  #remember({ hashes, count, timeMs }: TrailRecord): void {
    this.#makeRoom(count, timeMs)
    let from = 0
    for (let row = 0; row < count; row++) {
      if (this.#recent.touch(hashes, row, timeMs) !== NO_PLACE) continue
      this.#trace(hashes, from, row, timeMs)
      this.#replaceTable(count - row, timeMs)
      this.#recent.touch(hashes, row, timeMs)
      from = row
    }
    this.#trace(hashes, from, count, timeMs)
    this.#spilled.step(Math.max(LEAST_SLOTS, SLOTS_PER_ROW * count))
  }

  #ruleChunk(
    ids: IdColumn,
    from: number,
    to: number,
    timeMs: number,
    known: Uint8Array | null,
  ): Uint8Array | null {
    const { hashes } = ids
    const unsure = this.#unsure
    let skip = known
    let count = 0
    let traced = from
    this.#recent.warm(hashes, from, to)
    for (let row = from; row < to; row++) {
      let before = this.#recent.touch(hashes, row, timeMs)
      if (before === NO_PLACE) {
        // What was put just now must be told from what the frozen table knew before.
        skip = this.#markSpilled(ids, count, timeMs, skip)
        count = 0
        this.#trace(hashes, traced, row, timeMs)
        traced = row
        this.#replaceTable(to - row, timeMs)
        before = this.#recent.touch(hashes, row, timeMs)
      }
      if (timeMs - before < this.#windowMs) {
        skip ??= new Uint8Array(ids.count)
        skip[row] = 1
      } else {
        unsure[count++] = row
      }
    }
    this.#trace(hashes, traced, to, timeMs)
    return this.#markSpilled(ids, count, timeMs, skip)
  }

  /** Looks the unsure rows up in what is not in the newest table. */
  #markSpilled(
    { hashes, count: rows }: IdColumn,
    count: number,
    timeMs: number,
    known: Uint8Array | null,
  ): Uint8Array | null {
    if (count === 0 || this.#spilled.isEmpty) return known
    const duplicates = this.#spilled.markKnown(hashes, this.#unsure, count, timeMs - this.#windowMs)
    if (duplicates.length === 0) return known
    const skip = known ?? new Uint8Array(rows)
    for (const row of duplicates) skip[row] = 1
    return skip
  }
}
