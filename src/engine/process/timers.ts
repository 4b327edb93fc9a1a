/** Timers of all keys in the order in which they fire: by time, then by key. A key and time have one. */
import { OrderedCursor } from "../state/ordered-cursor.ts"
import { OrderedTable } from "../state/ordered-table.ts"
import type { PageStore } from "../state/page-store.ts"
import { TIME_BYTES, timeOf, writeTime } from "./time-bytes.ts"

export interface DueTimer {
  readonly timeUs: bigint
  readonly key: Uint8Array
}

export class Timers {
  readonly table: OrderedTable
  readonly #place: OrderedCursor
  #bytes = new Uint8Array(64)

  constructor(store: PageStore) {
    this.table = new OrderedTable(store)
    this.#place = new OrderedCursor(this.table)
  }

  set(timeUs: bigint, key: Uint8Array): void {
    const length = this.#encode(timeUs, key)
    if (!this.#isThere(length)) this.table.add(this.#bytes, length, 1)
  }

  delete(timeUs: bigint, key: Uint8Array): void {
    const length = this.#encode(timeUs, key)
    if (this.#isThere(length)) this.table.add(this.#bytes, length, -1)
  }

  /** When the next one fires; null: there is none. */
  nextUs(): bigint | null {
    const first = this.#place.moveTo(0, 0)
    return first.valid ? timeOf(this.table.store.u8, first.start) : null
  }

  /** Those that are not behind `untilUs`, in order. */
  *until(untilUs: bigint): Generator<DueTimer> {
    for (const at = this.table.first(); at.valid; at.next()) {
      const bytes = at.bytes()
      const timeUs = timeOf(bytes, 0)
      if (timeUs > untilUs) return
      yield { timeUs, key: bytes.subarray(TIME_BYTES) }
    }
  }

  /** Takes the first one out, if its time is not behind `untilUs`. */
  takeDue(untilUs: bigint): DueTimer | null {
    const first = this.#place.moveTo(0, 0)
    if (!first.valid || timeOf(this.table.store.u8, first.start) > untilUs) return null
    const bytes = first.bytes()
    this.table.add(bytes, bytes.length, -1)
    return { timeUs: timeOf(bytes, 0), key: bytes.subarray(TIME_BYTES) }
  }

  #isThere(length: number): boolean {
    const found = this.table.find(this.#place, this.#bytes, length)
    return found.valid && found.equals(this.#bytes, length)
  }

  #encode(timeUs: bigint, key: Uint8Array): number {
    const length = TIME_BYTES + key.length
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(2 * length)
    writeTime(this.#bytes, 0, timeUs)
    this.#bytes.set(key, TIME_BYTES)
    return length
  }
}
