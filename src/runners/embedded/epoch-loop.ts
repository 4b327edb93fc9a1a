/**
 * The heartbeat: takes rows from the intake, cuts an epoch, journals it, runs the engine, lets the outputs
 * go.
 *
 *   intake -> cut -> journal.append (synced) -> engine.runEpoch (to rest) -> publish -> checkpoint, if due
 */
import type { Engine, EpochInput, EpochResult, SourceSlice } from "../../engine/dataflow.ts"
import type { Clock, Scheduler, Timer } from "../../std/clock.ts"
import type { EventLane } from "./door.ts"
import { idsOf } from "./door.ts"
import { stateBroken } from "./errors.ts"
import { bySource, type Intake, type IntakeSlice, type RuledSlice } from "./intake.ts"
import type { EpochRecord, Journal, JournalEntry } from "./journal.ts"
import { sourceId } from "./lower.ts"
import { observe } from "./observe.ts"
import type { Rebuild, RebuildCut } from "./rebuild.ts"
import type { SourceTime } from "./watermarks.ts"

/** Rows of one epoch: enough to amortise the journal's sync, few enough to stay within milliseconds. */
const MAX_EPOCH_ROWS = 32_768
/** How often idle partitions are looked at when nothing arrives. */
const IDLE_CHECK_MS = 250

export interface EpochLoopParts {
  readonly engine: Engine
  readonly journal: Journal
  readonly intake: Intake
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly generation: string
  readonly lanes: ReadonlyMap<string, EventLane>
  readonly times: ReadonlyMap<string, SourceTime>
  /** Views that are to catch up before anything new is run. */
  readonly rebuild: Rebuild | null
  /** Called for each epoch of the rebuild. */
  readonly publishRebuilt: (result: EpochResult, cut: RebuildCut) => void
  /** Called when the rebuild is over: what it built is kept from now on. */
  readonly onRebuilt: (journalOffset: number) => void
  /** Called for each epoch in order, when its outputs may leave. */
  readonly publish: (result: EpochResult, cut: EpochRecord, slices: readonly RuledSlice[]) => void
  /** Null while what takes the epochs has room for another; else resolves when it has. */
  readonly room: () => Promise<void> | null
  /** Called between epochs: checkpoints and whatever else wants the engine at rest. */
  readonly atRest: (journalOffset: number) => void
  readonly onFailed: (error: Error) => void
}

export class EpochLoop {
  readonly #parts: EpochLoopParts
  #epoch: number
  #stopping = false
  #running: Promise<void> | null = null
  #failure: Error | null = null

  /** @param epoch the one that the engine was restored at; 0 when it has run nothing. */
  constructor(parts: EpochLoopParts, epoch: number) {
    this.#parts = parts
    this.#epoch = epoch
  }

  get failure(): Error | null {
    return this.#failure
  }

  /**
   * The journal knows epochs up to `lastEpoch`. Where the newest of them are another generation's, one
   * number is left out: epochs of one history follow each other without a gap, and a gap tells readers that
   * it is another.
   */
  skipForeign(lastEpoch: number): void {
    if (lastEpoch > this.#epoch) this.#epoch = lastEpoch + 1
  }

  /** Takes a number for nothing, so that what begins with the next one has it alone. */
  async skipOne(): Promise<void> {
    const { journal, clock } = this.#parts
    await journal.append(this.#unrepeated(clock.nowMs()))
  }

  /** The next epoch's number. */
  get nextEpoch(): number {
    return this.#epoch + 1
  }

  /** Runs one journaled epoch again: same rows, same watermarks. */
  async replay({ record, offset }: JournalEntry): Promise<void> {
    const { intake, times, clock } = this.#parts
    const slices: IntakeSlice[] = []
    for (const [topic, ends] of Object.entries(record.ends)) {
      for (const [partition, end] of ends) slices.push(...(await intake.takeUntil(topic, partition, end)))
    }
    slices.sort(bySource)
    observe(this.#parts, slices, clock.nowMs())
    for (const [event, text] of Object.entries(record.watermarksUs)) {
      times.get(event)?.restoreWatermark(BigInt(text))
    }
    this.#epoch = record.epoch
    await this.#parts.room()
    this.#runAndPublish(record, slices)
    this.#parts.atRest(offset)
  }

  start(): void {
    this.#running = this.#loop().catch((cause: unknown) => {
      this.#failure = stateBroken(cause)
      this.#parts.onFailed(this.#failure)
    })
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#parts.intake.wake()
    await this.#running
  }

  async #loop(): Promise<void> {
    const { intake } = this.#parts
    await this.#rebuild()
    while (!this.#stopping) {
      await this.#parts.room()
      const slices = await intake.take(MAX_EPOCH_ROWS)
      if (slices.length > 0) await this.#runNew(slices)
      else if (this.#timeMoved() || this.#waitMs() <= 0) await this.#runNew([])
      else await this.#waitForWork()
    }
  }

  /** Its epochs have numbers that nothing else has, but none is ever run again: a crash begins anew. */
  async #rebuild(): Promise<void> {
    const { rebuild, journal, clock, engine, publishRebuilt, onRebuilt } = this.#parts
    if (rebuild === null) return
    let offset = 0
    while (!this.#stopping) {
      await this.#parts.room()
      const cut = await rebuild.next()
      if (cut === null) return onRebuilt(offset)
      const clockMs = clock.nowMs()
      offset = await journal.append(this.#unrepeated(clockMs))
      const watermarksUs = new Map([...cut.watermarksUs].map(([event, us]) => [sourceId(event), us]))
      const slices = cut.slices.map(sourceSlice)
      const input = { epoch: this.#epoch, slices, watermarksUs, clockMs, rebuilt: rebuild.views }
      publishRebuilt(engine.runEpoch(input), cut)
    }
  }

  /** A record that takes the next number. */
  #unrepeated(clockMs: number): EpochRecord {
    const { generation, engine } = this.#parts
    const after = engine.epoch
    return {
      epoch: ++this.#epoch,
      after,
      generation: `${generation}/rebuild`,
      clockMs,
      ends: {},
      watermarksUs: {},
    }
  }

  async #waitForWork(): Promise<void> {
    const { intake, scheduler } = this.#parts
    const timer: Timer = scheduler.after(Math.min(IDLE_CHECK_MS, this.#waitMs()), () => intake.wake())
    await intake.waitForRows()
    timer.cancel()
  }

  /** Until the engine wants an epoch though no rows come: the first processing-time timer. */
  #waitMs(): number {
    const { engine, clock } = this.#parts
    const wakeAtMs = engine.wakeAtMs()
    return wakeAtMs === null ? Number.POSITIVE_INFINITY : wakeAtMs - clock.nowMs()
  }

  async #runNew(slices: readonly IntakeSlice[]): Promise<void> {
    const { journal, clock } = this.#parts
    const record = this.#cut(slices, clock.nowMs())
    // First the journal, then the engine: whoever reads a view sees only epochs that will be the same after a
    // crash. The wait costs nothing, since this thread decodes the next rows meanwhile.
    const offset = await journal.append(record)
    this.#runAndPublish(record, slices)
    this.#parts.atRest(offset)
  }

  #runAndPublish(record: EpochRecord, slices: readonly IntakeSlice[]): void {
    const ruled = slices.map((slice) => ({ ...slice, skip: this.#rule(slice) }))
    this.#parts.publish(this.#run(record, ruled), record, ruled)
  }

  #cut(slices: readonly IntakeSlice[], nowMs: number): EpochRecord {
    const { generation, times, engine } = this.#parts
    observe(this.#parts, slices, nowMs)
    const watermarksUs: Record<string, string> = {}
    for (const [event, time] of times) watermarksUs[event] = String(time.advance(nowMs))
    const after = engine.epoch
    return { epoch: ++this.#epoch, after, generation, clockMs: nowMs, ends: endsOf(slices), watermarksUs }
  }

  #run(record: EpochRecord, slices: readonly RuledSlice[]): EpochResult {
    const { engine, times } = this.#parts
    const watermarksUs = new Map<string, bigint>()
    for (const event of times.keys()) {
      const text = record.watermarksUs[event]
      if (text !== undefined) watermarksUs.set(sourceId(event), BigInt(text))
    }
    const input: EpochInput = {
      epoch: record.epoch,
      slices: slices.map(sourceSlice),
      watermarksUs,
      clockMs: record.clockMs,
    }
    const result = engine.runEpoch(input)
    this.#endRulings()
    return result
  }

  /** What no row to come can be a copy of is forgotten. */
  #endRulings(): void {
    const positions = this.#parts.intake.positions()
    for (const { duplicates, topic } of this.#parts.lanes.values()) {
      if (duplicates === null) continue
      const behind = positions.filter((at) => at.topic === topic.name && at.taken < at.durableEnd)
      duplicates.memory.endEpoch(new Set(behind.map(({ partition }) => partition)))
    }
  }

  /** Marks rows whose id came before within the window; every id is remembered either way. */
  #rule(slice: IntakeSlice): Uint8Array | null {
    const lane = this.#parts.lanes.get(slice.event)!
    const { duplicates, contract } = lane
    if (duplicates === null) return null
    return duplicates.rule(idsOf(contract, slice.batch, duplicates.seed), slice)
  }

  /** True when a watermark would move although no rows came: a partition fell idle. */
  #timeMoved(): boolean {
    const nowMs = this.#parts.clock.nowMs()
    let moved = false
    for (const time of this.#parts.times.values()) {
      const before = time.watermarkUs
      if (time.advance(nowMs) > before) moved = true
    }
    return moved
  }
}

function sourceSlice({ event, partition, baseOffset, batch, skip }: RuledSlice): SourceSlice {
  return { source: sourceId(event), partition, baseOffset, batch, skip }
}

function endsOf(slices: readonly IntakeSlice[]): EpochRecord["ends"] {
  const ends: Record<string, [number, number][]> = {}
  for (const { topic, partition, baseOffset, count } of slices) {
    ends[topic] ??= []
    const list = ends[topic]
    const known = list.find(([other]) => other === partition)
    if (known === undefined) list.push([partition, baseOffset + count])
    else known[1] = Math.max(known[1], baseOffset + count)
  }
  return ends
}
