/**
 * An append request as a frame in the ring to the log thread. The value bytes of rows that lie beside each
 * other (a body of lines) are copied in one piece, which is the only copy that the sending thread makes.
 *
 *   topicLength, keyed, count, headersLength, keysLength, valuesLength INT32
 *   partition, fence (-1: none), ticket FLOAT64, so that nonsense stays nonsense and is refused
 *   valueStarts, valueEnds [, keyStarts, keyEnds] INT32 x count; topic, headers, keys, values
 */
import { assert } from "../../std/assert.ts"
import { type RecordSet, recordCount } from "../../wire/kafka/record-set.ts"

export interface FramedAppend {
  readonly ticket: number
  readonly topic: string
  readonly partition: number
  readonly fence: number | null
  readonly records: RecordSet
}

const NUMBERS_AT = 24
const HEADER_BYTES = 48
/** Bytes between two rows that are copied along rather than beginning another piece. */
const GAP_BYTES = 16

/** How much a request takes in the ring, and where its parts go. */
export interface FrameLayout {
  readonly sizeBytes: number
  readonly topic: Uint8Array
  readonly count: number
  readonly values: ColumnLayout
  readonly keys: ColumnLayout | null
}

interface ColumnLayout {
  readonly bytes: Uint8Array
  /** Pieces of `bytes`: start, end, start, end, … */
  readonly pieces: readonly number[]
  readonly length: number
  /** By row of the request: slices of the pieces put together. */
  readonly starts: Int32Array
  readonly ends: Int32Array
}

export function layoutAppend(topic: Uint8Array, records: RecordSet): FrameLayout {
  const count = recordCount(records)
  const { keyBytes, keyStarts, keyEnds, rows } = records
  const values = layoutColumn(records.bytes, records.valueStarts, records.valueEnds, rows, count)
  const hasKeys = keyBytes !== null && keyStarts !== null && keyEnds !== null
  const keys = hasKeys ? layoutColumn(keyBytes, keyStarts, keyEnds, rows, count) : null
  const arrays = count * (keys === null ? 8 : 16)
  const body = topic.length + records.headers.length + (keys?.length ?? 0) + values.length
  return { sizeBytes: HEADER_BYTES + arrays + body, topic, count, values, keys }
}

function layoutColumn(
  bytes: Uint8Array,
  starts: Int32Array,
  ends: Int32Array,
  rows: Int32Array | null,
  count: number,
): ColumnLayout {
  const pieces: number[] = []
  const ownStarts = new Int32Array(count)
  const ownEnds = new Int32Array(count)
  let length = 0
  let pieceStart = 0
  let pieceEnd = -1
  for (let index = 0; index < count; index++) {
    const row = rows === null ? index : (rows[index] as number)
    const start = starts[row] as number
    const end = ends[row] as number
    if (end < 0) {
      ownEnds[index] = -1
      continue
    }
    assert(start >= 0 && start <= end && end <= bytes.length, "a slice lies within its buffer")
    const continues = pieceEnd >= 0 && start >= pieceEnd && start - pieceEnd <= GAP_BYTES
    if (!continues) {
      if (pieceEnd >= 0) pieces.push(pieceStart, pieceEnd)
      length += Math.max(0, pieceEnd - pieceStart)
      pieceStart = start
    }
    pieceEnd = end
    ownStarts[index] = length + start - pieceStart
    ownEnds[index] = length + end - pieceStart
  }
  if (pieceEnd >= 0) pieces.push(pieceStart, pieceEnd)
  length += Math.max(0, pieceEnd - pieceStart)
  return { bytes, pieces, length, starts: ownStarts, ends: ownEnds }
}

export interface AppendTarget {
  readonly ticket: number
  readonly partition: number
  readonly fence: number | null
}

/** Writes the frame at `start` of `memory`, which has room for `layout.sizeBytes` and is aligned to 8. */
export function writeAppend(
  memory: Uint8Array,
  start: number,
  layout: FrameLayout,
  records: RecordSet,
  target: AppendTarget,
): void {
  const { count, values, keys, topic } = layout
  const at = memory.byteOffset + start
  const words = new Int32Array(memory.buffer, at, NUMBERS_AT / 4)
  words[0] = topic.length
  words[1] = keys === null ? 0 : 1
  words[2] = count
  words[3] = records.headers.length
  words[4] = keys?.length ?? 0
  words[5] = values.length
  const numbers = new Float64Array(memory.buffer, at + NUMBERS_AT, 3)
  numbers[0] = target.partition
  numbers[1] = target.fence ?? -1
  numbers[2] = target.ticket
  const columns = keys === null ? [values] : [values, keys]
  const arrays = new Int32Array(memory.buffer, at + HEADER_BYTES, count * 2 * columns.length)
  for (const [index, column] of columns.entries()) {
    arrays.set(column.starts, index * 2 * count)
    arrays.set(column.ends, (index * 2 + 1) * count)
  }
  let end = start + HEADER_BYTES + arrays.byteLength
  memory.set(topic, end)
  end += topic.length
  memory.set(records.headers, end)
  end += records.headers.length
  if (keys !== null) end = copyPieces(keys, memory, end)
  copyPieces(values, memory, end)
}

function copyPieces({ bytes, pieces }: ColumnLayout, memory: Uint8Array, at: number): number {
  let end = at
  for (let i = 0; i < pieces.length; i += 2) {
    const piece = bytes.subarray(pieces[i], pieces[i + 1])
    memory.set(piece, end)
    end += piece.length
  }
  return end
}

/** The request in the frame at `start`; its records are views of the ring, valid until its release. */
export function readAppend(memory: Uint8Array, start: number): FramedAppend {
  const at = memory.byteOffset + start
  const words = new Int32Array(memory.buffer, at, NUMBERS_AT / 4)
  const [topicLength = 0, keyed = 0, count = 0, headers = 0, keys = 0, values = 0] = words
  const [partition = 0, fence = -1, ticket = 0] = new Float64Array(memory.buffer, at + NUMBERS_AT, 3)
  const column = (index: number) =>
    new Int32Array(memory.buffer, at + HEADER_BYTES + index * 4 * count, count)
  let end = start + HEADER_BYTES + count * (keyed === 1 ? 16 : 8)
  const next = (length: number) => {
    end += length
    return memory.subarray(end - length, end)
  }
  const topic = Buffer.from(next(topicLength)).toString()
  const records: RecordSet = {
    count,
    headers: next(headers),
    keyBytes: keyed === 1 ? next(keys) : null,
    bytes: next(values),
    valueStarts: column(0),
    valueEnds: column(1),
    keyStarts: keyed === 1 ? column(2) : null,
    keyEnds: keyed === 1 ? column(3) : null,
    rows: null,
  }
  return { ticket, topic, partition, fence: fence < 0 ? null : fence, records }
}
