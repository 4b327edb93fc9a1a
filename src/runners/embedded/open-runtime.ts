/**
 * Start and recovery of a project in this process.
 *
 *   checkpoint of this generation? --yes--> restore engine, positions, counters
 *        | no                                     |
 *        v                                        v
 *   begin of the log                       run its later journaled epochs again: same cuts, same watermarks
 *        |                                        |
 *        +----------------> take what the log has beyond, then what comes <----+
 *
 * A generation is one version of contracts and views. Under a new one views that stay as they were go on,
 * with those whose operators do; the others are built from the log before anything new is run.
 */
import { dirname } from "node:path"
import type { EventContract } from "../../contracts/contract.ts"
import { DEFAULT_DEDUP_BYTES } from "../../contracts/dedup.ts"
import { createJsonDecoder } from "../../contracts/json/decoder.ts"
import type { EngineOptions } from "../../engine/create-engine.ts"
import type { Engine, OperatorSpec } from "../../engine/dataflow.ts"
import type { Log } from "../../log/log.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import { behindView } from "../../plan/reach.ts"
import type { EpochOutput, HistoryStart } from "../../ports/epoch-output.ts"
import type { VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import { fingerprint } from "../../std/fingerprint.ts"
import { restoreChangelogs } from "./changelog-parts.ts"
import { type CheckpointManifest, CheckpointStore, DEFAULT_FILE_BYTES } from "./checkpoint-store.ts"
import { Checkpointer, DEFAULT_INTERVAL_MS } from "./checkpointer.ts"
import { contractPrint } from "./contract-prints.ts"
import { DeadLetterBox } from "./dead-letter-box.ts"
import { DiskSpill } from "./disk-spill.ts"
import { type EventLane, makeHeaders } from "./door.ts"
import { Duplicates } from "./duplicates/duplicates.ts"
import { type DuplicateLimits, limitsFor } from "./duplicates/limits.ts"
import { EmbeddedRuntime } from "./embedded-runtime.ts"
import { EpochLoop, type EpochLoopParts } from "./epoch-loop.ts"
import { EpochOutputs } from "./epoch-outputs.ts"
import { historyLoader } from "./history.ts"
import { Intake } from "./intake.ts"
import { Journal, type JournalEntry } from "./journal.ts"
import { countAppended, countLogged, NO_COUNTS, restoreCounts } from "./lane-counts.ts"
import { lowerViews } from "./lower.ts"
import { Rate } from "./rate.ts"
import { Rebuild } from "./rebuild.ts"
import { recallDuplicates } from "./recall-duplicates.ts"
import { HOLDER, type Restored, restoreNewest } from "./restore-newest.ts"
import { VerdictLedger } from "./verdict-ledger.ts"
import { SourceTime } from "./watermarks.ts"

export interface OpenRuntimeOptions {
  readonly log: Log
  readonly disk: Disk
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly contracts: readonly EventContract[]
  /** In dependency order. */
  readonly plans: readonly ViewPlan[]
  readonly checkpointDirectory: string
  /** @default 10 seconds */
  readonly checkpointIntervalMs?: number
  /** At which a checkpoint begins another file of pages. @default DEFAULT_FILE_BYTES */
  readonly checkpointFileBytes?: number
  /** What takes each epoch's outcome and holds checkpoints back until it has it. @default none */
  readonly outputs?: readonly EpochOutput[]
  /**
   * Where rulings are read that memory has forgotten: the ledger, when it is among the outputs. @default none
   */
  readonly rulings?: VerdictLedgerReader
  /** Files of remembered ids. @default "duplicates" beside the checkpoints */
  readonly duplicatesDirectory?: string
  /** For one event's ids. @default what the contract's memory has room for */
  readonly duplicateLimits?: DuplicateLimits
  /** Memory for the state of views. @default DEFAULT_MAX_STATE_BYTES */
  readonly stateMemoryBytes?: number
  /** Where state goes that memory has no room for. @default "spill" beside the checkpoints */
  readonly spillDirectory?: string
  /** Makes an engine that has run nothing. @default the columnar engine */
  readonly createEngine?: (specs: readonly OperatorSpec[], options: EngineOptions) => Engine
  /** Told in words what happens: recovery, rebuilds, checkpoints that failed. */
  readonly report: (message: string) => void
}

export async function openRuntime(options: OpenRuntimeOptions): Promise<EmbeddedRuntime> {
  const { log, clock, scheduler, contracts, plans, report } = options
  const outputs = new EpochOutputs(options.outputs ?? [], contracts)
  const generation = generationOf(contracts, plans)
  const store = new CheckpointStore(options.disk, options.checkpointDirectory, {
    fileBytes: options.checkpointFileBytes ?? DEFAULT_FILE_BYTES,
  })
  const beside = dirname(options.checkpointDirectory)
  const spill = new DiskSpill(options.disk, options.spillDirectory ?? `${beside}/spill`)
  const specs = lowerViews(contracts, plans)
  const restored = await restoreNewest(options, { store, generation, outputs, specs, spill })
  const { engine, manifest, kept, runnerParts, carried } = restored
  // What was counted at the door is true for all versions of the project.
  const newest = kept[0] ?? null
  const lanes = await openLanes(options)
  const times = new Map(contracts.map((contract) => [contract.name, sourceTime(contract, clock, manifest)]))
  const ledger = new VerdictLedger(plans.map(({ name }) => name))
  if (manifest !== null) ledger.restore(manifest.verdicts)
  const intake = new Intake(historyLoader(log, lanes))
  await addPartitions(log, lanes, intake, manifest)
  restoreCounts(lanes, intake, { manifest, newest })
  await countLogged(log, lanes, intake, { manifest, newest })
  for (const lane of lanes.values()) await recallDuplicates(lane, { log, intake, report, manifest, kept })
  const letters = await DeadLetterBox.open(log, clock, newest?.letters ?? null)
  const journal = await Journal.open(log)
  const known = await entriesToReplay(journal, generation, manifest)
  // Those of another version are not run again: its epochs have outputs that this one's have not.
  const { lastEpoch, entries } = carried === null ? known : { ...known, entries: [] }
  const stored = options.rulings ?? null
  const rebuild = await openRebuild(options, { lanes, times, intake, views: carried?.rebuilt ?? new Set() })
  const parts = {
    ...{ log, clock, scheduler, contracts, plans, lanes, times, intake, ledger, stored, outputs, letters },
    ...{ spill, rebuild },
  }
  const runtime = new EmbeddedRuntime(parts)
  const loop = new EpochLoop(
    { ...parts, ...callsOf(runtime, report), engine, journal, generation, room: () => outputs.room() },
    manifest?.epoch ?? 0,
  )
  if (carried !== null) {
    loop.skipForeign(lastEpoch)
    await loop.skipOne()
  }
  outputs.begin(historyOf(restored, { generation, first: entries[0] ?? null, next: loop.nextEpoch }))
  if (manifest === null) await holdEverything(log, journal, intake)
  const checkpointer = new Checkpointer(
    {
      ...{ engine, store, clock, scheduler },
      intervalMs: options.checkpointIntervalMs ?? DEFAULT_INTERVAL_MS,
      othersDurable: (epoch) => Promise.all([outputs.whenDurable(epoch), ...idsDurable(lanes)]),
      manifest: (offset) => runtime.manifest(generation, offset),
      runnerParts: () => runtime.checkpointParts(),
      onDurable: (kept) => release(log, journal, lanes, kept),
      onFailed: (error) =>
        report(`A checkpoint could not be written, the one before stays: ${String(error)}`),
    },
    // One of another version is kept beside the next one, too: should the project change back, it is
    // restored, and needs the journal and the rows behind it.
    manifest ?? newest,
  )
  const changelogs = restoreChangelogs(plans, manifest, runnerParts)
  runtime.attach({ engine, loop, checkpointer, changelogs, journalOffset: manifest?.journalOffset ?? 0 })
  for (const entry of entries) await loop.replay(entry)
  loop.skipForeign(lastEpoch)
  countAppended(lanes, intake, letters)
  if (intake.backlogRows > 0) report(`${intake.backlogRows} events in the log are processed first.`)
  runtime.open()
  return runtime
}

function callsOf(runtime: EmbeddedRuntime, report: (message: string) => void) {
  return {
    publish: (...epoch) => runtime.publish(...epoch),
    publishRebuilt: (...epoch) => runtime.publishRebuilt(...epoch),
    onRebuilt: (offset) => runtime.onRebuilt(offset),
    atRest: (offset) => runtime.atRest(offset),
    onFailed: (error) => {
      runtime.fail(error)
      report(error.message)
    },
  } satisfies Partial<EpochLoopParts>
}

interface HistoryOf {
  readonly generation: string
  /** The first epoch that runs again. */
  readonly first: JournalEntry | null
  readonly next: number
}

/** Views that go on after a change of the project do so in a history of their own. */
function historyOf({ manifest, carried }: Restored, { generation, first, next }: HistoryOf): HistoryStart {
  const { history = first?.record.epoch ?? null, epoch = 0 } = manifest ?? {}
  if (carried === null || history === null) return { generation, history, epoch, inherits: null }
  return { generation, history: next, epoch, inherits: { history, epoch, views: carried.views } }
}

interface RebuildOf {
  readonly views: ReadonlySet<string>
  readonly lanes: ReadonlyMap<string, EventLane>
  readonly times: ReadonlyMap<string, SourceTime>
  readonly intake: Intake
}

/** Null when there is nothing to build. */
async function openRebuild(
  { log, clock, contracts, plans, rulings, report }: OpenRuntimeOptions,
  { views, lanes, times, intake }: RebuildOf,
): Promise<Rebuild | null> {
  if (views.size === 0) return null
  const byName = new Map(plans.map((plan) => [plan.name, plan]))
  const names = plans.map(({ name }) => name).filter((name) => views.has(name))
  const events = new Set(names.flatMap((name) => behindView(name, byName).events))
  const read = new Map([...lanes].filter(([event]) => events.has(event)))
  const topics = new Set([...read.values()].map(({ topic }) => topic.name))
  const until = intake.positions().filter(({ topic }) => topics.has(topic))
  const others = plans.length - names.length
  report(`${names.join(", ")}: built from the log. Views that go on as they were: ${others}.`)
  return Rebuild.open({
    ...{ views, until, times, clock, lanes: read },
    contracts: contracts.filter(({ name }) => events.has(name)),
    begin: async (topic, partition) => (await log.range(topic, partition)).begin,
    load: historyLoader(log, read),
    ledger: rulings ?? null,
  })
}

/** What decides whether state and journal of an earlier process are of use. */
function generationOf(contracts: readonly EventContract[], plans: readonly ViewPlan[]): string {
  const parts = [
    ...contracts.map((contract) => `${contract.name}=${contractPrint(contract)}`),
    ...plans.map(({ name, fingerprint, emit, allowedLatenessMs }) => {
      return `${name}=${fingerprint}/${emit}/${allowedLatenessMs}`
    }),
  ]
  return fingerprint(parts.join("\n"))
}

async function openLanes(options: OpenRuntimeOptions): Promise<ReadonlyMap<string, EventLane>> {
  const { log, clock, contracts } = options
  const lanes = new Map<string, EventLane>()
  for (const contract of contracts) {
    const { retention } = contract
    const topic = await log.createTopic({
      name: contract.topic,
      partitions: contract.partitions,
      compression: contract.compression,
      ...(retention.ms === undefined ? {} : { retentionMs: retention.ms }),
      ...(retention.bytes === undefined ? {} : { retentionBytes: retention.bytes }),
    })
    lanes.set(contract.name, {
      contract,
      decoder: createJsonDecoder(contract),
      topic,
      headers: makeHeaders(contract),
      duplicates: openDuplicates(contract, options),
      counts: { ...NO_COUNTS },
      taken: { before: 0, published: 0, logged: 0 },
      rate: new Rate(clock),
    })
  }
  return lanes
}

function openDuplicates(
  { name: event, dedupWindowMs: windowMs, dedupMemoryBytes = DEFAULT_DEDUP_BYTES }: EventContract,
  { disk, log, checkpointDirectory, ...options }: OpenRuntimeOptions,
): Duplicates | null {
  if (windowMs === null) return null
  const beside = dirname(checkpointDirectory)
  const directory = options.duplicatesDirectory ?? `${beside}/duplicates`
  disk.makeDirectory(directory)
  disk.syncDirectory(dirname(directory))
  const limits = options.duplicateLimits ?? limitsFor(dedupMemoryBytes, windowMs)
  return new Duplicates({ disk, directory, event, windowMs, limits, logId: log.logId })
}

function sourceTime(contract: EventContract, clock: Clock, manifest: CheckpointManifest | null): SourceTime {
  const time = new SourceTime(contract, clock.nowMs())
  const saved = manifest?.sources[contract.name]
  if (saved !== undefined) time.restore(saved)
  return time
}

async function addPartitions(
  log: Log,
  lanes: ReadonlyMap<string, EventLane>,
  intake: Intake,
  manifest: CheckpointManifest | null,
): Promise<void> {
  const topics = new Map([...lanes.values()].map(({ topic }) => [topic.name, topic]))
  for (const { name, partitions } of topics.values()) {
    for (let partition = 0; partition < partitions; partition++) {
      const { begin, durableEnd } = await log.range(name, partition)
      const taken = manifest?.positions[name]?.[partition] ?? begin
      intake.addPartition({ topic: name, partition, taken, durableEnd })
    }
  }
}

/**
 * The journaled epochs that lead on from the restored state, each from the one before, and the newest epoch
 * of any. Others ran on another state: of another version of the project, or before a rebuild.
 */
async function entriesToReplay(
  journal: Journal,
  generation: string,
  manifest: CheckpointManifest | null,
): Promise<{ lastEpoch: number; entries: readonly JournalEntry[] }> {
  let at = manifest?.epoch ?? 0
  let lastEpoch = at
  let entries: JournalEntry[] = []
  for await (const entry of journal.entries()) {
    const { epoch, after, generation: ranBy } = entry.record
    lastEpoch = Math.max(lastEpoch, epoch)
    if (ranBy !== generation || epoch <= (manifest?.epoch ?? 0)) continue
    if (manifest === null && after === 0) {
      at = 0
      entries = []
    }
    if (after !== at) continue
    entries.push(entry)
    at = epoch
  }
  return { lastEpoch, entries }
}

function idsDurable(lanes: ReadonlyMap<string, EventLane>): readonly Promise<void>[] {
  return [...lanes.values()].map(async ({ duplicates }) => duplicates?.memory.settled())
}

/** Lets the log drop what neither the kept checkpoints nor the journal need. The holds outlive a restart. */
async function release(
  log: Log,
  journal: Journal,
  lanes: ReadonlyMap<string, EventLane>,
  kept: CheckpointManifest,
): Promise<void> {
  await journal.release(kept.journalOffset)
  for (const [topic, positions] of Object.entries(kept.positions)) {
    for (const [partition, position] of positions.entries()) {
      let offset = position
      for (const [event, { covered }] of Object.entries(kept.duplicates ?? {})) {
        if (lanes.get(event)?.topic.name !== topic) continue
        offset = Math.min(offset, new Map(covered).get(partition) ?? offset)
      }
      await log.hold(HOLDER, topic, partition, offset)
    }
  }
  for (const [event, saved] of Object.entries(kept.duplicates ?? {})) {
    lanes.get(event)?.duplicates?.memory.release(saved)
  }
}

/** Before the first checkpoint all of the log is needed. */
async function holdEverything(log: Log, journal: Journal, intake: Intake): Promise<void> {
  await journal.release(0)
  for (const { topic, partition, taken } of intake.positions())
    await log.hold(HOLDER, topic, partition, taken)
}
