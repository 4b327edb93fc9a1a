/**
 * The durable log: topics of partitions of records, each with an offset that is never used twice. It knows
 * bytes and positions, no schema. Whatever implements this interface passes test/conformance/log.ts.
 *
 * Laws
 * - append resolves only after the records are durable; records of one request have consecutive offsets.
 * - Offsets of one partition only grow. Gaps are legal (compaction, transactions): a reader continues from
 *   `nextOffset`, never from last + 1.
 * - A reader sees nothing at or beyond `durableEnd`.
 * - After a failed sync nothing is acknowledged until the partition was reopened and verified.
 * - A fenced topic takes records only from the writer that opened it last.
 */
import type { RecordSet } from "../wire/kafka/record-set.ts"

export type { RecordSet } from "../wire/kafka/record-set.ts"

export type Cleanup = "delete" | "compact"
export type Compression = "none" | "zstd"

export interface TopicSpec {
  /** [a-zA-Z0-9._-]{1,249}; a leading "_" marks an internal topic. */
  readonly name: string
  readonly partitions: number
  /** "compact" keeps the newest record of each key; its topic needs a fenced writer. @default "delete" */
  readonly cleanup?: Cleanup
  /** @default "none" */
  readonly compression?: Compression
  /** Closed segments whose newest record is older go, when nothing holds them. @default never */
  readonly retentionMs?: number
  /** Oldest closed segments go while a partition is larger, when nothing holds them. @default never */
  readonly retentionBytes?: number
}

export interface TopicInfo extends TopicSpec {
  /** 32 hex digits, given at creation; a topic made again under the same name has another. */
  readonly topicId: string
}

export interface AppendRequest {
  readonly topic: string
  readonly partition: number
  readonly records: RecordSet
  /** From `openWriter`; required for fenced topics. */
  readonly writer?: WriterToken
}

export interface AppendResult {
  /** Offset of the first record; the others follow without a gap. */
  readonly baseOffset: number
  /** The log's clock when it took the batch: the append time of each of its records, non-decreasing. */
  readonly appendTimeMs: number
}

export interface ReadRequest {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Whole batches up to this size; at least one batch is returned if there is one. */
  readonly maxBytes: number
}

export interface ReadResult {
  /** Whole record batches (v2), one behind the other, the first of which may begin before `offset`. */
  readonly batches: Uint8Array
  /** Where to continue; equals the request's offset when there was nothing to read. */
  readonly nextOffset: number
  readonly range: OffsetRange
}

export interface OffsetRange {
  /** First offset that still exists. */
  readonly begin: number
  /** First offset that is not durable yet: the end for readers. */
  readonly durableEnd: number
}

export interface WriterToken {
  readonly topic: string
  readonly fence: number
}

export interface Log extends AsyncDisposable {
  /** 32 hex digits made when the log was first opened; part of receipts. */
  readonly logId: string
  /** Idempotent for an equal spec. @throws topic-exists when it differs in partitions or cleanup. */
  createTopic(spec: TopicSpec): Promise<TopicInfo>
  topic(name: string): TopicInfo | undefined
  topics(): readonly TopicInfo[]
  /** @throws log-full (retry) when queued bytes exceed the limit; log-failed after a failed sync or write. */
  append(request: AppendRequest): Promise<AppendResult>
  /** @throws offset-out-of-range with the range in details. */
  read(request: ReadRequest): Promise<ReadResult>
  range(topic: string, partition: number): Promise<OffsetRange>
  /** First offset whose record was appended at or after `timeMs`; durableEnd when there is none. */
  offsetAtTime(topic: string, partition: number, timeMs: number): Promise<number>
  /** Takes the topic over: appends of every earlier writer are refused from now on with writer-fenced. */
  openWriter(topic: string): Promise<WriterToken>
  /**
   * Retention deletes nothing at or beyond the lowest offset held. Holding again moves the hold; holding at
   * Number.MAX_SAFE_INTEGER releases it. A hold outlives a restart, at a position not beyond the last one
   * asked for.
   */
  hold(holder: string, topic: string, partition: number, offset: number): Promise<void>
  /** Bytes that were taken and not yet made durable. */
  readonly queuedBytes: number
}

/** A log on the disks of this machine, whose files can be copied while it goes on. */
export interface LocalLog extends Log {
  /**
   * Gives every file of the log a second name below `directory` (absolute, empty or not there, on the log's
   * disk), all as of one instant. The first `sizeBytes` of each are the log at that instant and open as one.
   * @throws log-failed (retry) while a write or sync that failed has not been repaired
   */
  pin(directory: string): Promise<readonly PinnedFile[]>
}

export interface PinnedFile {
  /** Below the folder that was pinned to, and where it belongs in the log's own. */
  readonly path: string
  readonly sizeBytes: number
}
