/**
 * Builds some views from the log while the others keep what they have: those that a change of the project
 * made, or left without state. The rows that the restored engine had taken by then run again, for these views
 * alone, in epochs with watermarks of their own; which rows are duplicates is not ruled again, but known from
 * the ledger. With the last of these epochs the views are where the others are; then all go together.
 */
import type { EventContract } from "../../contracts/contract.ts"
import { NO_WATERMARK } from "../../engine/dataflow.ts"
import type { OffsetRun, OffsetSpan, VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { Clock } from "../../std/clock.ts"
import type { EventLane } from "./door.ts"
import { duplicateRuns, skipRuns } from "./duplicate-runs.ts"
import {
  Intake,
  type IntakeSlice,
  type PartitionPosition,
  type RuledSlice,
  type SliceLoader,
} from "./intake.ts"
import { observe } from "./observe.ts"
import { SourceTime } from "./watermarks.ts"

/** As of live epochs. */
const MAX_EPOCH_ROWS = 32_768

export interface RebuildParts {
  /** With what they have in common. */
  readonly views: ReadonlySet<string>
  readonly contracts: readonly EventContract[]
  readonly lanes: ReadonlyMap<string, EventLane>
  /** Where the restored engine is; these rows and no others are read. */
  readonly until: readonly { readonly topic: string; readonly partition: number; readonly taken: number }[]
  /** First offset of a partition, in log and lake. */
  readonly begin: (topic: string, partition: number) => Promise<number>
  readonly load: SliceLoader
  readonly ledger: VerdictLedgerReader | null
  /** Watermarks of the restored engine. */
  readonly times: ReadonlyMap<string, SourceTime>
  readonly clock: Clock
}

export interface RebuildCut {
  readonly slices: readonly RuledSlice[]
  /** Per event. */
  readonly watermarksUs: ReadonlyMap<string, bigint>
}

export class Rebuild {
  readonly views: ReadonlySet<string>
  readonly #parts: RebuildParts
  readonly #intake: Intake
  readonly #times: ReadonlyMap<string, SourceTime>
  readonly #rows = new Map<string, number>()
  #watermarksUs = new Map<string, bigint>()
  #isOver = false

  private constructor(parts: RebuildParts) {
    const nowMs = parts.clock.nowMs()
    this.views = parts.views
    this.#parts = parts
    this.#intake = new Intake(parts.load)
    this.#times = new Map(parts.contracts.map((contract) => [contract.name, new SourceTime(contract, nowMs)]))
  }

  static async open(parts: RebuildParts): Promise<Rebuild> {
    const rebuild = new Rebuild(parts)
    for (const { topic, partition, taken: durableEnd } of parts.until) {
      const taken = Math.min(durableEnd, await parts.begin(topic, partition))
      rebuild.#intake.addPartition({ topic, partition, taken, durableEnd })
    }
    return rebuild
  }

  /** True once the last cut is out. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** True while the view is not yet where the others are. */
  builds(view: string): boolean {
    return !this.#isOver && this.views.has(view)
  }

  /** Rows of an event that these views have ruled on. */
  rowsOf(event: string): number {
    return this.#rows.get(event) ?? 0
  }

  positions(): readonly PartitionPosition[] {
    return this.#intake.positions()
  }

  position(topic: string, partition: number): PartitionPosition {
    return this.#intake.position(topic, partition)
  }

  /** As of the newest cut that is out. */
  watermarkUs(event: string): bigint {
    return this.#watermarksUs.get(event) ?? NO_WATERMARK
  }

  /** What runs next; null when nothing is left. */
  async next(): Promise<RebuildCut | null> {
    if (this.#isOver) return null
    const { clock, times, lanes } = this.#parts
    const slices = await this.#intake.take(MAX_EPOCH_ROWS)
    const nowMs = clock.nowMs()
    observe({ lanes, times: this.#times, intake: this.#intake }, slices, nowMs)
    const watermarksUs = new Map<string, bigint>()
    for (const [event, time] of this.#times) {
      const ownUs = time.advance(nowMs)
      const reachedUs = times.get(event)!.watermarkUs
      watermarksUs.set(event, slices.length === 0 || ownUs > reachedUs ? reachedUs : ownUs)
    }
    return { slices: await this.#ruled(slices), watermarksUs }
  }

  /** The cut's epoch is out. One without rows is the last. */
  markPublished({ slices, watermarksUs }: RebuildCut): void {
    this.#intake.markPublished(slices)
    for (const { event, count } of slices) this.#rows.set(event, this.rowsOf(event) + count)
    this.#watermarksUs = new Map(watermarksUs)
    this.#isOver = slices.length === 0
  }

  /** Marks what the ledger knows as duplicates, asked once for what came of a partition. */
  async #ruled(slices: readonly IntakeSlice[]): Promise<readonly RuledSlice[]> {
    const { ledger, lanes } = this.#parts
    const known = new Map<string, readonly OffsetRun[]>()
    if (ledger !== null) {
      for (const [place, span] of spansOf(slices.filter(({ event }) => hasDuplicates(lanes.get(event)!)))) {
        known.set(place, await duplicateRuns(ledger, span))
      }
    }
    return slices.map((slice) => ({ ...slice, skip: skipRuns(known.get(placeOf(slice)) ?? [], slice) }))
  }
}

const hasDuplicates = ({ contract }: EventLane) => contract.dedupWindowMs !== null

const placeOf = ({ topic, partition }: IntakeSlice) => `${topic}/${partition}`

/** By partition: from its first row to its last. */
function spansOf(slices: readonly IntakeSlice[]): ReadonlyMap<string, OffsetSpan> {
  const spans = new Map<string, OffsetSpan>()
  for (const slice of slices) {
    const { topic, partition, baseOffset, count } = slice
    const { from = baseOffset, until = baseOffset } = spans.get(placeOf(slice)) ?? {}
    const end = Math.max(until, baseOffset + count)
    spans.set(placeOf(slice), { topic, partition, from: Math.min(from, baseOffset), until: end })
  }
  return spans
}
