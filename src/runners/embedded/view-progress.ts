/** How far each view has come through the log, and what it made of the rows so far. */
import { NO_WATERMARK } from "../../engine/dataflow.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import { behindView } from "../../plan/reach.ts"
import type { ViewStatus } from "../runtime.ts"
import type { EventLane } from "./door.ts"
import type { PartitionPosition } from "./intake.ts"
import { takenRows } from "./lane-counts.ts"
import type { Rebuild } from "./rebuild.ts"
import type { RuntimeParts } from "./runtime-parts.ts"

export interface ViewProgressParts
  extends Pick<RuntimeParts, "lanes" | "intake" | "ledger" | "rebuild" | "times"> {
  readonly plans: ReadonlyMap<string, ViewPlan>
  readonly startedAtMs: number
}

export class ViewProgress {
  readonly #parts: ViewProgressParts
  /** Per event, as of the newest epoch that is out: what its outputs may say. */
  readonly #watermarksUs = new Map<string, bigint>()

  constructor(parts: ViewProgressParts) {
    this.#parts = parts
  }

  /** The engine is where the sources are. */
  begin(): void {
    for (const [event, { watermarkUs }] of this.#parts.times) this.#watermarksUs.set(event, watermarkUs)
  }

  /** An epoch is out that ended with these, as text. */
  advance(watermarksUs: Readonly<Record<string, string>>): void {
    for (const [event, text] of Object.entries(watermarksUs)) this.#watermarksUs.set(event, BigInt(text))
  }

  status(plan: ViewPlan): Omit<ViewStatus, "plan" | "epoch" | "rowCount"> {
    const { ledger } = this.#parts
    const taken = this.#lanesOf(plan).reduce((sum, lane) => sum + this.#takenRows(plan, lane), 0)
    const pending = this.#pending(plan)
    return {
      ...pending,
      watermarkUs: this.watermarkUs(plan),
      verdicts: ledger.totals(plan.name),
      appendedEvents: taken + pending.pendingEvents,
      imbalance: taken - ledger.ruled(plan.name),
    }
  }

  watermarkUs(plan: ViewPlan): bigint | null {
    const rebuild = this.#rebuildOf(plan)
    const all = this.#lanesOf(plan).map(({ contract: { name } }) => {
      return rebuild?.watermarkUs(name) ?? this.#watermarksUs.get(name)!
    })
    const lowest = all.reduce((low, each) => (each < low ? each : low), all[0] ?? NO_WATERMARK)
    return lowest === NO_WATERMARK ? null : lowest
  }

  /** Of the partitions that reach the view. */
  positions(plan: ViewPlan): readonly PartitionPosition[] {
    const topics = new Set(this.#lanesOf(plan).map(({ topic }) => topic.name))
    const all = (this.#rebuildOf(plan) ?? this.#parts.intake).positions()
    return all.filter(({ topic }) => topics.has(topic))
  }

  #pending(plan: ViewPlan): Pick<ViewStatus, "pendingEvents" | "pendingSinceMs"> {
    const { lanes, intake, startedAtMs } = this.#parts
    const reads = this.#lanesOf(plan)
    let pendingEvents = 0
    let pendingSinceMs: number | null = null
    if (this.#rebuildOf(plan) !== null) {
      pendingSinceMs = startedAtMs
      for (const lane of reads) pendingEvents += takenRows(lane, lanes, intake) - this.#takenRows(plan, lane)
    }
    const topics = new Set(reads.map(({ topic }) => topic.name))
    for (const { topic, partition, durableEnd, published } of intake.positions()) {
      if (!topics.has(topic)) continue
      pendingEvents += durableEnd - published
      const oldestMs = intake.waitingSinceMs(topic, partition)
      if (oldestMs !== null) pendingSinceMs = Math.min(pendingSinceMs ?? oldestMs, oldestMs)
    }
    return { pendingEvents, pendingSinceMs }
  }

  /** Rows of the event that the view has been given. */
  #takenRows(plan: ViewPlan, lane: EventLane): number {
    const { lanes, intake } = this.#parts
    return this.#rebuildOf(plan)?.rowsOf(lane.contract.name) ?? takenRows(lane, lanes, intake)
  }

  /** Of the events that reach the view, directly or through other views. */
  #lanesOf({ name }: ViewPlan): readonly EventLane[] {
    const { plans, lanes } = this.#parts
    return behindView(name, plans).events.map((event) => lanes.get(event)!)
  }

  /** What builds the view; null when it is where the others are. */
  #rebuildOf({ name }: ViewPlan): Rebuild | null {
    const { rebuild } = this.#parts
    return rebuild?.builds(name) === true ? rebuild : null
  }
}
