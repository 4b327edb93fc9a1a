/**
 * One verdict per row for a view that reads several views: applied where any of them applied it, since then
 * the row is in what the view is made of; else the most telling reason.
 */
import { NO_WINDOW_LEFT } from "../../ports/verdict-ledger.ts"
import { assert } from "../../std/assert.ts"
import { APPLIED, DUPLICATE, FAILED, FILTERED, LATE } from "../code/route-writer.ts"
import { SliceReport } from "../code/row-report.ts"

/** The verdict further right wins. */
const BY_RANK = [FILTERED, LATE, FAILED, APPLIED, DUPLICATE]
const RANK = BY_RANK.map((_, verdict) => BY_RANK.indexOf(verdict))

/**
 * Rows that the view has in part: up to which end the windows of its own reading are gone. Of a row that is
 * applied by a view below only, all of them are.
 */
export function partlyApplied(
  own: SliceReport | undefined,
  combined: SliceReport,
): Map<number, bigint> | null {
  if (own === undefined || (own === combined && own.goneEnds === null)) return null
  const partly = new Map<number, bigint>()
  for (const [row, goneEnd] of own.goneEnds ?? []) {
    if (own.verdicts[row] === APPLIED && combined.verdicts[row] === APPLIED) partly.set(row, goneEnd)
  }
  if (own !== combined) {
    for (let row = 0; row < own.verdicts.length; row++) {
      const isLeftOut = own.verdicts[row] === LATE || own.verdicts[row] === FAILED
      if (isLeftOut && combined.verdicts[row] === APPLIED) partly.set(row, NO_WINDOW_LEFT)
    }
  }
  return partly.size === 0 ? null : partly
}

export function combineUpstream(reports: readonly SliceReport[]): SliceReport {
  const [first, ...others] = reports
  assert(first !== undefined, "a source reaches a view directly or through another view")
  if (others.length === 0) return first
  const total = new SliceReport(first.verdicts.slice())
  total.failures = first.failures?.slice() ?? null
  for (const other of others) {
    for (let row = 0; row < total.verdicts.length; row++) {
      const verdict = other.verdicts[row]!
      if (RANK[verdict]! <= RANK[total.verdicts[row]!]!) continue
      if (verdict === FAILED) total.fail(row, other.failures![row]!)
      else total.verdicts[row] = verdict
    }
  }
  if (total.failures !== null) {
    for (let row = 0; row < total.verdicts.length; row++) {
      if (total.verdicts[row] !== FAILED) total.failures[row] = 0
    }
    if (!total.verdicts.includes(FAILED)) total.failures = null
  }
  return total
}
