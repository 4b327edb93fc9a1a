/**
 * The door's cache: where the ids are that the operator behind the log has ruled on lately, so that a copy is
 * answered with the first receipt and not appended. It has the newest so many ids and may forget older ones:
 * then a copy is appended, and the operator rules on it.
 *
 *   entries = a ring in the order of the rulings: hash:i32[4], partition, offset, time
 *   slots   = entry + 1 by the hash's first word, open addressing; what leaves the ring closes its gap
 */
import { HASH_WORDS } from "./id-hash.ts"

export interface Occurrence {
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
}

const FIRST_IDS = 256
/** Slots are never fuller than half. */
const SLOTS_PER_ID = 2
export const KNOWN_ID_BYTES = 4 * HASH_WORDS + 4 + 8 + 8 + 4 * SLOTS_PER_ID

export class KnownIds {
  readonly #mostIds: number
  #hashes: Int32Array
  #partitions: Int32Array
  #offsets: Float64Array
  /** When the id was last seen. */
  #times: Float64Array
  #slots: Int32Array
  #count = 0
  /** Where the next id goes; when the ring is full, the oldest one is there. */
  #next = 0

  /** @param mostIds a power of two. */
  constructor(mostIds: number) {
    this.#mostIds = mostIds
    const ids = Math.min(FIRST_IDS, mostIds)
    this.#hashes = new Int32Array(HASH_WORDS * ids)
    this.#partitions = new Int32Array(ids)
    this.#offsets = new Float64Array(ids)
    this.#times = new Float64Array(ids)
    this.#slots = new Int32Array(SLOTS_PER_ID * ids)
  }

  get sizeBytes(): number {
    return KNOWN_ID_BYTES * this.#times.length
  }

  /** Where the id of a row is, if it was last seen after `afterMs`. */
  find(hashes: Int32Array, row: number, afterMs: number): Occurrence | undefined {
    const entry = (this.#slots[this.#slotOf(hashes, HASH_WORDS * row)] as number) - 1
    if (entry < 0 || (this.#times[entry] as number) <= afterMs) return undefined
    return {
      partition: this.#partitions[entry] as number,
      offset: this.#offsets[entry] as number,
      appendTimeMs: this.#times[entry] as number,
    }
  }

  /** A row was ruled on. A duplicate leaves the place of the first one, if that is known. */
  put(
    hashes: Int32Array,
    row: number,
    isFresh: boolean,
    { partition, offset, appendTimeMs }: Occurrence,
  ): void {
    const at = HASH_WORDS * row
    const known = (this.#slots[this.#slotOf(hashes, at)] as number) - 1
    if (known >= 0 && !isFresh) {
      this.#times[known] = Math.max(this.#times[known] as number, appendTimeMs)
      return
    }
    const entry = known < 0 ? this.#takeEntry(hashes, at) : known
    this.#partitions[entry] = partition
    this.#offsets[entry] = offset
    this.#times[entry] = appendTimeMs
  }

  #takeEntry(hashes: Int32Array, at: number): number {
    if (this.#count === this.#times.length) {
      if (this.#count < this.#mostIds) this.#grow()
      else this.#forget(this.#next)
    }
    const entry = this.#next
    this.#next = (entry + 1) & (this.#times.length - 1)
    this.#count++
    for (let word = 0; word < HASH_WORDS; word++) {
      this.#hashes[HASH_WORDS * entry + word] = hashes[at + word] as number
    }
    this.#slots[this.#slotOf(hashes, at)] = entry + 1
    return entry
  }

  /** The slot of the id, or the empty one where it would be. */
  #slotOf(hashes: Int32Array, at: number): number {
    const slots = this.#slots
    const own = this.#hashes
    const mask = slots.length - 1
    let slot = (hashes[at] as number) & mask
    for (let found = slots[slot] as number; found !== 0; found = slots[slot] as number) {
      const from = HASH_WORDS * (found - 1)
      if (
        own[from] === hashes[at] &&
        own[from + 1] === hashes[at + 1] &&
        own[from + 2] === hashes[at + 2] &&
        own[from + 3] === hashes[at + 3]
      ) {
        return slot
      }
      slot = (slot + 1) & mask
    }
    return slot
  }

  #forget(entry: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let gap = this.#slotOf(this.#hashes, HASH_WORDS * entry)
    for (let next = (gap + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = (this.#hashes[HASH_WORDS * ((slots[next] as number) - 1)] as number) & mask
      if (((next - home) & mask) < ((next - gap) & mask)) continue
      slots[gap] = slots[next] as number
      gap = next
    }
    slots[gap] = 0
    this.#count--
  }

  /** The ring has not gone round before it is as large as it may be, so that entries stay where they are. */
  #grow(): void {
    const ids = 2 * this.#times.length
    this.#hashes = longer(this.#hashes, new Int32Array(HASH_WORDS * ids))
    this.#partitions = longer(this.#partitions, new Int32Array(ids))
    this.#offsets = longer(this.#offsets, new Float64Array(ids))
    this.#times = longer(this.#times, new Float64Array(ids))
    this.#slots = new Int32Array(SLOTS_PER_ID * ids)
    this.#next = this.#count
    for (let entry = 0; entry < this.#count; entry++) {
      this.#slots[this.#slotOf(this.#hashes, HASH_WORDS * entry)] = entry + 1
    }
  }
}

function longer<Values extends Int32Array | Float64Array>(from: Values, to: Values): Values {
  to.set(from)
  return to
}
