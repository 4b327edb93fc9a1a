/**
 * Builds some views from the log while the others keep what they have: those that a change of the project
 * made, or left without state. The rows that the restored engine had taken by then run again, for these views
 * alone, in epochs with watermarks of their own; which rows are duplicates is not ruled again, but known from
 * the ledger. With the last of these epochs the views are where the others are; then all go together.
 */
import type { EventContract } from "../../contracts/contract.ts"
import { NO_WATERMARK } from "../../engine/dataflow.ts"
import type { VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { Clock } from "../../std/clock.ts"
import { type EventLane, fieldIndex } from "./door.ts"
import {
  Intake,
  type IntakeSlice,
  type PartitionPosition,
  type RuledSlice,
  type SliceLoader,
} from "./intake.ts"
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
    const { clock, times } = this.#parts
    const slices = await this.#intake.take(MAX_EPOCH_ROWS)
    const nowMs = clock.nowMs()
    this.#observe(slices, nowMs)
    const watermarksUs = new Map<string, bigint>()
    for (const [event, time] of this.#times) {
      const ownUs = time.advance(nowMs)
      const reachedUs = times.get(event)!.watermarkUs
      watermarksUs.set(event, slices.length === 0 || ownUs > reachedUs ? reachedUs : ownUs)
    }
    return { slices: await Promise.all(slices.map((slice) => this.#ruled(slice))), watermarksUs }
  }

  /** The cut's epoch is out. One without rows is the last. */
  markPublished({ slices, watermarksUs }: RebuildCut): void {
    this.#intake.markPublished(slices)
    for (const { event, count } of slices) this.#rows.set(event, this.rowsOf(event) + count)
    this.#watermarksUs = new Map(watermarksUs)
    this.#isOver = slices.length === 0
  }

  #observe(slices: readonly IntakeSlice[], nowMs: number): void {
    const { lanes } = this.#parts
    for (const { topic, partition, taken, durableEnd } of this.#intake.positions()) {
      if (taken === durableEnd) continue
      for (const [event, lane] of lanes) {
        if (lane.topic.name === topic) this.#times.get(event)!.markBusy(partition, nowMs)
      }
    }
    for (const { event, partition, batch, appendTimeMs } of slices) {
      const { contract } = lanes.get(event)!
      const timeColumn = fieldIndex(contract, contract.time)
      this.#times.get(event)!.observe(partition, batch, timeColumn, appendTimeMs, nowMs)
    }
  }

  async #ruled(slice: IntakeSlice): Promise<RuledSlice> {
    const { ledger, lanes } = this.#parts
    const { topic, partition, baseOffset: from, count } = slice
    if (ledger === null || lanes.get(slice.event)!.contract.dedupWindowMs === null)
      return { ...slice, skip: null }
    let skip: Uint8Array | null = null
    for await (const run of ledger.duplicates({ topic, partition, from, until: from + count })) {
      skip ??= new Uint8Array(count)
      skip.fill(1, run.offset - from, run.offset - from + run.count)
    }
    return { ...slice, skip }
  }
}
