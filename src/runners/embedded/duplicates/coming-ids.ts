/**
 * Ids that are on their way through the log, so that a second copy waits for the first one's place: open
 * addressing over the hash; what is removed closes its gap.
 *
 *   slot = hash:i32[4] append:i32 rank:i32     append 0: empty
 */
import { HASH_WORDS } from "./id-hash.ts"

const SLOT_WORDS = HASH_WORDS + 2
const FIRST_SLOTS = 64

export class ComingIds {
  #words = new Int32Array(SLOT_WORDS * FIRST_SLOTS)
  #count = 0

  get size(): number {
    return this.#count
  }

  get sizeBytes(): number {
    return this.#words.byteLength
  }

  /** Number of the append that brings the id (from 1 on), 0 when none does. */
  appendOf(hashes: Int32Array, row: number): number {
    return this.#words[this.#slotOf(hashes, HASH_WORDS * row) + 4] as number
  }

  /** Place of the id among the rows of its append. */
  rankOf(hashes: Int32Array, row: number): number {
    return this.#words[this.#slotOf(hashes, HASH_WORDS * row) + 5] as number
  }

  put(hashes: Int32Array, row: number, append: number, rank: number): void {
    if (2 * (this.#count + 1) * SLOT_WORDS > this.#words.length) this.#grow()
    const at = HASH_WORDS * row
    const slot = this.#slotOf(hashes, at)
    if (this.#words[slot + 4] === 0) this.#count++
    for (let word = 0; word < HASH_WORDS; word++) this.#words[slot + word] = hashes[at + word] as number
    this.#words[slot + 4] = append
    this.#words[slot + 5] = rank
  }

  remove(hashes: Int32Array, row: number): void {
    const slot = this.#slotOf(hashes, HASH_WORDS * row)
    if (this.#words[slot + 4] !== 0) this.#closeGap(slot)
  }

  /** Removes all that one append was to bring. */
  removeAppend(append: number): void {
    for (let slot = 0; slot < this.#words.length; ) {
      // Closing a gap may bring the next one here.
      if (this.#words[slot + 4] === append) this.#closeGap(slot)
      else slot += SLOT_WORDS
    }
  }

  /** Word of the id's slot, or of the empty one where it would be. */
  #slotOf(hashes: Int32Array, at: number): number {
    const words = this.#words
    let slot = this.#homeOf(hashes[at] as number)
    while (words[slot + 4] !== 0) {
      if (
        words[slot] === hashes[at] &&
        words[slot + 1] === hashes[at + 1] &&
        words[slot + 2] === hashes[at + 2] &&
        words[slot + 3] === hashes[at + 3]
      ) {
        return slot
      }
      slot = this.#next(slot)
    }
    return slot
  }

  #homeOf(h0: number): number {
    return SLOT_WORDS * (h0 & (this.#words.length / SLOT_WORDS - 1))
  }

  #next(slot: number): number {
    return slot + SLOT_WORDS === this.#words.length ? 0 : slot + SLOT_WORDS
  }

  /** Moves up what had to step over the slot. */
  #closeGap(slot: number): void {
    const words = this.#words
    const { length } = words
    let gap = slot
    for (let next = this.#next(gap); words[next + 4] !== 0; next = this.#next(next)) {
      const home = this.#homeOf(words[next] as number)
      if ((next - home + length) % length < (next - gap + length) % length) continue
      words.copyWithin(gap, next, next + SLOT_WORDS)
      gap = next
    }
    words[gap + 4] = 0
    this.#count--
  }

  #grow(): void {
    const old = this.#words
    this.#words = new Int32Array(2 * old.length)
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from + 4] === 0) continue
      let slot = this.#homeOf(old[from] as number)
      while (this.#words[slot + 4] !== 0) slot = this.#next(slot)
      this.#words.set(old.subarray(from, from + SLOT_WORDS), slot)
    }
  }
}
