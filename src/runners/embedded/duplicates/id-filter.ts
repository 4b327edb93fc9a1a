/**
 * Which run of a segment may have an id: a filter without false negatives, one cache line a lookup.
 *
 *   bucket = 16 fingerprints of 16 bits (0: empty), half a cache line, and elsewhere 16 tags of 8 bits
 *   tag    = run:6, two more bits of fingerprint
 * A fresh id finds one that looks like it with a probability of 15 / 2^18 = 1 in 17,000. Buckets are in the
 * order of the hash's first word, so that a sorted run is put in one sequential pass. A full bucket's ids go
 * on in the next one. A bucket of a whole cache line takes twice the time to look through, and more than a
 * miss costs; one of 8 slots saves no more, since more of them run over.
 */
import { assert } from "../../../std/assert.ts"
import { HASH_WORDS } from "./id-hash.ts"
import { SLOT_WORDS } from "./recent-ids.ts"

export const BUCKET_SLOTS = 16
/**
 * Large buffers begin 16 bytes behind a page, after the C library's header: so no bucket lies on two lines.
 */
const ALIGN_BYTES = 48
const BUCKET_WORDS = BUCKET_SLOTS / 2
export const RUNS_PER_FILTER = 64
/** Share of slots in use at most; at 0.8 one bucket in five runs over into the next. */
const MAX_LOAD = 0.8

export const FILTER_BYTES_PER_ID = 3 / MAX_LOAD

export class IdFilter {
  readonly buckets: number
  readonly fingerprints: Uint16Array<ArrayBuffer>
  readonly tags: Uint8Array<ArrayBuffer>
  readonly #words: Int32Array
  warmed = 0

  /** @param capacity ids that may be put. */
  constructor(capacity: number) {
    this.buckets = bucketsFor(capacity)
    const bytes = 2 * BUCKET_SLOTS * this.buckets
    this.fingerprints = new Uint16Array(new ArrayBuffer(bytes + ALIGN_BYTES), ALIGN_BYTES, bytes / 2)
    this.tags = new Uint8Array(BUCKET_SLOTS * this.buckets)
    this.#words = new Int32Array(this.fingerprints.buffer, ALIGN_BYTES, bytes / 4)
  }

  get sizeBytes(): number {
    return 3 * BUCKET_SLOTS * this.buckets
  }

  /**
   * Takes in a run's slots: words [from, to) of `slots`, a few hundred slots at a time, so that what the
   * first pass brings into the processor's caches the second one finds there.
   */
  put(slots: Int32Array, from: number, to: number, run: number): void {
    const { buckets, tags } = this
    const words = this.#words
    let sum = 0
    for (let at = from; at < to; at += SLOT_WORDS) {
      const bucket = bucketOf(slots[at] as number, buckets)
      sum ^= (words[BUCKET_WORDS * bucket] as number) ^ (tags[BUCKET_SLOTS * bucket] as number)
    }
    this.warmed = sum
    for (let at = from; at < to; at += SLOT_WORDS) {
      this.#putOne(slots[at] as number, slots[at + 1] as number, run)
    }
  }

  #putOne(h0: number, h1: number, run: number): void {
    const words = this.#words
    for (let bucket = bucketOf(h0, this.buckets); ; bucket = bucket + 1 < this.buckets ? bucket + 1 : 0) {
      const begin = BUCKET_WORDS * bucket
      for (let word = begin; word < begin + BUCKET_WORDS; word++) {
        const two = words[word] as number
        if (two >>> 16 !== 0) continue
        const slot = 2 * word + ((two & 0xffff) === 0 ? 0 : 1)
        this.fingerprints[slot] = fingerprintOf(h1)
        this.tags[slot] = tagOf(h1, run)
        return
      }
    }
  }

  /** Writes (row, run) pairs for those of `rows` that a run may have; returns how many pairs. */
  probe(hashes: Int32Array, rows: Int32Array, count: number, pairs: PairList): number {
    const { buckets } = this
    pairs.length = 0
    this.#warm(hashes, rows, count)
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const h0 = hashes[HASH_WORDS * row] as number
      const fingerprint = fingerprintOf(hashes[HASH_WORDS * row + 1] as number)
      const both = fingerprint | (fingerprint << 16)
      if (this.#mayHave(bucketOf(h0, buckets), both)) {
        this.#look(h0, hashes[HASH_WORDS * row + 1] as number, row, pairs)
      }
    }
    return pairs.length
  }

  /** Two slots at a time; `both` is the fingerprint in both halves. */
  #mayHave(home: number, both: number): boolean {
    const words = this.#words
    let bucket = home
    for (let turns = 0; turns < this.buckets; turns++) {
      const begin = BUCKET_WORDS * bucket
      let found = 0
      for (let word = begin; word < begin + BUCKET_WORDS; word++) {
        // The highest bit of each half that is zero: Hacker's Delight, "Find a 0-byte".
        const difference = (words[word] as number) ^ both
        found |= (difference - 0x00010001) & ~difference & 0x80008000
      }
      if (found !== 0) return true
      if ((words[begin + BUCKET_WORDS - 1] as number) >>> 16 === 0) return false
      bucket = bucket + 1 < this.buckets ? bucket + 1 : 0
    }
    return false
  }

  /** As RecentIds.warm. */
  #warm(hashes: Int32Array, rows: Int32Array, count: number): void {
    let sum = 0
    for (let i = 0; i < count; i++) {
      const bucket = bucketOf(hashes[HASH_WORDS * (rows[i] as number)] as number, this.buckets)
      sum ^= this.#words[BUCKET_WORDS * bucket] as number
    }
    this.warmed = sum
  }

  #look(h0: number, h1: number, row: number, pairs: PairList): void {
    let bucket = bucketOf(h0, this.buckets)
    for (let turns = 0; turns < this.buckets; turns++) {
      const begin = BUCKET_SLOTS * bucket
      if (!lookInBucket(this.fingerprints, this.tags, begin, h1, row, pairs)) return
      bucket = bucket + 1 < this.buckets ? bucket + 1 : 0
    }
  }
}

/** Candidates, flat: row, run, row, run, … */
export type PairList = number[]

/**
 * Collects the runs of one bucket that may have the id; true when the bucket is full, so that the next
 * counts.
 */
export function lookInBucket(
  fingerprints: Uint16Array,
  tags: Uint8Array,
  begin: number,
  h1: number,
  row: number,
  pairs: PairList,
): boolean {
  const fingerprint = fingerprintOf(h1)
  for (let slot = begin; slot < begin + BUCKET_SLOTS; slot++) {
    const found = fingerprints[slot] as number
    if (found === 0) return false
    const tag = tags[slot] as number
    if (found === fingerprint && tag >>> 6 === ((h1 >>> 16) & 3)) pairs.push(row, tag & (RUNS_PER_FILTER - 1))
  }
  return true
}

export function bucketsFor(capacity: number): number {
  assert(capacity > 0, "a filter has room")
  return Math.ceil(capacity / MAX_LOAD / BUCKET_SLOTS)
}

/** Grows with the hash's first word. */
export function bucketOf(h0: number, buckets: number): number {
  return Math.floor((h0 >>> 0) * (buckets / 2 ** 32))
}

function fingerprintOf(h1: number): number {
  const fingerprint = h1 & 0xffff
  return fingerprint === 0 ? 1 : fingerprint
}

function tagOf(h1: number, run: number): number {
  return (((h1 >>> 16) & 3) << 6) | run
}
