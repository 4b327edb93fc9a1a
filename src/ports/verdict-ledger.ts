/**
 * The ledger as its readers see it: which rows of the log have no part in an answer, and why. History minus
 * the ledger is what a view was made of.
 *
 * Laws
 * - One history is seen: that of the engine which runs. Another version of the project, or a rebuild, judges
 *   every row again; what was ruled before is then not seen any more.
 * - Runs come in the order of their offsets, do not overlap, and each row is in at most one of them.
 * - Rows that a view filtered are not in the ledger: the view's own query says which they are.
 * - A row of overlapping windows that comes when some of them are gone is applied, to the others. The ledger
 *   says up to which end they were gone.
 */

/** Why a row is not in a view. A duplicate is one for every view. */
export type ExcludedVerdict = "late" | "failed"

/** Rows [from, until) of a partition. */
export interface OffsetSpan {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly until: number
}

/** Neighbouring rows. */
export interface OffsetRun {
  readonly offset: number
  readonly count: number
}

export interface ExcludedRun extends OffsetRun {
  readonly verdict: ExcludedVerdict
  /** Of failed rows: one of expr's FAILURES, such as "division-by-zero". Null for late ones. */
  readonly reason: string | null
}

/** As the end of a row's gone windows: its own reading by the view is none; a view below applied it. */
export const NO_WINDOW_LEFT = 2n ** 63n - 1n

/** Rows that are applied in part: not to the view's windows over them that end here or before. */
export interface PartlyRun extends OffsetRun {
  readonly goneEndUs: bigint
}

/** One row, where it stands in the log. */
export interface ExcludedRow {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly verdict: ExcludedVerdict
  readonly reason: string | null
  /** The epoch that ruled. */
  readonly epoch: number
}

export interface ExcludedPage {
  readonly rows: readonly ExcludedRow[]
  /** Continues behind the last row; null when there is none. */
  readonly cursor: string | null
  /** Continues behind the first `count` of the rows, for who gives fewer of them. */
  cursorAfter(count: number): string | null
}

export interface ExcludedRequest {
  readonly view: string
  readonly verdict: ExcludedVerdict
  readonly limit: number
  readonly order: "newest" | "oldest"
  /** From an earlier page of the same request. */
  readonly cursor: string | null
}

export interface VerdictLedgerReader {
  /** The first epoch of the history that is seen; another number is another history. 0: none has begun. */
  readonly history: number
  /** The verdicts of all epochs up to this one can be read. */
  readonly durableEpoch: number
  /** Resolves when `durableEpoch` is at least `epoch`; rejects when the ledger cannot be written. */
  whenDurable(epoch: number): Promise<void>
  /** Rows whose id came before within the event's dedup window: facts of the topic, for every view. */
  duplicates(span: OffsetSpan): AsyncIterable<OffsetRun>
  /** Rows that the view could not use, besides duplicates. */
  excluded(view: string, span: OffsetSpan): AsyncIterable<ExcludedRun>
  /** Rows that the view has used in part. */
  partly(view: string, span: OffsetSpan): AsyncIterable<PartlyRun>
  /** Page by page, for people. @throws PlatformError cursor-invalid */
  page(request: ExcludedRequest): Promise<ExcludedPage>
}
