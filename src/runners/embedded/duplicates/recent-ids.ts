/**
 * The newest ids: hash => append time, open addressing in one typed array. Slots are in the order of the
 * hash's first word, so that reading the table from front to back gives a sorted run, and growing it is one
 * sequential pass.
 *
 *   slot   = hash:i32[4] time:i32     time 0: empty; else ms since baseMs, plus 1, as u32
 *   home   = the highest bits of hash[0]; occupied slots follow without a gap up to an id's own
 */
import { HASH_WORDS } from "./id-hash.ts"

export const SLOT_WORDS = HASH_WORDS + 1
export const NEVER = Number.NEGATIVE_INFINITY
/** `touch` found no place: the table must be replaced by an empty one. */
export const NO_PLACE = Number.POSITIVE_INFINITY

/** Fuller tables probe too long: about 4 slots for a new id at this load. */
const MAX_LOAD = 0.625
/** Beyond it ids were made to collide, or the table is too full by chance; slots behind the last home. */
const MAX_PROBES = 512
const FIRST_BITS = 6
/** A cache line: an id is mostly found on its home's or on the next one. */
const LINE_WORDS = 16
/** Append times lie this far around the first one: 24 days. */
const HALF_RANGE_MS = 2 ** 31 - 2

export class RecentIds {
  words: Int32Array<ArrayBuffer>
  count = 0
  minMs = Number.POSITIVE_INFINITY
  maxMs = NEVER
  /** Nobody reads it; without it the loads of `warm` could be left out. */
  warmed = 0
  /** Of the first id that was put. */
  baseMs = 0
  #bits: number
  readonly #maxBits: number

  /** @param bits slots to begin with, as a power of two. */
  constructor(bits: number, maxBits: number) {
    this.#maxBits = maxBits
    this.#bits = Math.min(Math.max(bits, FIRST_BITS), maxBits)
    this.words = wordsFor(this.#bits)
  }

  get bits(): number {
    return this.#bits
  }

  get slots(): number {
    return this.words.length / SLOT_WORDS
  }

  /** Makes room for `more` ids of this time; false when only an empty table has it. */
  makeRoom(more: number, timeMs: number): boolean {
    if (this.count === 0) this.baseMs = timeMs - HALF_RANGE_MS
    else if (Math.abs(timeMs - this.baseMs - HALF_RANGE_MS) > HALF_RANGE_MS) return false
    while (this.count + more > MAX_LOAD * 2 ** this.#bits) {
      // A single batch that is too large for an empty table has its way.
      if (this.#bits >= this.#maxBits && this.count > 0) return false
      if (!this.#grow()) return false
    }
    return true
  }

  /**
   * Brings the homes of rows [from, to) into the processor's caches. Loads that do not wait for each other
   * overlap, which probing one id after the other does not achieve.
   */
  warm(hashes: Int32Array, from: number, to: number): void {
    const { words } = this
    const shift = 32 - this.#bits
    let sum = 0
    for (let at = HASH_WORDS * from; at < HASH_WORDS * to; at += HASH_WORDS) {
      const home = SLOT_WORDS * ((hashes[at] as number) >>> shift)
      sum ^= (words[home] as number) ^ (words[home + LINE_WORDS] as number)
    }
    this.warmed = sum
  }

  /** Remembers an occurrence, and tells the latest one before it: NEVER, or NO_PLACE and nothing is done. */
  touch(hashes: Int32Array, row: number, timeMs: number): number {
    const at = HASH_WORDS * row
    const slot = this.#slotOf(hashes, at)
    if (slot < 0) return NO_PLACE
    const { words } = this
    const known = words[slot + 4] as number
    const before = known === 0 ? NEVER : this.baseMs + (known >>> 0) - 1
    if (timeMs > before) {
      words[slot + 4] = timeMs - this.baseMs + 1
      if (timeMs > this.maxMs) this.maxMs = timeMs
    }
    if (known === 0) {
      words[slot] = hashes[at] as number
      words[slot + 1] = hashes[at + 1] as number
      words[slot + 2] = hashes[at + 2] as number
      words[slot + 3] = hashes[at + 3] as number
      this.count++
      if (timeMs < this.minMs) this.minMs = timeMs
    }
    return before
  }

  /** The latest occurrence, or NEVER. */
  find(hashes: Int32Array, row: number): number {
    const slot = this.#slotOf(hashes, HASH_WORDS * row)
    const known = slot < 0 ? 0 : (this.words[slot + 4] as number)
    return known === 0 ? NEVER : this.baseMs + (known >>> 0) - 1
  }

  /** Word of the slot that has the hash, or of the empty one where it would be; -1 when that is too far. */
  #slotOf(hashes: Int32Array, at: number): number {
    const { words } = this
    const h0 = hashes[at] as number
    let slot = SLOT_WORDS * (h0 >>> (32 - this.#bits))
    for (const end = slot + SLOT_WORDS * MAX_PROBES; slot < end; slot += SLOT_WORDS) {
      if (words[slot + 4] === 0) return slot
      if (
        words[slot] === h0 &&
        words[slot + 1] === hashes[at + 1] &&
        words[slot + 2] === hashes[at + 2] &&
        words[slot + 3] === hashes[at + 3]
      ) {
        return slot
      }
    }
    return -1
  }

  /** False when an id finds no place although there is twice the room: the hashes were made to collide. */
  #grow(): boolean {
    const bits = this.#bits + 1
    const wider = wordsFor(bits)
    const { words } = this
    for (let from = 0; from < words.length; from += SLOT_WORDS) {
      if (words[from + 4] === 0) continue
      let to = SLOT_WORDS * ((words[from] as number) >>> (32 - bits))
      for (let probes = 0; wider[to + 4] !== 0; to += SLOT_WORDS) if (++probes >= MAX_PROBES) return false
      for (let word = 0; word < SLOT_WORDS; word++) wider[to + word] = words[from + word] as number
    }
    this.words = wider
    this.#bits = bits
    return true
  }

  get sizeBytes(): number {
    return this.words.byteLength
  }
}

function wordsFor(bits: number): Int32Array<ArrayBuffer> {
  return new Int32Array(SLOT_WORDS * (2 ** bits + MAX_PROBES))
}
