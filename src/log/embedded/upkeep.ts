/** What the log does beside appends: retention, and compaction one segment at a time. */
import type { Clock } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import type { Catalog } from "./catalog.ts"
import { CompactionJob } from "./compaction.ts"
import type { LogLimits } from "./limits.ts"
import type { ManifestTopic } from "./manifest.ts"
import type { Partition } from "./partition.ts"
import { expiredSegments } from "./retention.ts"

export interface UpkeepTools {
  readonly disk: Disk
  readonly clock: Clock
  readonly limits: LogLimits
  readonly catalog: Catalog
  readonly partitionsOf: (topic: ManifestTopic) => readonly Partition[]
  /** Rolls the partition to a new segment and makes its mark durable. */
  readonly roll: (partition: Partition) => void
}

export class Upkeep {
  readonly #tools: UpkeepTools
  #compaction: CompactionJob | null = null

  constructor(tools: UpkeepTools) {
    this.#tools = tools
  }

  expire(): void {
    const { catalog, partitionsOf } = this.#tools
    for (const topic of catalog.topics) {
      if (topic.cleanup === "compact") continue
      if (topic.retentionMs === undefined && topic.retentionBytes === undefined) continue
      for (const partition of partitionsOf(topic)) this.#expirePartition(topic, partition)
    }
  }

  #expirePartition(topic: ManifestTopic, partition: Partition): void {
    const { clock, catalog, roll } = this.#tools
    const { retentionMs, retentionBytes } = topic
    const { segments } = partition
    const nowMs = clock.nowMs()
    const firstMs = segments.at(-1)?.firstAppendMs ?? null
    // Without this a partition with little traffic would never close a segment, and never expire anything.
    if (retentionMs !== undefined && firstMs !== null && nowMs - firstMs > retentionMs) roll(partition)
    const keepFrom = catalog.heldFrom(topic.name, partition.place.partition)
    const count = expiredSegments(segments, { nowMs, keepFrom, retentionMs, retentionBytes })
    for (let gone = 0; gone < count; gone++) partition.removeOldest()
  }

  /** One step of compaction; true when more is waiting. */
  compact(): boolean {
    const { disk, clock, limits } = this.#tools
    const job = this.#compaction ?? this.#planCompaction()
    // A step that fails leaves the old segment in place; the next pass begins anew.
    this.#compaction = null
    if (job === null) return false
    const isDone = job.step({ disk, limits, nowMs: clock.nowMs() })
    if (!isDone) this.#compaction = job
    return true
  }

  #planCompaction(): CompactionJob | null {
    const { catalog, partitionsOf } = this.#tools
    for (const topic of catalog.topics) {
      if (topic.cleanup !== "compact") continue
      for (const partition of partitionsOf(topic)) {
        const job = CompactionJob.plan(partition)
        if (job !== null) return job
      }
    }
    return null
  }
}
