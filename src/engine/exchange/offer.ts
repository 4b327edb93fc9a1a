/**
 * What the parts of an engine hand to each other in the course of an epoch. All run the same steps; at each
 * one every part offers what it has, and goes on when it has what all of them offer, itself included.
 *
 *   part 0   judge ──┐           ┌─ aggregate ──┐           ┌─ join ──┐          ┌─ view's rows
 *   part 1   judge ──┴─ verdicts ┴─ aggregate ──┴─ changes ─┴─ join ──┴─ changes ┴─ (nothing)
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { assert } from "../../std/assert.ts"
import { APPLIED, ELSEWHERE, LATE } from "../code/route-writer.ts"
import { SliceReport } from "../code/row-report.ts"

export interface Offer {
  /** What an operator, or a view, has put out: first its changes, then those of its sides. */
  readonly changes: readonly (ChangeBatch | null)[]
  /** Verdicts that follow from state: each part has a say on the rows whose keys it keeps. */
  readonly reports: readonly Ruled[]
  /** Who goes on with it; no other part looks at it. */
  readonly readers: Readers
}

/** The first part has the views' rows. */
export type Readers = "first" | "all"

export type Ruled = Pick<SliceReport, "verdicts" | "failures" | "goneEnds">

/** A part at work on an epoch: it yields an offer and is resumed with those of all parts, in their order. */
export type Exchanging<Result> = Generator<Offer, Result, readonly Offer[]>

export function offerChanges(changes: Offer["changes"], readers: Readers): Offer {
  return { changes, reports: [], readers }
}

export function offerReports(reports: Offer["reports"]): Offer {
  return { changes: [], reports, readers: "all" }
}

/** What parts behind the first go on with. */
export function forOthers(offers: readonly Offer[]): readonly Offer[] {
  return offers.map((offer) => (offer.readers === "all" ? offer : { ...offer, changes: [] }))
}

/** By output: what all parts have put out, in their order. */
export function changesOf(offers: readonly Offer[], output: number): readonly ChangeBatch[] {
  return offers.flatMap(({ changes }) => changes[output] ?? [])
}

/** The verdicts of all parts together; why rows failed is the same in every part. */
export function mergeReports(offers: readonly Offer[]): readonly SliceReport[] {
  const [first, ...others] = offers
  assert(first !== undefined, "an engine has a part")
  return first.reports.map(({ verdicts, failures, goneEnds }, k) => {
    const merged = new SliceReport(verdicts.slice())
    merged.failures = failures
    merged.goneEnds = goneEnds
    for (const { reports } of others) mergeVerdicts(merged.verdicts, reports[k]!.verdicts)
    return merged
  })
}

/** A row is applied where any part has placed it; one that is late for one part may be so for none. */
function mergeVerdicts(verdicts: Uint8Array, others: Uint8Array): void {
  for (let row = 0; row < verdicts.length; row++) {
    const other = others[row]!
    if (verdicts[row] === ELSEWHERE || (verdicts[row] === LATE && other === APPLIED)) verdicts[row] = other
  }
}
