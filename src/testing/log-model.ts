/**
 * The plain model of a log: what was acknowledged, and what else a crash may have kept. The simulation
 * compares the log with it; each difference breaks a law of log.ts.
 */
import type { PlainRecord, StoredRecord } from "./plain-records.ts"

/** Records of one group as they were handed to the log; no answer yet, or a refusal. */
export type Attempt = readonly PlainRecord[]

export class ModelPartition {
  readonly isCompact: boolean
  /** Retention may take the oldest records. */
  readonly mayExpire: boolean
  /** Acknowledged, or shown to a reader after a crash, by offset. */
  readonly acknowledged: StoredRecord[] = []
  begin = 0
  /** Groups since the last acknowledgement, any one of which a crash may have kept a beginning of. */
  attempts: Attempt[] = []

  constructor({ isCompact, mayExpire }: { readonly isCompact: boolean; readonly mayExpire: boolean }) {
    this.isCompact = isCompact
    this.mayExpire = mayExpire
  }

  get end(): number {
    return this.acknowledged.length
  }

  acknowledge(records: readonly StoredRecord[]): void {
    this.acknowledged.push(...records)
    this.attempts = []
  }

  /**
   * After a restart: the log has records up to `durableEnd`. What is new must be the beginning of an attempt
   * and counts as acknowledged from now on, since readers may have seen it. Returns what is wrong, or null.
   */
  adopt(found: readonly StoredRecord[], durableEnd: number): string | null {
    if (durableEnd < this.end)
      return `acknowledged up to ${this.end}, after the restart only to ${durableEnd}`
    const fresh = found.filter(({ offset }) => offset >= this.end)
    if (fresh.length !== durableEnd - this.end)
      return `${fresh.length} records in ${this.end} to ${durableEnd}`
    const isBeginning = (attempt: Attempt) =>
      fresh.every(({ key, value }, i) => attempt[i]?.key === key && attempt[i]?.value === value)
    if (fresh.length > 0 && !this.attempts.some(isBeginning)) return "records that nobody sent came up"
    this.acknowledge(fresh)
    return null
  }

  /** What is wrong with a full read of the log, or null. */
  compare(found: readonly StoredRecord[]): string | null {
    const byOffset = new Map(found.map((record) => [record.offset, record]))
    if (byOffset.size !== found.length) return "an offset came twice"
    for (const record of found) {
      const own = this.acknowledged[record.offset]
      if (own === undefined || !equal(own, record))
        return `offset ${record.offset} is not what was acknowledged`
    }
    const newest = this.isCompact ? newestOffsets(this.acknowledged) : null
    for (const record of this.acknowledged.slice(this.begin)) {
      const mayBeGone = newest !== null && (newest.get(record.key) !== record.offset || record.value === null)
      if (!mayBeGone && !byOffset.has(record.offset))
        return `offset ${record.offset} was acknowledged and is gone`
    }
    return null
  }

  /** First offset appended at or after `timeMs`. */
  offsetAtTime(timeMs: number): number {
    const found = this.acknowledged.findIndex((record, i) => i >= this.begin && record.appendTimeMs >= timeMs)
    return found === -1 ? this.end : found
  }
}

function newestOffsets(records: readonly StoredRecord[]): Map<string | null, number> {
  return new Map(records.map(({ key, offset }) => [key, offset]))
}

function equal(a: StoredRecord, b: StoredRecord): boolean {
  return a.key === b.key && a.value === b.value && a.appendTimeMs === b.appendTimeMs
}
