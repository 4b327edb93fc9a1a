/**
 * Kafka's record batch, version 2 ("magic 2"): the unit that the log stores, checks and hands out.
 *
 * RecordBatch =>                      at byte   covered by the CRC
 *   baseOffset            INT64          0      no
 *   batchLength           INT32          8      no    bytes behind this field
 *   partitionLeaderEpoch  INT32         12      no    free for the log that stores the batch
 *   magic                 INT8          16      no    2
 *   crc                   UINT32        17      -     CRC-32C of everything behind it
 *   attributes            INT16         21      yes   0-2 codec, 3 append time, 4 transactional, 5 control
 *   lastOffsetDelta       INT32         23      yes   stays when compaction takes records out
 *   baseTimestamp         INT64         27      yes
 *   maxTimestamp          INT64         35      yes   append time of each record when attribute bit 3 is set
 *   producerId            INT64         43      yes   -1: none
 *   producerEpoch         INT16         51      yes   -1: none
 *   baseSequence          INT32         53      yes   -1: none
 *   recordCount           INT32         57      yes
 *   records               [Record]      61      yes   compressed as one block when the codec is not 0
 *
 * Record => length VARINT, attributes INT8, timestampDelta VARLONG, offsetDelta VARINT,
 *           keyLength VARINT (-1: null), key, valueLength VARINT (-1: null), value, headers
 *
 * Facts: Kafka's protocol guide, "Record Batch" and "Record". Integers are big-endian, varints zigzag-coded.
 */
import { crc32c } from "@node-rs/crc32"

export const BATCH_HEADER_BYTES = 61
export const MAGIC = 2
/** Bytes before those that batchLength counts. */
export const LENGTH_PREFIX_BYTES = 12

export const BATCH_FIELD = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const

export const CODEC_MASK = 0b111
export const CODEC_NONE = 0
export const CODEC_ZSTD = 4
export const APPEND_TIME_FLAG = 0b1000
export const CONTROL_FLAG = 0b10_0000

export interface BatchHeader {
  readonly baseOffset: number
  /** All bytes of the batch, header included. */
  readonly sizeBytes: number
  readonly partitionLeaderEpoch: number
  readonly magic: number
  readonly crc: number
  readonly attributes: number
  readonly lastOffset: number
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly producerId: bigint
  readonly recordCount: number
}

/** Reads the header at `position`, where at least BATCH_HEADER_BYTES must follow; judges nothing. */
export function readBatchHeader(view: DataView, position: number): BatchHeader {
  const baseOffset = Number(view.getBigInt64(position + BATCH_FIELD.baseOffset))
  return {
    baseOffset,
    sizeBytes: view.getInt32(position + BATCH_FIELD.batchLength) + LENGTH_PREFIX_BYTES,
    partitionLeaderEpoch: view.getInt32(position + BATCH_FIELD.partitionLeaderEpoch),
    magic: view.getInt8(position + BATCH_FIELD.magic),
    crc: view.getUint32(position + BATCH_FIELD.crc),
    attributes: view.getInt16(position + BATCH_FIELD.attributes),
    lastOffset: baseOffset + view.getInt32(position + BATCH_FIELD.lastOffsetDelta),
    baseTimestampMs: Number(view.getBigInt64(position + BATCH_FIELD.baseTimestamp)),
    maxTimestampMs: Number(view.getBigInt64(position + BATCH_FIELD.maxTimestamp)),
    producerId: view.getBigInt64(position + BATCH_FIELD.producerId),
    recordCount: view.getInt32(position + BATCH_FIELD.recordCount),
  }
}

/** CRC-32C of the part of a batch that its checksum covers. */
export function batchCrc(bytes: Uint8Array, position: number, sizeBytes: number): number {
  return crc32c(bytes.subarray(position + BATCH_FIELD.attributes, position + sizeBytes))
}

/** A view over the same bytes, for the functions here. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
