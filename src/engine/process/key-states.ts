/**
 * The state of each key as a text, in one ordered table; with a time to live also when it goes, by time. What
 * an epoch changes is written when it ends. Keys that were looked up stay in a cache, which no result and no
 * page depends on.
 *
 *   states   key, when it goes (8 bytes, 0: never), text
 *   ages     when it goes, key
 */
import { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { TIME_BYTES, timeOf, writeTime } from "./time-bytes.ts"

export interface KeyState {
  readonly key: Uint8Array
  /** Null: the initial one. */
  text: string | null
  /** The watermark at which it goes. */
  goesAtUs: bigint
  /** Its entry as the table has it; null: it has none. */
  stored: Uint8Array | null
  isDirty: boolean
}

/** Keys whose look-up is saved: tens of megabytes at most, a quarter of a million of keys. */
const CACHED_KEYS = 262_144
const NEVER = 0n
/**
 * State stays up to so small a part of its time to live longer, so that a busy key is not moved all the time.
 */
const GRAINS = 64n

const encoder = new TextEncoder()
const latin1Slice = Buffer.prototype.latin1Slice
const utf8Slice = Buffer.prototype.utf8Slice

export class KeyStates {
  readonly states: OrderedTable
  readonly ages: OrderedTable
  readonly #timeToLiveUs: bigint | null
  readonly #cache = new Map<string, KeyState>()
  /** In the order of their first change in the epoch, so that pages come out the same without the cache. */
  #dirty: KeyState[] = []

  constructor(store: PageStore, timeToLiveUs: bigint | null) {
    this.states = new OrderedTable(store)
    this.ages = new OrderedTable(store)
    this.#timeToLiveUs = timeToLiveUs
  }

  /** Keys that have a state. */
  get count(): number {
    return this.states.count
  }

  /** The state of the key `bytes[0..length)`. */
  find(bytes: Uint8Array, length: number): KeyState {
    const name = latin1Slice.call(bytes, 0, length)
    const known = this.#cache.get(name)
    if (known !== undefined) return known
    const found = this.#read(bytes.slice(0, length))
    this.#cache.set(name, found)
    return found
  }

  set(state: KeyState, text: string | null): void {
    if (state.text === text) return
    state.text = text
    this.#touch(state)
  }

  /** A call at this time used the state. */
  keep(state: KeyState, timeUs: bigint): void {
    if (this.#timeToLiveUs === null || state.text === null) return
    const grainUs = this.#timeToLiveUs / GRAINS > 0n ? this.#timeToLiveUs / GRAINS : 1n
    const untilUs = timeUs + this.#timeToLiveUs
    const past = ((untilUs % grainUs) + grainUs) % grainUs
    const goesAtUs = past === 0n ? untilUs : untilUs - past + grainUs
    if (goesAtUs <= state.goesAtUs && state.goesAtUs !== NEVER) return
    state.goesAtUs = goesAtUs
    this.#touch(state)
  }

  /** Ends the epoch: what changed goes to the tables, then what has outlived its time goes. */
  flush(watermarkUs: bigint): void {
    for (const state of this.#dirty) this.#write(state)
    this.#dirty = []
    if (this.#timeToLiveUs !== null) this.#expire(watermarkUs)
    if (this.#cache.size > CACHED_KEYS) this.#cache.clear()
  }

  #read(key: Uint8Array): KeyState {
    const at = this.states.seek(key, key.length)
    if (!at.valid || !at.startsWith(key, key.length)) {
      return { key, text: null, goesAtUs: NEVER, stored: null, isDirty: false }
    }
    const stored = at.bytes()
    const text = utf8Slice.call(stored, key.length + TIME_BYTES, stored.length)
    return { key, text, goesAtUs: timeOf(stored, key.length), stored, isDirty: false }
  }

  #touch(state: KeyState): void {
    if (state.isDirty) return
    state.isDirty = true
    this.#dirty.push(state)
  }

  #write(state: KeyState): void {
    state.isDirty = false
    this.#remove(state)
    const { key, text } = state
    if (text === null) {
      state.goesAtUs = NEVER
      return
    }
    const head = key.length + TIME_BYTES
    const room = new Uint8Array(head + 3 * text.length)
    room.set(key)
    writeTime(room, key.length, state.goesAtUs)
    const { written } = encoder.encodeInto(text, room.subarray(head))
    const stored = room.subarray(0, head + written)
    this.states.add(stored, stored.length, 1)
    if (this.#timeToLiveUs !== null) this.#addAge(stored, key, 1)
    state.stored = stored
  }

  #remove(state: KeyState): void {
    const { stored, key } = state
    if (stored === null) return
    this.states.add(stored, stored.length, -1)
    if (this.#timeToLiveUs !== null) this.#addAge(stored, key, -1)
    state.stored = null
  }

  #addAge(stored: Uint8Array, key: Uint8Array, weight: number): void {
    const age = new Uint8Array(TIME_BYTES + key.length)
    age.set(stored.subarray(key.length, key.length + TIME_BYTES))
    age.set(key, TIME_BYTES)
    this.ages.add(age, age.length, weight)
  }

  #expire(watermarkUs: bigint): void {
    for (let at = this.ages.first(); at.valid; at = this.ages.first()) {
      const age = at.bytes()
      if (timeOf(age, 0) > watermarkUs) return
      const key = age.subarray(TIME_BYTES)
      const state = this.find(key, key.length)
      this.#remove(state)
      state.text = null
      state.goesAtUs = NEVER
    }
  }
}
