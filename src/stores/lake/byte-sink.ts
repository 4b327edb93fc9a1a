/**
 * Bytes that grow at the end, with Parquet's plain encoding: numbers little-endian, texts behind their
 * length. Whole columns at a time; typed arrays lie little-endian on every machine that Node runs on.
 */
import type { VectorValues } from "../../columns/vector.ts"

const FIRST_BYTES = 4096
const LENGTH_BYTES = 4
/** Up to this a loop over words beats the call of TypedArray.set. */
const LOOP_COPY_BYTES = 1024

/** Slices of `data`; `rows` says which, in order: null for the first `count`. */
export interface SliceRows {
  readonly data: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly rows: Int32Array | null
  readonly count: number
}

export class ByteSink {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #view = viewOf(this.#buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** A view that is valid until something is added. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  /** The first `count` values as they lie in memory. */
  values(values: VectorValues, count: number): void {
    const { buffer, byteOffset, BYTES_PER_ELEMENT } = values
    const size = count * BYTES_PER_ELEMENT
    const at = this.#reserve(size)
    this.#buffer.set(new Uint8Array(buffer, byteOffset, size), at)
  }

  /** Big-endian two's complement of `size` bytes. */
  bigEndian(value: bigint, size: number): void {
    const at = this.#reserve(size)
    let rest = value
    for (let i = size - 1; i >= 0; i--) {
      this.#buffer[at + i] = Number(BigInt.asUintN(8, rest))
      rest >>= 8n
    }
  }

  lengthAndBytes(source: Uint8Array): void {
    const at = this.#reserve(LENGTH_BYTES + source.length)
    this.#view.setUint32(at, source.length, true)
    this.#buffer.set(source, at + LENGTH_BYTES)
  }

  /** The same `count` times. */
  repeated(source: Uint8Array, count: number): void {
    if (count === 0) return
    const size = LENGTH_BYTES + source.length
    const start = this.#length
    this.lengthAndBytes(source)
    const end = start + size * count
    this.#reserve(end - this.#length)
    for (let done = size; start + done < end; done *= 2)
      this.#buffer.copyWithin(start + done, start, Math.min(start + done, end - done))
  }

  slices({ data, starts, ends, rows, count }: SliceRows): void {
    let size = count * LENGTH_BYTES
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i]!
      size += ends[row]! - starts[row]!
    }
    let to = this.#reserve(size)
    const [target, targetView, sourceView] = [this.#buffer, this.#view, viewOf(data)]
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i]!
      let from = starts[row]!
      const end = ends[row]!
      targetView.setUint32(to, end - from, true)
      to += LENGTH_BYTES
      if (end - from > LOOP_COPY_BYTES) {
        target.set(data.subarray(from, end), to)
        to += end - from
        continue
      }
      for (; from + 8 <= end; from += 8, to += 8)
        targetView.setBigUint64(to, sourceView.getBigUint64(from, true), true)
      for (; from < end; from++, to++) target[to] = data[from]!
    }
  }

  #reserve(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#length, this.#buffer.length * 2))
      grown.set(this.#buffer.subarray(0, at))
      this.#buffer = grown
      this.#view = viewOf(grown)
    }
    return at
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}
