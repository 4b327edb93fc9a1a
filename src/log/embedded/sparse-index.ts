/**
 * Where batches are in a segment, one entry per `intervalBytes`: by offset and by append time. Entry i says
 * that a batch with base offset `offsets[i]`, appended at `timesMs[i]`, begins at `positions[i]`; all three
 * never fall.
 *
 * On disk, beside the segment, as Kafka lays them out, each followed by the segment's size and a CRC-32C, so
 * that an index that is missing, torn or of an earlier state of the segment is noticed and rebuilt:
 *   .index      [ offset - base UINT32, position UINT32 ]
 *   .timeindex  [ appendTimeMs INT64, offset - base UINT32 ]
 */
import { crc32c } from "@node-rs/crc32"
import type { Disk } from "../../std/disk.ts"

const TRAILER_BYTES = 12

/** Where a batch begins, and its base offset. */
export interface IndexedBatch {
  readonly offset: number
  readonly position: number
}

export class SparseIndex {
  readonly #offsets: number[] = []
  readonly #positions: number[] = []
  readonly #timesMs: number[] = []
  readonly #intervalBytes: number

  constructor(intervalBytes: number) {
    this.#intervalBytes = intervalBytes
  }

  /** Tells of a batch behind all that were told of before. */
  add(offset: number, position: number, appendTimeMs: number): void {
    const last = this.#positions.at(-1)
    if (last !== undefined && position - last < this.#intervalBytes) return
    this.#offsets.push(offset)
    this.#positions.push(position)
    this.#timesMs.push(appendTimeMs)
  }

  /** A batch at or before the one that holds `offset`; null means the first. */
  atOffset(offset: number): IndexedBatch | null {
    return this.#entry(lastBelow(this.#offsets, offset + 1))
  }

  /** A batch at or before the first one appended at or after `timeMs`; null means the first. */
  atTime(timeMs: number): IndexedBatch | null {
    return this.#entry(lastBelow(this.#timesMs, timeMs))
  }

  get last(): IndexedBatch | null {
    return this.#entry(this.#positions.length - 1)
  }

  #entry(index: number): IndexedBatch | null {
    const [offset, position] = [this.#offsets[index], this.#positions[index]]
    return offset === undefined || position === undefined ? null : { offset, position }
  }

  /** Writes both files. Not synced: what a crash damages is rebuilt. */
  save(disk: Disk, path: string, segment: { readonly base: number; readonly sizeBytes: number }): void {
    const count = this.#offsets.length
    const offsets = new DataView(new ArrayBuffer(count * 8 + TRAILER_BYTES))
    const times = new DataView(new ArrayBuffer(count * 12 + TRAILER_BYTES))
    for (let i = 0; i < count; i++) {
      const delta = (this.#offsets[i] as number) - segment.base
      offsets.setUint32(i * 8, delta)
      offsets.setUint32(i * 8 + 4, this.#positions[i] as number)
      times.setBigInt64(i * 12, BigInt(this.#timesMs[i] as number))
      times.setUint32(i * 12 + 8, delta)
    }
    writeSealed(disk, `${path}.index`, offsets, segment.sizeBytes)
    writeSealed(disk, `${path}.timeindex`, times, segment.sizeBytes)
  }

  /** The saved index of a segment of exactly this size, or null when there is none that is sound. */
  static load(
    disk: Disk,
    path: string,
    segment: { readonly base: number; readonly sizeBytes: number; readonly intervalBytes: number },
  ): SparseIndex | null {
    const offsets = readSealed(disk, `${path}.index`, segment.sizeBytes)
    const times = readSealed(disk, `${path}.timeindex`, segment.sizeBytes)
    if (offsets === null || times === null) return null
    const count = (offsets.byteLength - TRAILER_BYTES) / 8
    if ((times.byteLength - TRAILER_BYTES) / 12 !== count) return null
    const index = new SparseIndex(segment.intervalBytes)
    for (let i = 0; i < count; i++) {
      index.#offsets.push(offsets.getUint32(i * 8) + segment.base)
      index.#positions.push(offsets.getUint32(i * 8 + 4))
      index.#timesMs.push(Number(times.getBigInt64(i * 12)))
    }
    return index
  }
}

function writeSealed(disk: Disk, path: string, view: DataView, segmentBytes: number): void {
  const body = view.byteLength - TRAILER_BYTES
  view.setFloat64(body, segmentBytes)
  const bytes = new Uint8Array(view.buffer)
  view.setUint32(body + 8, crc32c(bytes.subarray(0, body + 8)))
  const file = disk.open(path, { create: true })
  try {
    file.truncate(bytes.length)
    file.write(bytes, 0)
  } finally {
    file.close()
  }
}

function readSealed(disk: Disk, path: string, segmentBytes: number): DataView | null {
  if (!disk.exists(path)) return null
  const file = disk.open(path, { readOnly: true })
  const bytes = new Uint8Array(file.sizeBytes())
  try {
    file.read(bytes, 0)
  } finally {
    file.close()
  }
  const view = new DataView(bytes.buffer)
  const body = bytes.length - TRAILER_BYTES
  if (body < 0 || view.getFloat64(body) !== segmentBytes) return null
  return view.getUint32(body + 8) === crc32c(bytes.subarray(0, body + 8)) ? view : null
}

/** Index of the last element below `bound` in an ascending list; -1 when there is none. */
function lastBelow(ascending: readonly number[], bound: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] as number) < bound) low = middle + 1
    else high = middle
  }
  return low - 1
}
