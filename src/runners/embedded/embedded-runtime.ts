/**
 * A project running in this process: the log, the door, the engine and what is known of them, behind the
 * Runtime face. Opening it recovers: last checkpoint, then the journaled epochs again, then whatever the log
 * has beyond.
 */
import type { Scalar } from "../../columns/types.ts"
import type { EventContract } from "../../contracts/contract.ts"
import { type Engine, type EpochResult, NO_WATERMARK } from "../../engine/dataflow.ts"
import type { CheckpointPart } from "../../engine/engine-checkpoint.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { CutSource, ViewCut } from "../clickhouse/cut.ts"
import type {
  EventStatus,
  EventTail,
  IngestAnswer,
  IngestRequest,
  MetricSample,
  OperatorWork,
  ReceiptAnswer,
  RejectedSample,
  Runtime,
  Subscription,
  ViewRowsAnswer,
  ViewRowsRequest,
  ViewStatus,
} from "../runtime.ts"
import type { RecordPlace, RowRuling, RulingSource } from "../trail/event-trail.ts"
import type { Changelog } from "./changelog.ts"
import { changelogParts } from "./changelog-parts.ts"
import type { CheckpointManifest } from "./checkpoint-store.ts"
import type { Checkpointer } from "./checkpointer.ts"
import { contractPrints } from "./contract-prints.ts"
import { Door, type EventLane } from "./door.ts"
import type { EpochLoop } from "./epoch-loop.ts"
import { unknownEvent, unknownView } from "./errors.ts"
import type { RuledSlice } from "./intake.ts"
import type { EpochRecord } from "./journal.ts"
import { countPublished, doorImbalance } from "./lane-counts.ts"
import { LogTail } from "./log-tail.ts"
import { sourceId } from "./lower.ts"
import { collectMetrics, duplicateSamples } from "./metrics.ts"
import { OperatorWorks } from "./operator-work.ts"
import type { RebuildCut } from "./rebuild.ts"
import { ReceiptDesk } from "./receipt-desk.ts"
import { RejectedSamples } from "./rejected-samples.ts"
import type { Recovered, RuntimeParts } from "./runtime-parts.ts"
import { cutOf } from "./view-cut.ts"
import { ViewProgress } from "./view-progress.ts"
import { ViewReader } from "./view-reader.ts"
import { ViewSubscription } from "./view-subscription.ts"

export class EmbeddedRuntime implements Runtime, CutSource, RulingSource {
  readonly startedAtMs: number
  readonly logId: string
  readonly #parts: RuntimeParts
  readonly #door: Door
  readonly #samples = new RejectedSamples()
  readonly #plans: ReadonlyMap<string, ViewPlan>
  #changelogs: ReadonlyMap<string, Changelog> = new Map()
  readonly #desk: ReceiptDesk
  readonly #works: OperatorWorks
  readonly #tails = new Set<LogTail>()
  #onPublished: (slices: readonly RuledSlice[]) => void = () => {}
  #engine: Engine | null = null
  #reader: ViewReader | null = null
  #loop: EpochLoop | null = null
  #checkpointer: Checkpointer | null = null
  #journalOffset = 0
  #notReady: string | null = "recovering"
  /** Why no epoch will run any more. */
  #failure: Error | null = null
  /** The newest epoch that was published or restored. */
  #lastEpoch = 0
  readonly #progress: ViewProgress

  constructor(parts: RuntimeParts) {
    const { clock, log } = parts
    this.#parts = parts
    this.startedAtMs = clock.nowMs()
    this.logId = log.logId
    this.#plans = new Map(parts.plans.map((plan) => [plan.name, plan]))
    this.#progress = new ViewProgress({ ...parts, plans: this.#plans, startedAtMs: this.startedAtMs })
    this.#works = new OperatorWorks(parts.contracts, parts.plans)
    this.#desk = new ReceiptDesk({ ...parts, plans: this.#plans })
    this.#door = new Door({
      ...parts,
      onRejected: (event, rows, request) => this.#samples.add(event, rows, request, clock.nowMs()),
    })
  }

  attach(recovered: Recovered): void {
    const { engine, loop, checkpointer, changelogs, journalOffset } = recovered
    this.#engine = engine
    this.#reader = new ViewReader(engine, this.#parts.clock)
    this.#loop = loop
    this.#checkpointer = checkpointer
    this.#changelogs = changelogs
    this.#journalOffset = journalOffset
    this.#lastEpoch = engine.epoch
    this.#progress.begin()
  }

  /** Takes events from now on. */
  open(): void {
    this.#notReady = null
    this.#loop?.start()
  }

  /** No epoch will run any more: nothing new is taken that no view would ever show. */
  fail(error: Error): void {
    this.#failure = error
    this.#notReady = error.message
  }

  /** An epoch's outputs may leave. */
  publish(result: EpochResult, cut: EpochRecord, slices: readonly RuledSlice[]): void {
    this.#progress.advance(cut.watermarksUs)
    this.#publishResult(result, slices)
    this.#onPublished(slices)
    this.#parts.intake.markPublished(slices)
    for (const { event, count } of slices) countPublished(this.#parts.lanes.get(event)!, count)
    this.#checkpointer!.countRows(slices.reduce((rows, { count }) => rows + count, 0))
    this.#desk.settle()
  }

  /** An epoch of views that are built anew; what it read had been published before. */
  publishRebuilt(result: EpochResult, cut: RebuildCut): void {
    this.#parts.rebuild!.markPublished(cut)
    this.#publishResult(result, [])
    this.#desk.settle()
  }

  /** All views are where the restored ones were. */
  onRebuilt(journalOffset: number): void {
    this.#journalOffset = journalOffset
    this.#checkpointer!.begin(journalOffset)
  }

  #publishResult(result: EpochResult, slices: readonly RuledSlice[]): void {
    const { epoch } = result
    this.#parts.ledger.record(result.verdicts)
    this.#parts.outputs.publish(result, slices)
    if (epoch !== this.#lastEpoch + 1) this.#beginHistory(epoch - 1)
    this.#lastEpoch = epoch
    for (const { view, changes } of result.changes) {
      const watermarkUs = this.#progress.watermarkUs(this.#plan(view))
      this.#changelogs.get(view)!.publish({ kind: "changes", epoch, watermarkUs, changes })
    }
  }

  /** Another version of the project ran in between: who read it then cannot go on here. */
  #beginHistory(epoch: number): void {
    for (const changelog of this.#changelogs.values()) changelog.beginAfter(epoch)
  }

  /** Told of each epoch's rows; their memory is given back when it returns. */
  onPublished(listener: (slices: readonly RuledSlice[]) => void): void {
    this.#onPublished = listener
  }

  get lanes(): ReadonlyMap<string, EventLane> {
    return this.#parts.lanes
  }

  /** The newest epoch whose outputs are out. */
  get publishedEpoch(): number {
    return this.#lastEpoch
  }

  /** Offset behind the rows of a partition whose epochs are out. */
  publishedEnd(topic: string, partition: number): number {
    return this.#parts.intake.position(topic, partition).published
  }

  /** What a view made of one row; null when that is remembered no more. */
  ruling(view: string, { event, partition, offset }: RecordPlace): RowRuling | null {
    return this.#parts.ledger.ruling(this.#plan(view).name, sourceId(event), { partition, offset })
  }

  atRest(journalOffset: number): void {
    this.#journalOffset = journalOffset
    this.#checkpointer!.beginIfDue(journalOffset)
  }

  events(): readonly EventStatus[] {
    return this.#parts.contracts.map((contract) => this.#eventStatus(contract))
  }

  views(): readonly ViewStatus[] {
    return this.#parts.plans.map((plan) => ({
      plan,
      epoch: this.#engine!.epoch,
      rowCount: this.#engine!.rowCount(plan.name),
      ...this.#progress.status(plan),
    }))
  }

  work(view: string): readonly OperatorWork[] {
    return this.#works.of(this.#engine!, this.#plan(view).name)
  }

  rejectedSamples(): readonly RejectedSample[] {
    return this.#samples.list()
  }

  async ingest(request: IngestRequest): Promise<IngestAnswer> {
    if (this.#failure !== null) throw this.#failure
    const answer = await this.#door.ingest(request)
    for (const tail of this.#tails) tail.wake()
    return answer
  }

  rows(request: ViewRowsRequest): ViewRowsAnswer {
    const plan = this.#plan(request.view)
    return this.#reader!.rows(plan, request, this.#progress.watermarkUs(plan))
  }

  lookup(view: string, key: readonly Scalar[]): Scalar[] | null {
    return this.#engine!.lookup(this.#plan(view).name, key)
  }

  awaitReceipt(view: string, receipt: string, timeoutMs: number): Promise<ReceiptAnswer> {
    return this.#desk.answer(this.#plan(view), receipt, timeoutMs, () => this.#lastEpoch)
  }

  subscribe(view: string, afterEpoch: number | null): Subscription {
    const plan = this.#plan(view)
    const parts = {
      engine: this.#engine!,
      plan,
      changelog: this.#changelogs.get(view)!,
      watermarkUs: () => this.#progress.watermarkUs(plan),
    }
    return new ViewSubscription(parts, afterEpoch)
  }

  tail(event: string, fromOffsets: ReadonlyMap<number, number> | null): EventTail {
    const lane = this.#parts.lanes.get(event)
    if (lane === undefined) throw unknownEvent(event, [...this.#parts.lanes.keys()])
    const positions = this.#parts.intake.positions().filter(({ topic }) => topic === lane.topic.name)
    const starts = new Map(
      positions.map(({ partition, durableEnd }) => [partition, fromOffsets?.get(partition) ?? durableEnd]),
    )
    const tail = new LogTail(this.#parts.log, lane, starts, () => this.#tails.delete(tail))
    this.#tails.add(tail)
    return tail
  }

  /** The view and everything that it was made of, as of the newest epoch. */
  cut(view: string): ViewCut {
    const { outputs } = this.#parts
    const plan = this.#plan(view)
    const positions = this.#progress.positions(plan)
    return cutOf({
      engine: this.#engine!,
      plan,
      history: outputs.history,
      positions: positions.map(({ topic, partition, published }) => ({ topic, partition, end: published })),
      watermarksUs: new Map([...this.#plans].map(([name, each]) => [name, this.#progress.watermarkUs(each)])),
    })
  }

  metrics(): readonly MetricSample[] {
    const { lanes, log } = this.#parts
    return [...collectMetrics(this, this.#engine!, log.queuedBytes), ...duplicateSamples(lanes)]
  }

  ready(): { readonly ready: boolean; readonly reason: string | null } {
    return { ready: this.#notReady === null, reason: this.#notReady }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#notReady = "stopping"
    await this.#loop?.stop()
    for (const changelog of this.#changelogs.values()) changelog.close()
    for (const tail of [...this.#tails]) tail[Symbol.dispose]()
    this.#desk.close()
    this.#reader?.[Symbol.dispose]()
    const memories = [...this.#parts.lanes.values()].flatMap(({ duplicates }) => duplicates?.memory ?? [])
    if (this.#loop?.failure === null) {
      // What is half built is built anew by the next start, from the checkpoint that it began with.
      if (this.#parts.rebuild?.isOver !== false) await this.#checkpointer?.finish(this.#journalOffset)
    }
    for (const memory of memories) await memory.close()
    this.#parts.spill[Symbol.dispose]()
  }

  /** What a checkpoint keeps beside the engine's parts. */
  manifest(generation: string, journalOffset: number): CheckpointManifest {
    const { intake, times, lanes, ledger, log, outputs, letters, contracts } = this.#parts
    const positions: Record<string, number[]> = {}
    for (const { topic, partition, published } of intake.positions()) {
      const ends = positions[topic] ?? []
      ends[partition] = published
      positions[topic] = ends
    }
    return {
      epoch: this.#engine!.epoch,
      history: outputs.history,
      generation,
      journalOffset,
      logId: log.logId,
      contracts: contractPrints(contracts),
      positions,
      sources: Object.fromEntries([...times].map(([event, time]) => [event, time.save()])),
      verdicts: ledger.save(),
      letters: letters.save(),
      taken: Object.fromEntries([...lanes].map(([event, lane]) => [event, { ...lane.taken }])),
      counters: Object.fromEntries([...lanes].map(([event, lane]) => [event, { ...lane.counts }])),
      changelogs: Object.fromEntries(this.#savedChangelogs((saved) => saved.completeAfter)),
      duplicates: Object.fromEntries(
        [...lanes].flatMap(([event, { duplicates }]) => {
          return duplicates === null ? [] : [[event, duplicates.memory.save()] as const]
        }),
      ),
    }
  }

  /** The views' newest changes, for the checkpoint that is being taken. */
  checkpointParts(): Iterable<CheckpointPart> {
    return changelogParts(this.#savedChangelogs((saved) => saved.entries))
  }

  #savedChangelogs<Value>(pick: (saved: ReturnType<Changelog["save"]>) => Value): Map<string, Value> {
    return new Map([...this.#changelogs].map(([view, changelog]) => [view, pick(changelog.save())]))
  }

  #eventStatus(contract: EventContract): EventStatus {
    const { lanes, times, intake, clock } = this.#parts
    const lane = lanes.get(contract.name)!
    const time = times.get(contract.name)!
    const nowMs = clock.nowMs()
    const positions = intake.positions().filter(({ topic }) => topic === lane.topic.name)
    return {
      contract,
      ...lane.counts,
      appended: positions.reduce((total, { durableEnd }) => total + durableEnd, 0),
      imbalance: doorImbalance(lane.counts),
      eventsPerSecond: lane.rate.perSecond(),
      watermarkUs: known(time.watermarkUs),
      watermarkHeldBy: time.heldBy(nowMs),
      partitions: positions.map(({ partition, durableEnd, published }) => {
        return { durableEnd, processed: published, idle: time.isIdle(partition, nowMs) }
      }),
    }
  }

  #plan(view: string): ViewPlan {
    const plan = this.#plans.get(view)
    if (plan === undefined) throw unknownView(view, [...this.#plans.keys()])
    return plan
  }
}

function known(watermarkUs: bigint): bigint | null {
  return watermarkUs === NO_WATERMARK ? null : watermarkUs
}
