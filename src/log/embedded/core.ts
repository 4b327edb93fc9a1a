/**
 * The embedded log as a step machine: no promises, no threads, no clock or disk of its own. A host calls it
 * from one place: `append` takes records into the open group, `commit` makes the group durable with one sync
 * per touched file and then tells the host what became of each request.
 *
 *   append -> group -> write all -> sync each -> acknowledge -> marks (not synced) -> host
 *                           \ any failure: nothing is acknowledged, all of the group is refused, and the next
 *                             commit first repairs every partition that was touched
 */
import { assert } from "../../std/assert.ts"
import type { Clock } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import { isPlatformError, type PlatformError } from "../../std/errors.ts"
import type { Random } from "../../std/random.ts"
import type { RecordBatchBuilder } from "../../wire/kafka/record-batch-builder.ts"
import { logFailed, unknownPartition, writerFenced } from "../errors.ts"
import type { OffsetRange, PinnedFile, ReadResult, RecordSet, TopicInfo, TopicSpec } from "../log.ts"
import { Catalog, topicInfo } from "./catalog.ts"
import { DurableMarks, EMPTY_MARK, MARKS_FILE } from "./durable-marks.ts"
import { GROUPS_PER_MARK_SYNC, type LogLimits } from "./limits.ts"
import type { ManifestTopic } from "./manifest.ts"
import { Partition, type PartitionPlace } from "./partition.ts"
import { type PartitionRead, readOffsetAtTime, readPartition } from "./partition-read.ts"
import { pinLog } from "./pin.ts"
import { checkRecords } from "./record-check.ts"
import { recoverPartitions, type Verify } from "./recovery.ts"
import { Upkeep } from "./upkeep.ts"

export interface LogCoreOptions {
  readonly disk: Disk
  readonly clock: Clock
  /** For the identifiers of the log and of its topics. */
  readonly random: Random
  /** Absolute. */
  readonly directory: string
  readonly limits: LogLimits
  /** @default "active" */
  readonly verify?: Verify
  readonly sink: CommitSink
}

/** What became of a request; called from within `commit`. */
export interface CommitSink {
  appended(ticket: number, baseOffset: number, appendTimeMs: number): void
  refused(ticket: number, error: PlatformError): void
}

export interface CoreAppend {
  /** The host's name for the request. */
  readonly ticket: number
  readonly topic: string
  readonly partition: number
  readonly records: RecordSet
  readonly fence: number | null
}

interface Waiting {
  readonly ticket: number
  readonly baseOffset: number
}

export class LogCore {
  readonly #options: LogCoreOptions
  readonly #catalog: Catalog
  readonly #marks: DurableMarks
  /** By slot. */
  readonly #partitions: Partition[]
  readonly #upkeep: Upkeep
  readonly #spareBuilders: RecordBatchBuilder[] = []
  /** The open group. */
  readonly #waiting: Waiting[] = []
  readonly #dirty = new Set<Partition>()
  #pendingBytes = 0
  #groupTimeMs = 0
  /** Number of the last group that was tried. */
  #group = 0
  #groupsSinceMarkSync = 0
  #lastAppendMs = 0
  /** Partitions whose files are in an unknown state since a write or sync failed; null when all is well. */
  #failed: { readonly partitions: ReadonlySet<Partition> } | null = null

  private constructor(options: LogCoreOptions, catalog: Catalog, marks: DurableMarks) {
    this.#options = options
    this.#catalog = catalog
    this.#marks = marks
    const places = catalog.topics.flatMap((topic) => this.#placesOf(topic))
    this.#partitions = recoverPartitions(places, marks, { verify: options.verify ?? "active" })
    this.#group = marks.group
    this.#lastAppendMs = this.#partitions.reduce((latest, { mark }) => Math.max(latest, mark.appendTimeMs), 0)
    this.#upkeep = new Upkeep({
      ...options,
      catalog,
      partitionsOf: (topic) => this.#partitionsOf(topic),
      roll: (partition) => this.#roll(partition),
    })
  }

  /**
   * Opens or creates the log in the directory and recovers it.
   * @throws log-corrupt when acknowledged data is damaged; disk-full, disk-failed.
   */
  static open(options: LogCoreOptions): LogCore {
    const { disk, directory } = options
    const catalog = Catalog.open(options)
    const marks = DurableMarks.open(disk, `${directory}/${MARKS_FILE}`, catalog.slots)
    disk.syncDirectory(directory)
    return new LogCore(options, catalog, marks)
  }

  #placesOf(topic: ManifestTopic): PartitionPlace[] {
    const { disk, limits, directory } = this.#options
    const catalog = this.#catalog
    return Array.from({ length: topic.partitions }, (_, partition) => ({
      disk,
      limits,
      topic: topic.name,
      partition,
      directory: `${directory}/${topic.name}/${partition}`,
      slot: topic.firstSlot + partition,
      stampKey: this.#catalog.stampKey,
      // A topic's compression may change while the log is open.
      get compression() {
        return catalog.get(topic.name).compression ?? "none"
      },
      segmentBytes: topic.cleanup === "compact" ? limits.compactSegmentBytes : limits.segmentBytes,
      spareBuilders: this.#spareBuilders,
    }))
  }

  #partitionsOf(topic: ManifestTopic): readonly Partition[] {
    return this.#partitions.slice(topic.firstSlot, topic.firstSlot + topic.partitions)
  }

  get logId(): string {
    return this.#catalog.logId
  }

  /** Bytes of the open group. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  topics(): TopicInfo[] {
    return this.#catalog.topics.map(topicInfo)
  }

  createTopic(spec: TopicSpec): TopicInfo {
    const existing = this.#catalog.find(spec.name)
    if (existing !== undefined) return topicInfo(this.#catalog.change(existing, spec))
    const topic = this.#catalog.define(spec)
    const { disk, directory } = this.#options
    const partitions = this.#placesOf(topic).map((place) => {
      disk.makeDirectory(place.directory)
      for (const name of disk.list(place.directory)) disk.remove(`${place.directory}/${name}`)
      disk.syncDirectory(place.directory)
      this.#marks.set(place.slot, EMPTY_MARK)
      return new Partition(place, [], EMPTY_MARK)
    })
    this.#syncMarks()
    disk.syncDirectory(`${directory}/${topic.name}`)
    disk.syncDirectory(directory)
    this.#catalog.add(topic)
    this.#partitions.push(...partitions)
    return topicInfo(topic)
  }

  /** Fences off earlier writers, durably, and returns the new fence. What they queued is committed first. */
  openWriter(topic: string): number {
    this.#catalog.get(topic)
    this.commit()
    return this.#catalog.raiseFence(topic)
  }

  /** Takes a request into the open group; the sink hears of it in `commit`. @throws what refuses it now. */
  append(request: CoreAppend): void {
    const topic = this.#catalog.get(request.topic)
    const partition = this.#find(request.topic, request.partition)
    const isFenced = topic.fence > 0 || topic.cleanup === "compact"
    if (isFenced && (topic.fence === 0 || request.fence !== topic.fence)) {
      throw writerFenced(request.topic, request.fence, topic.fence)
    }
    const { limits, clock } = this.#options
    const bytes = checkRecords(request.records, {
      topic: request.topic,
      keyRequired: topic.cleanup === "compact",
      recordBytes: limits.recordBytes,
    })
    if (this.#waiting.length === 0) this.#groupTimeMs = Math.max(clock.nowMs(), this.#lastAppendMs)
    const baseOffset = partition.take(request.records, this.#groupTimeMs)
    this.#dirty.add(partition)
    this.#waiting.push({ ticket: request.ticket, baseOffset })
    this.#pendingBytes += bytes
  }

  /** Makes the open group durable and tells the sink of every request in it. */
  commit(): void {
    if (this.#waiting.length === 0) return
    try {
      if (this.#failed !== null) this.#repair()
      this.#writeGroup()
    } catch (error) {
      this.#refuseGroup(asFailure(error))
      return
    }
    const group = this.#group
    const touched = [...this.#dirty]
    const waiting = this.#waiting.splice(0)
    const appendTimeMs = this.#groupTimeMs
    this.#lastAppendMs = appendTimeMs
    this.#endGroup()
    for (const partition of touched) partition.acknowledge(group)
    this.#setMarks(touched)
    for (const { ticket, baseOffset } of waiting)
      this.#options.sink.appended(ticket, baseOffset, appendTimeMs)
  }

  #writeGroup(): void {
    for (const partition of this.#dirty) partition.endBatch()
    let rolled = false
    for (const partition of this.#dirty) {
      if (!partition.mustRoll) continue
      this.#marks.set(partition.place.slot, partition.roll())
      rolled = true
    }
    // A new segment's mark is durable before anything is written to it.
    if (rolled || this.#groupsSinceMarkSync >= GROUPS_PER_MARK_SYNC) this.#syncMarks()
    this.#group++
    this.#groupsSinceMarkSync++
    for (const partition of this.#dirty) partition.write(this.#group)
    for (const partition of this.#dirty) partition.sync()
  }

  /**
   * The group is durable; a mark that cannot be written does not change that. The next commit writes all
   * marks anew before it begins its group.
   */
  #setMarks(touched: readonly Partition[]): void {
    try {
      for (const { place, mark } of touched) this.#marks.set(place.slot, mark)
    } catch (error) {
      asFailure(error)
      this.#failed = { partitions: new Set() }
    }
  }

  #roll(partition: Partition): void {
    if (partition.isDirty) return
    try {
      this.#marks.set(partition.place.slot, partition.roll())
    } catch (error) {
      // The next segment's file may be there: nothing may be written to this one before a repair.
      this.#markFailed([partition])
      throw error
    }
    this.#syncMarks()
  }

  /** A sync that fails may have lost marks of any partition: all are written again before the next group. */
  #syncMarks(): void {
    try {
      this.#marks.sync()
    } catch (error) {
      this.#failed ??= { partitions: new Set() }
      throw error
    }
    this.#groupsSinceMarkSync = 0
  }

  #refuseGroup(failure: PlatformError): void {
    this.#markFailed(this.#dirty)
    for (const partition of this.#dirty) partition.abandon()
    const waiting = this.#waiting.splice(0)
    this.#endGroup()
    for (const { ticket } of waiting) this.#options.sink.refused(ticket, failure)
  }

  #markFailed(partitions: Iterable<Partition>): void {
    this.#failed = { partitions: new Set([...(this.#failed?.partitions ?? []), ...partitions]) }
  }

  #endGroup(): void {
    this.#dirty.clear()
    this.#pendingBytes = 0
  }

  /** Brings every partition of the failed group back to its acknowledged end, in a new segment. */
  #repair(): void {
    assert(this.#failed !== null, "something failed")
    for (const partition of this.#failed.partitions) partition.repair()
    this.#marks.rewrite(this.#partitions.map(({ mark }) => mark))
    this.#groupsSinceMarkSync = 0
    this.#failed = null
  }

  #find(name: string, partition: number): Partition {
    const topic = this.#catalog.get(name)
    const isOne = Number.isInteger(partition) && partition >= 0 && partition < topic.partitions
    const found = isOne ? this.#partitions[topic.firstSlot + partition] : undefined
    if (found === undefined) throw unknownPartition(name, partition, topic.partitions)
    return found
  }

  /** @throws offset-out-of-range, log-corrupt */
  read(topic: string, partition: number, request: PartitionRead): ReadResult {
    return readPartition(this.#find(topic, partition), request)
  }

  range(topic: string, partition: number): OffsetRange {
    return this.#find(topic, partition).range
  }

  offsetAtTime(topic: string, partition: number, timeMs: number): number {
    return readOffsetAtTime(this.#find(topic, partition), timeMs)
  }

  hold(holder: string, topic: string, partition: number, offset: number): void {
    this.#find(topic, partition)
    this.#catalog.hold({ holder, topic, partition, offset })
  }

  /**
   * Gives every file of the log a second name below `directory`, all as of one instant, so that they can be
   * copied while the log goes on. What was taken before is committed first.
   * @throws log-failed while a write or sync that failed has not been repaired
   */
  pin(directory: string): PinnedFile[] {
    this.commit()
    if (this.#failed !== null)
      throw logFailed("a write or sync has failed and is repaired by the next append")
    const { disk } = this.#options
    return pinLog({ disk, directory, manifest: this.#catalog.manifest, partitions: this.#partitions })
  }

  /** One round of upkeep: marks, retention, a step of compaction. Bounded; true when more is waiting. */
  maintain(): boolean {
    if (this.#failed !== null) return false
    // The younger the marks, the less recovery has to conclude from the stamps alone.
    if (this.#marks.isDirty) this.#syncMarks()
    this.#upkeep.expire()
    return this.#upkeep.compact()
  }

  /** Commits what is queued, syncs the marks and closes the files. */
  close(): void {
    this.commit()
    try {
      if (this.#failed === null) this.#syncMarks()
    } finally {
      for (const partition of this.#partitions) partition.close()
      this.#marks.close()
    }
  }
}

/** Assertions and the like pass; what the disk did becomes the answer to the request. */
function asFailure(error: unknown): PlatformError {
  if (!isPlatformError(error)) throw error
  return error.code === "log-corrupt" ? error : logFailed(error.message, error)
}
