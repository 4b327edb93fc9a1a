/**
 * Event-time timers that the epoch's watermark passes, by key, so that they fire before a row of their key
 * that is later than they are. All of them are in the table of timers, too, and those that no such row comes
 * for fire from there when the epoch ends.
 */
import { NO_WATERMARK } from "../dataflow.ts"
import type { KeyState, KeyStates } from "./key-states.ts"
import type { Timers } from "./timers.ts"

export class DueTimers {
  readonly #timers: Timers
  readonly #states: KeyStates
  #untilUs = NO_WATERMARK
  #holders: KeyState[] = []

  constructor(timers: Timers, states: KeyStates) {
    this.#timers = timers
    this.#states = states
  }

  /** Begins an epoch at whose end timers up to this time have fired. */
  begin(untilUs: bigint): void {
    this.#untilUs = untilUs
    for (const { timeUs, key } of this.#timers.until(untilUs)) {
      this.#add(this.#states.find(key, key.length), timeUs)
    }
  }

  /** Forgets them all. */
  end(): void {
    for (const state of this.#holders) state.due = null
    this.#holders = []
    this.#untilUs = NO_WATERMARK
  }

  set(timeUs: bigint, state: KeyState): void {
    this.#timers.set(timeUs, state.key)
    if (timeUs <= this.#untilUs) this.#add(state, timeUs)
  }

  delete(timeUs: bigint, state: KeyState): void {
    this.#timers.delete(timeUs, state.key)
    const place = state.due?.indexOf(timeUs) ?? -1
    if (place >= 0) state.due?.splice(place, 1)
  }

  /** Takes out the key's first timer that is before `timeUs`; null when none is. */
  takeBefore(timeUs: bigint, state: KeyState): bigint | null {
    const first = state.due?.[0]
    if (first === undefined || first >= timeUs) return null
    this.delete(first, state)
    return first
  }

  #add(state: KeyState, timeUs: bigint): void {
    if (state.due === null) {
      state.due = []
      this.#holders.push(state)
    }
    if (state.due.includes(timeUs)) return
    const place = state.due.findIndex((other) => other > timeUs)
    state.due.splice(place < 0 ? state.due.length : place, 0, timeUs)
  }
}
