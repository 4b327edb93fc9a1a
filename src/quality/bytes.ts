/** Small binary records: bytes, unsigned LEB128 numbers below 2^53, texts with their length before them. */
import { assert } from "../std/assert.ts"

const FIRST_BYTES = 256
const CONTINUES = 0x80

export class ByteWriter {
  #bytes = new Uint8Array(FIRST_BYTES)
  #length = 0

  byte(value: number): void {
    assert(value >= 0 && value <= 0xff, "a byte has eight bits")
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  number(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "a number is whole, not negative and below 2^53")
    let left = value
    while (left >= CONTINUES) {
      this.byte((left % CONTINUES) | CONTINUES)
      left = Math.floor(left / CONTINUES)
    }
    this.byte(left)
  }

  text(value: string): void {
    this.raw(Buffer.from(value))
  }

  /** Bytes with their length before them. */
  raw(value: Uint8Array): void {
    this.number(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #broken: (why: string) => Error
  #position = 0

  constructor(bytes: Uint8Array, broken: (why: string) => Error) {
    this.#bytes = bytes
    this.#broken = broken
  }

  get atEnd(): boolean {
    return this.#position === this.#bytes.length
  }

  byte(): number {
    const value = this.#bytes[this.#position++]
    if (value === undefined) throw this.#broken("its record is cut off")
    return value
  }

  number(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.byte()
      value += (byte % CONTINUES) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw this.#broken("a number in its record is too large")
      if (byte < CONTINUES) return value
      scale *= CONTINUES
    }
  }

  text(): string {
    return Buffer.from(this.raw()).toString("utf8")
  }

  raw(): Uint8Array {
    const length = this.number()
    const end = this.#position + length
    if (end > this.#bytes.length) throw this.#broken("its record is cut off")
    const bytes = this.#bytes.slice(this.#position, end)
    this.#position = end
    return bytes
  }
}
