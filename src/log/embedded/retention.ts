/** Which closed segments of a partition retention deletes: a pure decision. */

export interface RetainedSegment {
  readonly sizeBytes: number
  readonly nextOffset: number
  readonly lastAppendMs: number
}

export interface RetentionRule {
  readonly nowMs: number
  /** Nothing at or beyond this offset is deleted. */
  readonly keepFrom: number
  readonly retentionMs: number | undefined
  readonly retentionBytes: number | undefined
}

/** How many segments, from the oldest on, are to be deleted; the last one is active and never counts. */
export function expiredSegments(segments: readonly RetainedSegment[], rule: RetentionRule): number {
  const { nowMs, keepFrom, retentionMs = Infinity, retentionBytes = Infinity } = rule
  let remainingBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  let count = 0
  for (const segment of segments.slice(0, -1)) {
    const isOld = nowMs - segment.lastAppendMs > retentionMs
    const isTooMuch = remainingBytes > retentionBytes
    if (segment.nextOffset > keepFrom || !(isOld || isTooMuch)) break
    remainingBytes -= segment.sizeBytes
    count++
  }
  return count
}
