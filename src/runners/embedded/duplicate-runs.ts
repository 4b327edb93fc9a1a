/**
 * Which rows of the log were duplicates, by what the ledger says. One look at it reads much, so it is asked
 * for all rows of a partition that are at hand, and not for each append.
 */
import type { OffsetRun, OffsetSpan, VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { IntakeSlice } from "./intake.ts"

export async function duplicateRuns(
  ledger: VerdictLedgerReader,
  span: OffsetSpan,
): Promise<readonly OffsetRun[]> {
  const runs: OffsetRun[] = []
  for await (const run of ledger.duplicates(span)) runs.push(run)
  return runs
}

/** The rows of a slice that are in one of the runs, as 1; null: none. */
export function skipRuns(
  runs: readonly OffsetRun[],
  { baseOffset, count }: Pick<IntakeSlice, "baseOffset" | "count">,
): Uint8Array | null {
  let skip: Uint8Array | null = null
  for (const run of runs) {
    const first = Math.max(0, run.offset - baseOffset)
    const end = Math.min(count, run.offset + run.count - baseOffset)
    if (first >= end) continue
    skip ??= new Uint8Array(count)
    skip.fill(1, first, end)
  }
  return skip
}
