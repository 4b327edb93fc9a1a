/**
 * Walks a record batch into typed arrays: no object is made for a record. The arrays grow and are used again.
 * Every length is checked against the bytes that are there, so damaged or hostile bytes end in an error and
 * never in a read beyond the batch.
 */
import { zstdDecompressSync } from "node:zlib"
import { isPlatformError } from "../../std/errors.ts"
import { type ByteCursor, readVarint, readVarlong } from "../../std/varint.ts"
import { recordBatchInvalid } from "./errors.ts"
import {
  APPEND_TIME_FLAG,
  BATCH_HEADER_BYTES,
  type BatchHeader,
  batchCrc,
  CODEC_MASK,
  CODEC_NONE,
  CODEC_ZSTD,
  CONTROL_FLAG,
  MAGIC,
  readBatchHeader,
  viewOf,
} from "./record-batch.ts"

/** A batch that unpacks to more is refused: our own are 1 MiB and one record at most 64 MiB. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024
/** A record has at least a length, attributes, two deltas, two lengths and a header count. */
const SMALLEST_RECORD_BYTES = 7

export class RecordColumns {
  count = 0
  baseOffset = 0
  /** The batch's last offset; records may be missing before and at it after compaction. */
  lastOffset = -1
  /** The batch's greatest timestamp; every record's when it has the append time. */
  appendTimeMs = 0
  /** What the starts and ends below point into: the batch's own buffer, or the unpacked one. */
  bytes: Uint8Array = new Uint8Array(0)
  /** True for Kafka's control batches, whose records are not data. */
  isControl = false
  offsetDeltas = new Int32Array(0)
  /** The append time, or each record's own time when the batch keeps those. */
  timestampsMs = new Float64Array(0)
  keyStarts = new Int32Array(0)
  /** -1 for a null key. */
  keyEnds = new Int32Array(0)
  valueStarts = new Int32Array(0)
  /** -1 for a null value. */
  valueEnds = new Int32Array(0)
  /** Slices for `decodeHeaders`; empty for a record without headers. */
  headersStarts = new Int32Array(0)
  headersEnds = new Int32Array(0)

  /**
   * Reads the batch at `position` and returns the position behind it.
   * @throws PlatformError record-batch-invalid
   */
  read(bytes: Uint8Array, position: number, options: { readonly verifyCrc?: boolean } = {}): number {
    const header = checkedHeader(bytes, position, options.verifyCrc ?? true)
    const end = position + header.sizeBytes
    const codec = header.attributes & CODEC_MASK
    const cursor =
      codec === CODEC_NONE
        ? { bytes, position: position + BATCH_HEADER_BYTES, end }
        : unpack(bytes, position, end, codec)
    if (header.recordCount * SMALLEST_RECORD_BYTES > cursor.end - cursor.position) {
      throw recordBatchInvalid(position, `claims ${header.recordCount} records, more than its bytes can hold`)
    }
    this.#reserve(header.recordCount)
    this.count = header.recordCount
    this.baseOffset = header.baseOffset
    this.lastOffset = header.lastOffset
    this.appendTimeMs = header.maxTimestampMs
    this.bytes = cursor.bytes
    this.isControl = (header.attributes & CONTROL_FLAG) !== 0
    try {
      for (let row = 0; row < header.recordCount; row++) this.#readRecord(cursor, row, header)
    } catch (error) {
      if (!isPlatformError(error, "varint-invalid")) throw error
      throw recordBatchInvalid(position, "has a record that is cut off")
    }
    if (cursor.position !== cursor.end) throw recordBatchInvalid(position, "has bytes behind its last record")
    return end
  }

  #readRecord(cursor: ByteCursor, row: number, header: BatchHeader): void {
    const { bytes } = cursor
    const length = shortVarint(cursor)
    const end = cursor.position + length
    if (length < 0 || end > cursor.end)
      throw recordBatchInvalid(cursor.position, "has a record of a wrong length")
    cursor.position++
    let timestampDelta = 0
    if (bytes[cursor.position] === 0) cursor.position++
    else timestampDelta = Number(readVarlong(cursor))
    this.offsetDeltas[row] = shortVarint(cursor)
    this.timestampsMs[row] =
      (header.attributes & APPEND_TIME_FLAG) !== 0
        ? header.maxTimestampMs
        : header.baseTimestampMs + timestampDelta
    const keyLength = shortVarint(cursor)
    this.keyStarts[row] = cursor.position
    this.keyEnds[row] = keyLength < 0 ? -1 : cursor.position + keyLength
    if (keyLength > 0) cursor.position += keyLength
    // A key that ends beyond the record would let the next reads run past the cursor's end.
    if (cursor.position >= end) throw recordBatchInvalid(cursor.position, "has a key longer than its record")
    const valueLength = shortVarint(cursor)
    this.valueStarts[row] = cursor.position
    this.valueEnds[row] = valueLength < 0 ? -1 : cursor.position + valueLength
    if (valueLength > 0) cursor.position += valueLength
    if (cursor.position >= end)
      throw recordBatchInvalid(cursor.position, "has a value longer than its record")
    this.headersStarts[row] = cursor.position
    this.headersEnds[row] = bytes[cursor.position] === 0 ? cursor.position : end
    if (bytes[cursor.position] === 0 && cursor.position + 1 !== end) {
      throw recordBatchInvalid(cursor.position, "has a record of a wrong length")
    }
    cursor.position = end
  }

  #reserve(count: number): void {
    if (count <= this.offsetDeltas.length) return
    const size = Math.max(count, this.offsetDeltas.length * 2)
    this.offsetDeltas = new Int32Array(size)
    this.timestampsMs = new Float64Array(size)
    this.keyStarts = new Int32Array(size)
    this.keyEnds = new Int32Array(size)
    this.valueStarts = new Int32Array(size)
    this.valueEnds = new Int32Array(size)
    this.headersStarts = new Int32Array(size)
    this.headersEnds = new Int32Array(size)
  }
}

/** readVarint with the one- and two-byte cases, which are nearly all, in line. */
function shortVarint(cursor: ByteCursor): number {
  const { bytes, position, end } = cursor
  if (position + 1 < end) {
    const first = bytes[position] as number
    if (first < 0x80) {
      cursor.position = position + 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = bytes[position + 1] as number
    if (second < 0x80) {
      cursor.position = position + 2
      const zigzag = (first & 0x7f) | (second << 7)
      return (zigzag >>> 1) ^ -(zigzag & 1)
    }
  }
  return readVarint(cursor)
}

function checkedHeader(bytes: Uint8Array, position: number, verifyCrc: boolean): BatchHeader {
  if (position + BATCH_HEADER_BYTES > bytes.length)
    throw recordBatchInvalid(position, "is cut off in its header")
  const header = readBatchHeader(viewOf(bytes), position)
  if (header.magic !== MAGIC) throw recordBatchInvalid(position, `has magic ${header.magic}, only 2 is read`)
  if (header.sizeBytes < BATCH_HEADER_BYTES || position + header.sizeBytes > bytes.length) {
    throw recordBatchInvalid(position, `claims ${header.sizeBytes} bytes, which are not there`)
  }
  if (header.recordCount < 0 || header.lastOffset - header.baseOffset < header.recordCount - 1) {
    throw recordBatchInvalid(position, `claims ${header.recordCount} records in too few offsets`)
  }
  if (verifyCrc && batchCrc(bytes, position, header.sizeBytes) !== header.crc) {
    throw recordBatchInvalid(position, "does not match its checksum")
  }
  return header
}

function unpack(bytes: Uint8Array, position: number, end: number, codec: number): ByteCursor {
  if (codec !== CODEC_ZSTD)
    throw recordBatchInvalid(position, `has codec ${codec}; none (0) and zstd (4) are read`)
  const packed = bytes.subarray(position + BATCH_HEADER_BYTES, end)
  try {
    const unpacked = zstdDecompressSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES })
    return { bytes: unpacked, position: 0, end: unpacked.length }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw recordBatchInvalid(position, `cannot be unpacked (${reason})`)
  }
}
