/**
 * What the stored ledger says of rows whose rulings memory no longer has: late, failed with the reason, or
 * duplicate. A row without a word there was applied or filtered.
 */
import type { Failure } from "../../expr/expression.ts"
import type { Verdict } from "../../ports/verdict.ts"
import type { OffsetRun, OffsetSpan, VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { ReceiptRange } from "./receipt.ts"

/** Ranges that are this close are asked for together: about what the ledger's smallest read covers anyway. */
const JOINED_GAP_ROWS = 10_000

export interface StoredVerdicts {
  readonly counts: Partial<Record<Verdict, number>>
  readonly failures: Partial<Record<Failure, number>>
  /** Rows that the ledger has no word on. */
  readonly unruled: number
}

/** @param ranges of one topic. */
export async function storedRulings(
  ledger: VerdictLedgerReader,
  view: string,
  topic: string,
  ranges: readonly ReceiptRange[],
): Promise<StoredVerdicts> {
  const counts: Partial<Record<Verdict, number>> = {}
  const failures: Partial<Record<Failure, number>> = {}
  let unruled = ranges.reduce((rows, { first, last }) => rows + last - first + 1, 0)
  const count = (verdict: Verdict, rows: number) => {
    if (rows > 0) counts[verdict] = (counts[verdict] ?? 0) + rows
    unruled -= rows
  }
  for (const { partition, from, until, asked } of joined(ranges)) {
    const span: OffsetSpan = { topic, partition, from, until }
    for await (const run of ledger.duplicates(span)) count("duplicate", rowsIn(asked, run))
    for await (const run of ledger.excluded(view, span)) {
      const rows = rowsIn(asked, run)
      count(run.verdict, rows)
      // The ledger's reasons are expr's failures.
      const reason = run.reason as Failure | null
      if (reason !== null && rows > 0) failures[reason] = (failures[reason] ?? 0) + rows
    }
  }
  return { counts, failures, unruled }
}

interface Ask {
  readonly partition: number
  readonly from: number
  until: number
  readonly asked: ReceiptRange[]
}

function joined(ranges: readonly ReceiptRange[]): readonly Ask[] {
  const asks: Ask[] = []
  for (const range of [...ranges].sort((a, b) => a.partition - b.partition || a.first - b.first)) {
    const open = asks.at(-1)
    if (open?.partition === range.partition && range.first - open.until <= JOINED_GAP_ROWS) {
      open.asked.push(range)
      open.until = Math.max(open.until, range.last + 1)
    } else {
      asks.push({
        partition: range.partition,
        from: range.first,
        until: range.last + 1,
        asked: [range],
      })
    }
  }
  return asks
}

function rowsIn(ranges: readonly ReceiptRange[], { offset, count }: OffsetRun): number {
  return ranges.reduce((rows, { first, last }) => {
    return rows + Math.max(0, Math.min(last + 1, offset + count) - Math.max(first, offset))
  }, 0)
}
