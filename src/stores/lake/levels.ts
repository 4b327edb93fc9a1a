/** Parquet's levels of nulls and repetitions, 0 or 1 each, in its hybrid of run-length and bit-packing. */

const FIRST_LEVELS = 1024
const NO_BYTES = new Uint8Array(0)

export class Levels {
  #levels = new Uint8Array(FIRST_LEVELS)
  #count = 0
  #ones = 0

  get count(): number {
    return this.#count
  }

  get ones(): number {
    return this.#ones
  }

  get zeros(): number {
    return this.#count - this.#ones
  }

  /** The same level for `count` more. */
  add(level: 0 | 1, count: number): void {
    const at = this.#reserve(count)
    this.#levels.fill(level, at, this.#count)
    this.#ones += level * count
  }

  /** A level for each of `levels`. */
  addAll(levels: Uint8Array): void {
    const at = this.#reserve(levels.length)
    this.#levels.set(levels, at)
    for (const level of levels) this.#ones += level
  }

  clear(): void {
    this.#count = 0
    this.#ones = 0
  }

  /** With the length in front, as in version 1 of a data page. */
  encode(): Uint8Array {
    const isUniform = this.#ones === 0 || this.#ones === this.#count
    const header = isUniform ? varint(this.#count << 1) : varint((Math.ceil(this.#count / 8) << 1) | 1)
    const body = isUniform ? Uint8Array.of(this.#ones === 0 ? 0 : 1) : this.#bitPacked()
    const bytes = Buffer.alloc(4 + header.length + body.length)
    bytes.writeUInt32LE(header.length + body.length)
    bytes.set(header, 4)
    bytes.set(body, 4 + header.length)
    return bytes
  }

  /** One run of groups of eight bits. */
  #bitPacked(): Uint8Array {
    return packBits(this.#levels.subarray(0, this.#count))
  }

  #reserve(count: number): number {
    const at = this.#count
    this.#count += count
    if (this.#count > this.#levels.length) {
      const grown = new Uint8Array(Math.max(this.#count, this.#levels.length * 2))
      grown.set(this.#levels.subarray(0, at))
      this.#levels = grown
    }
    return at
  }
}

/** One bit each, the first lowest. */
export function packBits(values: Uint8Array): Uint8Array {
  if (values.length === 0) return NO_BYTES
  const bits = new Uint8Array(Math.ceil(values.length / 8))
  for (let i = 0; i < values.length; i++) bits[i >> 3]! |= values[i]! << (i & 7)
  return bits
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return bytes
}
