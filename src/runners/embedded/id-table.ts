/**
 * Ids as bytes, each with three numbers, in the order of their latest `put`; exact, since bytes are
 * compared. Kept in typed arrays outside of the collector's sight: a Map of as many strings would be marked
 * at every full collection, and ends at 2^24 of them.
 *
 *   shards: entry + 1 by hash, open addressing; each grows alone, so that no put waits for the whole table
 *   chunks: CHUNK_ENTRIES entries each, oldest first
 *   entry: counts up; a put of a known id leaves a dead entry behind, and rebuild drops the dead
 */
import { assert } from "../../std/assert.ts"

const CHUNK_ENTRIES = 4_096
const CHUNK_SHIFT = 12
/** At 20 million ids a shard has 20,000, which move to a larger one in a millisecond or two. */
const SHARDS = 1_024
/** The hash's highest bits choose the shard, the lowest ones the slot. */
const SHARD_SHIFT = 22
/** Never written: a shard grows before its first put. */
const NO_SLOTS = new Int32Array(1)
const FIRST_SLOTS = 8
/** Before the first id is known; doubled when it does not do. */
const FIRST_ID_BYTES = 12
/** Entries are numbered in 31 bits; the rebuild that begins anew is needed every two billion. */
const MAX_ENTRY = 2 ** 31 - 2

/** The ids of rows: row i is bytes[starts[i], ends[i]). */
export interface IdColumn {
  readonly count: number
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly hashes: Int32Array
}

interface Chunk {
  bytes: Uint8Array
  usedBytes: number
  readonly hashes: Int32Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly isLive: Uint8Array
  readonly numbers: Float64Array
}

export class IdTable {
  #shards = new Array<Int32Array>(SHARDS).fill(NO_SLOTS)
  /** Slots taken, by shard. */
  #taken = new Int32Array(SHARDS)
  #chunks: Chunk[] = []
  /** Number of the first chunk. */
  #firstChunk = 0
  /** Entries [head, next) are there, dead or alive; the head is alive, or there is none. */
  #head = 0
  #next = 0
  #live = 0

  get size(): number {
    return this.#live
  }

  /** The entry that was put longest ago, or -1. */
  get oldest(): number {
    return this.#live === 0 ? -1 : this.#head
  }

  /** The entry of this id, or -1. It holds until the next `put`. */
  find(ids: IdColumn, row: number): number {
    return (this.#shardOf(ids.hashes[row] as number)[this.#slotOf(ids, row)] as number) - 1
  }

  /** Makes this id the newest, with new numbers. */
  put(ids: IdColumn, row: number, a: number, b: number, c: number): void {
    const hash = ids.hashes[row] as number
    this.#makeRoom(hash)
    const slots = this.#shardOf(hash)
    const slot = this.#slotOf(ids, row)
    const known = (slots[slot] as number) - 1
    const entry = this.#append(ids.bytes, ids.starts[row]!, ids.ends[row]!, hash)
    slots[slot] = entry + 1
    const { numbers } = this.#chunkOf(entry)
    const at = 3 * (entry & (CHUNK_ENTRIES - 1))
    numbers[at] = a
    numbers[at + 1] = b
    numbers[at + 2] = c
    if (known >= 0) this.#kill(known)
    else this.#taken[hash >>> SHARD_SHIFT]!++
  }

  /** One of the three numbers of an entry. */
  number(entry: number, index: 0 | 1 | 2): number {
    return this.#chunkOf(entry).numbers[3 * (entry & (CHUNK_ENTRIES - 1)) + index] as number
  }

  remove(entry: number): void {
    const hash = this.#hashOf(entry)
    const slots = this.#shardOf(hash)
    const mask = slots.length - 1
    let slot = hash & mask
    while (slots[slot] !== entry + 1) {
      assert(slots[slot] !== 0, "an entry is where its hash says")
      slot = (slot + 1) & mask
    }
    this.#closeGap(slots, slot)
    this.#taken[hash >>> SHARD_SHIFT]!--
    this.#kill(entry)
  }

  /** Entries alive, oldest first. Nothing may be put meanwhile. */
  *entries(): Generator<number> {
    for (let entry = this.#head; entry < this.#next; entry++) if (this.#isLive(entry)) yield entry
  }

  #shardOf(hash: number): Int32Array {
    return this.#shards[hash >>> SHARD_SHIFT] as Int32Array
  }

  /** Where in its shard the id is, or the empty slot where it would be. */
  #slotOf(ids: IdColumn, row: number): number {
    const hash = ids.hashes[row] as number
    const slots = this.#shardOf(hash)
    const mask = slots.length - 1
    const start = ids.starts[row] as number
    const length = (ids.ends[row] as number) - start
    let slot = hash & mask
    for (let found = slots[slot] as number; found !== 0; found = slots[slot] as number) {
      const chunk = this.#chunkOf(found - 1)
      const at = (found - 1) & (CHUNK_ENTRIES - 1)
      const from = chunk.starts[at] as number
      if (chunk.hashes[at] === hash && (chunk.ends[at] as number) - from === length) {
        let same = 0
        while (same < length && chunk.bytes[from + same] === ids.bytes[start + same]) same++
        if (same === length) return slot
      }
      slot = (slot + 1) & mask
    }
    return slot
  }

  #append(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const entry = this.#next++
    if ((entry >>> CHUNK_SHIFT) - this.#firstChunk === this.#chunks.length) this.#chunks.push(newChunk())
    const chunk = this.#chunkOf(entry)
    const at = entry & (CHUNK_ENTRIES - 1)
    const from = chunk.usedBytes
    const to = from + end - start
    if (to > chunk.bytes.length) {
      const wider = new Uint8Array(Math.max(to, 2 * chunk.bytes.length))
      wider.set(chunk.bytes)
      chunk.bytes = wider
    }
    for (let i = start, j = from; i < end; i++, j++) chunk.bytes[j] = bytes[i] as number
    chunk.usedBytes = to
    chunk.hashes[at] = hash
    chunk.starts[at] = from
    chunk.ends[at] = to
    chunk.isLive[at] = 1
    this.#live++
    return entry
  }

  /** The entry's slot is taken care of. Gives chunks back that have nothing alive before the head. */
  #kill(entry: number): void {
    this.#chunkOf(entry).isLive[entry & (CHUNK_ENTRIES - 1)] = 0
    this.#live--
    while (this.#head < this.#next && !this.#isLive(this.#head)) {
      this.#head++
      if ((this.#head & (CHUNK_ENTRIES - 1)) !== 0) continue
      this.#chunks.shift()
      this.#firstChunk++
    }
  }

  /** Empties a slot, and moves up what had to step over it. */
  #closeGap(slots: Int32Array, slot: number): void {
    const mask = slots.length - 1
    let gap = slot
    for (let next = (gap + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashOf((slots[next] as number) - 1) & mask
      if (((next - home) & mask) < ((next - gap) & mask)) continue
      slots[gap] = slots[next] as number
      gap = next
    }
    slots[gap] = 0
  }

  /** Before a put: its shard half full at most, dead entries no more than live ones and a chunk. */
  #makeRoom(hash: number): void {
    const dead = this.#next - this.#head - this.#live
    if (dead > this.#live + CHUNK_ENTRIES || this.#next > MAX_ENTRY) this.#rebuild()
    const shard = hash >>> SHARD_SHIFT
    const slots = this.#shards[shard] as Int32Array
    if (2 * (this.#taken[shard]! + 1) <= slots.length) return
    const wider = new Int32Array(Math.max(FIRST_SLOTS, 2 * slots.length))
    for (const found of slots) if (found !== 0) insert(wider, this.#hashOf(found - 1), found)
    this.#shards[shard] = wider
  }

  /** Everything that is alive again, in its order, without the dead. */
  #rebuild(): void {
    const [chunks, firstChunk, head, next] = [this.#chunks, this.#firstChunk, this.#head, this.#next]
    for (const slots of this.#shards) slots.fill(0)
    this.#chunks = []
    this.#firstChunk = 0
    this.#head = 0
    this.#next = 0
    this.#live = 0
    for (let old = head; old < next; old++) {
      const chunk = chunks[(old >>> CHUNK_SHIFT) - firstChunk]!
      const at = old & (CHUNK_ENTRIES - 1)
      if (chunk.isLive[at] === 0) continue
      const hash = chunk.hashes[at]!
      const entry = this.#append(chunk.bytes, chunk.starts[at]!, chunk.ends[at]!, hash)
      const numbers = chunk.numbers.subarray(3 * at, 3 * at + 3)
      this.#chunkOf(entry).numbers.set(numbers, 3 * (entry & (CHUNK_ENTRIES - 1)))
      insert(this.#shardOf(hash), hash, entry + 1)
    }
  }

  #chunkOf(entry: number): Chunk {
    return this.#chunks[(entry >>> CHUNK_SHIFT) - this.#firstChunk] as Chunk
  }

  #isLive(entry: number): boolean {
    return this.#chunkOf(entry).isLive[entry & (CHUNK_ENTRIES - 1)] === 1
  }

  #hashOf(entry: number): number {
    return this.#chunkOf(entry).hashes[entry & (CHUNK_ENTRIES - 1)] as number
  }
}

/** Into the first empty slot from the hash's own on. */
function insert(slots: Int32Array, hash: number, value: number): void {
  const mask = slots.length - 1
  let slot = hash & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  slots[slot] = value
}

function newChunk(): Chunk {
  return {
    bytes: new Uint8Array(CHUNK_ENTRIES * FIRST_ID_BYTES),
    usedBytes: 0,
    hashes: new Int32Array(CHUNK_ENTRIES),
    starts: new Int32Array(CHUNK_ENTRIES),
    ends: new Int32Array(CHUNK_ENTRIES),
    isLive: new Uint8Array(CHUNK_ENTRIES),
    numbers: new Float64Array(3 * CHUNK_ENTRIES),
  }
}
