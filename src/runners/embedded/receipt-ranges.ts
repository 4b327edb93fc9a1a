/** Where the earlier copies of duplicates are, as ranges of a receipt. */
import type { Occurrence } from "./duplicates/known-ids.ts"
import type { ReceiptRange } from "./receipt.ts"

/** Ranges of duplicates that a receipt names exactly: a few kilobytes of text. */
const MAX_RECEIPT_RANGES = 200

/** Runs of neighbouring offsets; where they are too many, one range a partition that covers them. */
export function rangesOf(occurrences: readonly Occurrence[]): ReceiptRange[] {
  const sorted = [...occurrences].sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  const runs = joined(sorted, (last, offset) => offset <= last + 1)
  return runs.length <= MAX_RECEIPT_RANGES ? runs : joined(sorted, () => true)
}

function joined(
  sorted: readonly Occurrence[],
  belongs: (last: number, offset: number) => boolean,
): ReceiptRange[] {
  const ranges: ReceiptRange[] = []
  for (const { partition, offset } of sorted) {
    const open = ranges.at(-1)
    if (open?.partition === partition && belongs(open.last, offset)) {
      ranges[ranges.length - 1] = { ...open, last: offset }
    } else ranges.push({ partition, first: offset, last: offset })
  }
  return ranges
}
