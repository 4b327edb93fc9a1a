/** Bytes that grow at the end, with the little-endian numbers of Parquet's plain encoding. */

const FIRST_BYTES = 4096

export class ByteSink {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
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

  byte(value: number): void {
    this.#buffer[this.#reserve(1)] = value
  }

  int32(value: number): void {
    const at = this.#reserve(4)
    this.#buffer.writeInt32LE(value, at)
  }

  int64(value: bigint): void {
    const at = this.#reserve(8)
    this.#buffer.writeBigInt64LE(value, at)
  }

  double(value: number): void {
    const at = this.#reserve(8)
    this.#buffer.writeDoubleLE(value, at)
  }

  bigEndian(value: bigint, size: number): void {
    const at = this.#reserve(size)
    let rest = value
    for (let i = size - 1; i >= 0; i--) {
      this.#buffer[at + i] = Number(BigInt.asUintN(8, rest))
      rest >>= 8n
    }
  }

  lengthAndBytes(source: Uint8Array, start: number, end: number): void {
    const size = end - start
    const at = this.#reserve(4 + size)
    this.#buffer.writeUInt32LE(size, at)
    this.#buffer.set(source.subarray(start, end), at + 4)
  }

  #reserve(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2))
      grown.set(this.#buffer.subarray(0, at))
      this.#buffer = grown
    }
    return at
  }
}
