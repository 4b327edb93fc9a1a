/**
 * What each operator has done since the engine was made and in the last minute: rows that came in and went
 * out, and for how long it was busy. Read once for each operator and epoch, so that measuring costs next to
 * nothing; nothing that the engine answers depends on it.
 *
 *   recent   | 0-10 s | 10-20 s | … | 50-60 s |   a ring; the part that begins anew loses what it held
 */
import type { OperatorWork, Work } from "./dataflow.ts"

type Tally = { -readonly [K in keyof Work]: number }

interface Part extends Tally {
  /** Which ten seconds since the clock began. */
  number: number
}

interface OperatorTally {
  readonly total: Tally
  readonly parts: readonly Part[]
}

const PART_MS = 10_000
/** A minute of parts. */
const PARTS = 6
const NOTHING: Work = { rowsIn: 0, rowsOut: 0, busyMs: 0 }

export class WorkMeter {
  readonly #nowMs: () => number
  readonly #tallies = new Map<string, OperatorTally>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs()
  }

  /** One operator's part of an epoch, which began at `sinceMs`; returns when it ended. */
  note(id: string, sinceMs: number, rowsIn: number, rowsOut: number): number {
    const nowMs = this.#nowMs()
    const { total, parts } = this.#tally(id)
    const number = Math.floor(nowMs / PART_MS)
    const part = parts[number % PARTS]!
    if (part.number !== number) Object.assign(part, NOTHING, { number })
    for (const tally of [total, part]) {
      tally.rowsIn += rowsIn
      tally.rowsOut += rowsOut
      tally.busyMs += nowMs - sinceMs
    }
    return nowMs
  }

  of(id: string): { readonly total: Work; readonly recent: Work } {
    const oldest = Math.floor(this.#nowMs() / PART_MS) - PARTS + 1
    const { total, parts } = this.#tally(id)
    const recent = { ...NOTHING }
    for (const { number, rowsIn, rowsOut, busyMs } of parts) {
      if (number < oldest) continue
      recent.rowsIn += rowsIn
      recent.rowsOut += rowsOut
      recent.busyMs += busyMs
    }
    return { total: { ...total }, recent }
  }

  #tally(id: string): OperatorTally {
    const known = this.#tallies.get(id)
    if (known !== undefined) return known
    const parts = Array.from({ length: PARTS }, () => ({ ...NOTHING, number: -1 }))
    const tally = { total: { ...NOTHING }, parts }
    this.#tallies.set(id, tally)
    return tally
  }
}

/**
 * By operator, of all parts of an engine. Every part is handed the same rows, so that they are counted once.
 */
export function addWorks(parts: readonly (readonly OperatorWork[])[]): readonly OperatorWork[] {
  const [first = [], ...others] = parts
  return first.map((work, k) => {
    const all = [work, ...others.flatMap((other) => other[k] ?? [])]
    const sum = (count: (each: OperatorWork) => number) => all.reduce((total, each) => total + count(each), 0)
    const add = (of: (each: OperatorWork) => Work): Work => ({
      rowsIn: Math.max(...all.map((each) => of(each).rowsIn)),
      rowsOut: sum((each) => of(each).rowsOut),
      busyMs: sum((each) => of(each).busyMs),
    })
    return {
      id: work.id,
      total: add(({ total }) => total),
      recent: add(({ recent }) => recent),
      state: { rows: sum(({ state }) => state.rows), bytes: sum(({ state }) => state.bytes) },
    }
  })
}
