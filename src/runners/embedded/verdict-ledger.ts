/**
 * What each view did with each row: totals for ever, and the newest rulings row by row, so that a producer
 * can ask what became of its receipt.
 */

import type { SliceVerdicts, Verdict } from "../../engine/dataflow.ts"
import { VERDICTS } from "../../engine/dataflow.ts"
import { FAILURES, type Failure } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { RowRuling } from "../trail/event-trail.ts"
import type { ReceiptRange } from "./receipt.ts"

/** One byte a row and view: what stays askable by receipt. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024

export interface RangeVerdicts {
  readonly counts: Record<Verdict, number>
  readonly failures: Partial<Record<Failure, number>>
  /** Rows whose ruling is not kept here. */
  readonly forgotten: readonly ReceiptRange[]
}

export class VerdictLedger {
  readonly #totals = new Map<string, number[]>()
  readonly #kept = new Map<string, SliceVerdicts[]>()
  #keptBytes = 0

  constructor(views: readonly string[]) {
    for (const view of views)
      this.#totals.set(
        view,
        VERDICTS.map(() => 0),
      )
  }

  record(slices: readonly SliceVerdicts[]): void {
    for (const slice of slices) {
      const totals = this.#totals.get(slice.view)
      assert(totals !== undefined, `${slice.view} is a view of the project`)
      const { verdicts } = slice
      for (let row = 0; row < verdicts.length; row++) totals[verdicts[row]!]!++
      this.#keep(slice)
    }
  }

  totals(view: string): Record<Verdict, number> {
    const totals = this.#totals.get(view)
    assert(totals !== undefined, `${view} is a view of the project`)
    return Object.fromEntries(VERDICTS.map((name, index) => [name, totals[index]!])) as Record<
      Verdict,
      number
    >
  }

  /** Rows with a verdict. */
  ruled(view: string): number {
    return (this.#totals.get(view) ?? []).reduce((sum, count) => sum + count, 0)
  }

  lookUp(view: string, event: string, ranges: readonly ReceiptRange[]): RangeVerdicts {
    const counts: Record<Verdict, number> = { applied: 0, filtered: 0, late: 0, failed: 0, duplicate: 0 }
    const failures: Partial<Record<Failure, number>> = {}
    const forgotten: ReceiptRange[] = []
    for (const { partition, first, last } of ranges) {
      let next = first
      for (const slice of this.#slices(view, event, partition)) {
        const from = Math.max(first, slice.baseOffset)
        const to = Math.min(last, slice.baseOffset + slice.verdicts.length - 1)
        if (from > to) continue
        if (from > next) forgotten.push({ partition, first: next, last: from - 1 })
        next = to + 1
        for (let offset = from; offset <= to; offset++) {
          const row = offset - slice.baseOffset
          const verdict = VERDICTS[slice.verdicts[row]!]!
          counts[verdict]++
          const failure = FAILURES[slice.failures?.[row] ?? 0]!
          if (verdict === "failed") failures[failure] = (failures[failure] ?? 0) + 1
        }
      }
      if (next <= last) forgotten.push({ partition, first: next, last })
    }
    return { counts, failures, forgotten }
  }

  /** Of one row; null when it is no longer kept. */
  ruling(view: string, event: string, place: { partition: number; offset: number }): RowRuling | null {
    for (const { baseOffset, verdicts, failures } of this.#slices(view, event, place.partition)) {
      const row = place.offset - baseOffset
      if (row < 0 || row >= verdicts.length) continue
      return { verdict: VERDICTS[verdicts[row]!]!, failure: FAILURES[failures?.[row] ?? 0]! }
    }
    return null
  }

  /** The totals of this moment: a checkpoint is written while counting goes on. */
  save(): Record<string, readonly number[]> {
    return Object.fromEntries([...this.#totals].map(([view, counts]) => [view, [...counts]]))
  }

  restore(saved: Readonly<Record<string, readonly number[]>>): void {
    for (const [view, counts] of Object.entries(saved)) {
      if (this.#totals.has(view)) this.#totals.set(view, [...counts])
    }
  }

  #slices(view: string, event: string, partition: number): readonly SliceVerdicts[] {
    return this.#kept.get(keyOf(view, event, partition)) ?? []
  }

  #keep(slice: SliceVerdicts): void {
    const key = keyOf(slice.view, slice.source, slice.partition)
    const kept = this.#kept.get(key) ?? []
    this.#kept.set(key, kept)
    kept.push(slice)
    this.#keptBytes += slice.verdicts.length
    // The partition that grows pays: rulings of quiet partitions stay askable.
    while (this.#keptBytes > MAX_KEPT_BYTES && kept.length > 1) {
      this.#keptBytes -= kept.shift()!.verdicts.length
    }
  }
}

function keyOf(view: string, source: string, partition: number): string {
  return `${view}/${source}/${partition}`
}
