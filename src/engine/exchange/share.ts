/**
 * Which keys of an operator are kept by one part of an engine. State is 1,024 shards by the top ten bits of
 * the key's hash, and a part has a range of them, so that what it keeps lies together in every key table:
 *
 *   shards   0 ........ 341 | 342 ........ 682 | 683 ........ 1,023
 *   parts          0                 1                  2
 *
 * Every part is handed all rows and leaves out those of others once their hash is known.
 */
import { assert } from "../../std/assert.ts"
import { finished, HASH_SEED, mixBytes } from "../code/hashing.ts"

export const SHARDS = 1_024
const SHARD_SHIFT = 22
/** Of a key as text. */
const FIRST_BYTES = 256
const encoder = new TextEncoder()

export class Share {
  /** Everything: of an engine of one part. */
  static readonly whole = new Share(0, 1, { from: 0, until: SHARDS })
  static readonly nothing = new Share(0, 1, { from: 0, until: 0 })
  /** Of which part of how many: numbers that a part gives are its index, modulo the count. */
  readonly index: number
  readonly count: number
  /** Shards [from, until). */
  readonly from: number
  readonly until: number
  #bytes = new Uint8Array(FIRST_BYTES)

  private constructor(
    index: number,
    count: number,
    { from, until }: { readonly from: number; readonly until: number },
  ) {
    this.index = index
    this.count = count
    this.from = from
    this.until = until
  }

  /** Of part `index` of `count`. */
  static of(index: number, count: number): Share {
    assert(count >= 1 && count <= SHARDS && index < count, "a part has at least one shard")
    if (count === 1) return Share.whole
    const begin = (part: number) => Math.ceil((SHARDS * part) / count)
    return new Share(index, count, { from: begin(index), until: begin(index + 1) })
  }

  get isWhole(): boolean {
    return this.from === 0 && this.until === SHARDS
  }

  get isEmpty(): boolean {
    return this.from === this.until
  }

  /** Keys that have no hash are in the first shard. */
  get hasFirst(): boolean {
    return this.from === 0 && this.until > 0
  }

  has(hash: number): boolean {
    const shard = hash >>> SHARD_SHIFT
    return shard >= this.from && shard < this.until
  }

  /** The least number from `least` on that this part gives and no other. */
  numberFrom(least: number): number {
    return least + ((((this.index - least) % this.count) + this.count) % this.count)
  }

  /** A key as bytes[start..end). */
  hasBytes(bytes: Uint8Array, start: number, end: number): boolean {
    return this.isWhole || this.has(finished(mixBytes(HASH_SEED, bytes, start, end)))
  }

  /** A key that is not in a table, with one text for equal ones. */
  hasKey(key: string | number): boolean {
    return this.isWhole || this.#hasText(String(key))
  }

  #hasText(key: string): boolean {
    if (this.#bytes.length < key.length * 3) this.#bytes = new Uint8Array(key.length * 6)
    const { written } = encoder.encodeInto(key, this.#bytes)
    return this.hasBytes(this.#bytes, 0, written)
  }

  /** Statement for generated code: `skip` where the int32 named `hash` is another part's. */
  skipOthers(hash: string, skip: string): string {
    if (this.isWhole) return ""
    const shard = `(${hash} >>> ${SHARD_SHIFT})`
    return `if (${shard} < ${this.from} || ${shard} >= ${this.until}) { ${skip} }`
  }
}
