/**
 * The state of each key as a text, in one ordered table; with a time to live also when it goes, by time.
 * States that changed wait in memory until there are many of them, or a checkpoint is made; keys that were
 * looked up stay in a cache. No result depends on either.
 *
 *   states   key, when it goes (8 bytes, 0: never), text, spaces up to a multiple of 16 bytes
 *   ages     when it goes, key
 */
import { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { TIME_BYTES, timeOf, writeTime } from "./time-bytes.ts"

export interface KeyState {
  readonly key: Uint8Array
  /** The key as handlers see it, once one has asked; undefined before, and where it is an object. */
  value: unknown
  /** Null: the initial one. */
  text: string | null
  /** The watermark at which it goes. */
  goesAtUs: bigint
  /** As the tables have it; null: they do not. */
  storedGoesAtUs: bigint | null
  isDirty: boolean
  /** Times of its event-time timers that this epoch's watermark passes, ascending; null: none yet. */
  due: bigint[] | null
}

/** Keys whose look-up is saved: about a hundred megabytes at most. */
const CACHED_KEYS = 262_144
/** States that wait to be written: a checkpoint is held up by them for some milliseconds. */
const DIRTY_KEYS = 16_384
const NEVER = 0n
/** State stays up to so small a part of its time to live longer: a busy key is not moved all the time. */
const GRAINS = 64n
/** Texts that grow by a digit are written over the one before. */
const PADDING = 16
const SPACE = 32

const encoder = new TextEncoder()
const latin1Slice = Buffer.prototype.latin1Slice
const utf8Slice = Buffer.prototype.utf8Slice

export class KeyStates {
  readonly states: OrderedTable
  readonly ages: OrderedTable
  readonly #timeToLiveUs: bigint | null
  readonly #grainUs: bigint
  readonly #cache = new Map<string, KeyState>()
  #dirty: KeyState[] = []
  /** No state that waits goes before. */
  #dirtyUntilUs: bigint | null = null
  #bytes = new Uint8Array(256)

  constructor(store: PageStore, timeToLiveUs: bigint | null) {
    this.states = new OrderedTable(store)
    this.ages = new OrderedTable(store)
    this.#timeToLiveUs = timeToLiveUs
    const grainUs = (timeToLiveUs ?? 0n) / GRAINS
    this.#grainUs = grainUs > 0n ? grainUs : 1n
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
    if (text === null) state.goesAtUs = NEVER
    this.#touch(state)
  }

  /** A call at this time used the state. */
  keep(state: KeyState, timeUs: bigint): void {
    if (this.#timeToLiveUs === null || state.text === null) return
    const untilUs = timeUs + this.#timeToLiveUs
    if (untilUs <= state.goesAtUs && state.goesAtUs !== NEVER) return
    const grainUs = this.#grainUs
    const past = ((untilUs % grainUs) + grainUs) % grainUs
    const goesAtUs = past === 0n ? untilUs : untilUs - past + grainUs
    state.goesAtUs = goesAtUs
    this.#touch(state)
    if (this.#dirtyUntilUs === null || goesAtUs < this.#dirtyUntilUs) this.#dirtyUntilUs = goesAtUs
  }

  /** Ends the epoch: what has outlived its time goes. */
  flush(watermarkUs: bigint): void {
    if (this.#dirty.length > DIRTY_KEYS) this.write()
    if (this.#timeToLiveUs !== null) this.#expire(watermarkUs)
    if (this.#cache.size <= CACHED_KEYS) return
    this.write()
    this.#cache.clear()
  }

  /** Brings the tables up to date. */
  write(): void {
    for (const state of this.#dirty) this.#write(state)
    this.#dirty = []
    this.#dirtyUntilUs = null
  }

  #read(key: Uint8Array): KeyState {
    const at = this.states.seek(key, key.length)
    if (!at.valid || !at.startsWith(key, key.length)) {
      return {
        key,
        value: undefined,
        text: null,
        goesAtUs: NEVER,
        storedGoesAtUs: null,
        isDirty: false,
        due: null,
      }
    }
    const { u8 } = this.states.store
    const goesAtUs = timeOf(u8, at.start + key.length)
    const text = utf8Slice.call(u8, at.start + key.length + TIME_BYTES, at.start + at.length).trimEnd()
    return { key, value: undefined, text, goesAtUs, storedGoesAtUs: goesAtUs, isDirty: false, due: null }
  }

  #touch(state: KeyState): void {
    if (state.isDirty) return
    state.isDirty = true
    this.#dirty.push(state)
  }

  #write(state: KeyState): void {
    state.isDirty = false
    const { key, text, goesAtUs, storedGoesAtUs } = state
    if (text === null) {
      this.#remove(state)
      return
    }
    const head = key.length + TIME_BYTES
    const most = head + 3 * text.length + PADDING
    if (this.#bytes.length < most) this.#bytes = new Uint8Array(2 * most)
    this.#bytes.set(key)
    writeTime(this.#bytes, key.length, goesAtUs)
    const end = head + encoder.encodeInto(text, this.#bytes.subarray(head)).written
    const length = Math.ceil(end / PADDING) * PADDING
    this.#bytes.fill(SPACE, end, length)
    this.states.put(this.#bytes, length, key.length)
    state.storedGoesAtUs = goesAtUs
    if (this.#timeToLiveUs === null || goesAtUs === storedGoesAtUs) return
    if (storedGoesAtUs !== null) this.#addAge(storedGoesAtUs, key, -1)
    this.#addAge(goesAtUs, key, 1)
  }

  #remove(state: KeyState): void {
    const { key, storedGoesAtUs } = state
    if (storedGoesAtUs === null) return
    this.states.remove(key, key.length)
    if (this.#timeToLiveUs !== null) this.#addAge(storedGoesAtUs, key, -1)
    state.storedGoesAtUs = null
  }

  #addAge(goesAtUs: bigint, key: Uint8Array, weight: number): void {
    const age = new Uint8Array(TIME_BYTES + key.length)
    writeTime(age, 0, goesAtUs)
    age.set(key, TIME_BYTES)
    this.ages.add(age, age.length, weight)
  }

  /** States whose time is up by the tables; of those, what waits to be written may have been used since. */
  #expire(watermarkUs: bigint): void {
    if (this.#dirtyUntilUs !== null && this.#dirtyUntilUs <= watermarkUs) this.write()
    for (let at = this.ages.first(); at.valid; at = this.ages.first()) {
      const age = at.bytes()
      if (timeOf(age, 0) > watermarkUs) return
      const key = age.subarray(TIME_BYTES)
      const state = this.find(key, key.length)
      if (state.isDirty) {
        this.write()
        continue
      }
      this.#remove(state)
      state.text = null
      state.goesAtUs = NEVER
    }
  }
}
