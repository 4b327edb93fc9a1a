/** Every limit of the embedded log, with the reason for its value. */

export interface LogLimits {
  /** A segment is closed when the next write would make it larger. */
  readonly segmentBytes: number
  /** The same for compacted topics. */
  readonly compactSegmentBytes: number
  /** How far a file is grown ahead of what is written. */
  readonly preallocateBytes: number
  /** A batch is closed when it has this many bytes before compression. */
  readonly batchBytes: number
  /** The longest key plus value plus headers of one record. */
  readonly recordBytes: number
  /** A group is committed when it has this many bytes, even if more is waiting. */
  readonly groupBytes: number
  /** Bytes taken and not yet durable, beyond which append answers log-full. */
  readonly queueBytes: number
  /** The most that one read returns, unless its first batch is larger. */
  readonly readBytes: number
  /** Bytes between two entries of the offset and time index. */
  readonly indexIntervalBytes: number
  /** Pause between two rounds of retention, compaction and syncing of marks. */
  readonly maintenanceMs: number
  /** How long compaction keeps a tombstone, so that slow readers learn of the removal. */
  readonly tombstoneMs: number
  /** Keys that one compaction pass holds in memory. */
  readonly compactionKeys: number
}

const MIB = 1024 * 1024

export const DEFAULT_LIMITS: LogLimits = {
  // Large enough that rolling is rare at 250 MB/s, small enough that retention frees space in small steps.
  segmentBytes: 128 * MIB,
  // Internal topics are small; a closed segment is what compaction can work on.
  compactSegmentBytes: 8 * MIB,
  // One size change per 16 MiB is not noticed, and recovery looks through at most this much zero space.
  preallocateBytes: 16 * MIB,
  // Kafka's own default for the largest batch; readers hold one batch at a time.
  batchBytes: MIB,
  // Far beyond any event; a request of one such record is within half of the ring.
  recordBytes: 8 * MIB,
  // About 10 ms of writing: beyond that latency grows and throughput does not.
  groupBytes: 8 * MIB,
  // An eighth of a second at 250 MB/s: a short stall of the disk is absorbed, a long one is passed on.
  queueBytes: 32 * MIB,
  // A transfer of this size costs no more than a few milliseconds of the log thread.
  readBytes: 16 * MIB,
  // A look-up scans at most this much: some ten microseconds, for 2,000 entries per segment.
  indexIntervalBytes: 64 * 1024,
  maintenanceMs: 1_000,
  tombstoneMs: 24 * 3_600_000,
  // About 200 MB of map; a pass that meets more keys compacts the older segments only.
  compactionKeys: 1_000_000,
}

/**
 * Groups between two syncs of the marks, at most. The stamps count groups modulo 1024; what lies beyond the
 * marks then spans less than a quarter of that, so the count is exact there (docs/decisions/0010).
 */
export const GROUPS_PER_MARK_SYNC = 240
/** An offset index entry holds offsets relative to the segment's base in 32 bits. */
export const SEGMENT_OFFSET_SPAN = 2 ** 31 - 1
/** Batches may be this large; one record of `recordBytes` on top of a nearly full batch fits by far. */
export const LARGEST_BATCH_BYTES = 64 * MIB
