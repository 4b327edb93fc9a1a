/**
 * What each operator has done since the engine was made: rows that came in and went out, and for how long it
 * was busy. Read once for each operator and epoch, so that measuring costs next to nothing; nothing that the
 * engine answers depends on it.
 */

import type { OperatorWork } from "./dataflow.ts"

type Tally = { -readonly [K in keyof Omit<OperatorWork, "id">]: number }

export class WorkMeter {
  readonly #nowMs: () => number
  readonly #tallies = new Map<string, Tally>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs()
  }

  /** One operator's part of an epoch, which began at `sinceMs`. */
  note(id: string, sinceMs: number, rowsIn: number, rowsOut: number): void {
    const tally = this.#tallies.get(id) ?? { rowsIn: 0, rowsOut: 0, busyMs: 0 }
    this.#tallies.set(id, tally)
    tally.rowsIn += rowsIn
    tally.rowsOut += rowsOut
    tally.busyMs += this.#nowMs() - sinceMs
  }

  of(id: string): OperatorWork {
    return { id, ...(this.#tallies.get(id) ?? { rowsIn: 0, rowsOut: 0, busyMs: 0 }) }
  }
}
