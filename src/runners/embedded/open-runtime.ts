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
 * A generation is one version of contracts and views. A new one rebuilds every view from the log.
 */
import { dirname } from "node:path"
import type { EventContract } from "../../contracts/contract.ts"
import { DEFAULT_DEDUP_BYTES } from "../../contracts/dedup.ts"
import { createJsonDecoder } from "../../contracts/json/decoder.ts"
import { createEngine, type EngineOptions } from "../../engine/create-engine.ts"
import type { Engine, OperatorSpec } from "../../engine/dataflow.ts"
import type { CheckpointPart } from "../../engine/engine-checkpoint.ts"
import type { Log } from "../../log/log.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { EpochOutput } from "../../ports/epoch-output.ts"
import type { VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import type { Disk } from "../../std/disk.ts"
import { isPlatformError } from "../../std/errors.ts"
import { fingerprint } from "../../std/fingerprint.ts"
import { isChangelogPart, restoreChangelogs } from "./changelog-parts.ts"
import { type CheckpointManifest, CheckpointStore, DEFAULT_FILE_BYTES } from "./checkpoint-store.ts"
import { Checkpointer, DEFAULT_INTERVAL_MS } from "./checkpointer.ts"
import type { KnownPages } from "./checkpoints/known-pages.ts"
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
import { recallDuplicates } from "./recall-duplicates.ts"
import { VerdictLedger } from "./verdict-ledger.ts"
import { SourceTime } from "./watermarks.ts"

const HOLDER = "recovery"

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

interface Restored {
  readonly engine: Engine
  readonly manifest: CheckpointManifest | null
  readonly runnerParts: readonly CheckpointPart[]
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
  const newEngine = engineMaker(options, spill)
  const { engine, manifest, runnerParts } = restoreNewest(options, { store, generation, outputs, newEngine })
  const lanes = await openLanes(options)
  const times = new Map(contracts.map((contract) => [contract.name, sourceTime(contract, clock, manifest)]))
  const ledger = new VerdictLedger(plans.map(({ name }) => name))
  if (manifest !== null) ledger.restore(manifest.verdicts)
  const intake = new Intake(historyLoader(log, lanes))
  await addPartitions(log, lanes, intake, manifest)
  const newest = newestManifest(log, store)
  restoreCounts(lanes, intake, { manifest, newest })
  await countLogged(log, lanes, intake, { manifest, newest })
  for (const lane of lanes.values()) {
    await recallDuplicates(lane, { log, intake, report, saved: manifest?.duplicates?.[lane.contract.name] })
  }
  const letters = await DeadLetterBox.open(log, clock, newest?.letters ?? null)
  const journal = await Journal.open(log)
  const { lastEpoch, entries } = await entriesToReplay(journal, generation, manifest)
  const history = manifest?.history ?? entries[0]?.record.epoch ?? null
  outputs.begin({ generation, history, epoch: manifest?.epoch ?? 0, inherits: null })
  const stored = options.rulings ?? null
  const parts = {
    ...{ log, clock, scheduler, contracts, plans, lanes, times, intake, ledger, stored, outputs, letters },
    spill,
  }
  const runtime = new EmbeddedRuntime(parts)
  const onFailed = (error: Error) => {
    runtime.fail(error)
    report(error.message)
  }
  const publish: EpochLoopParts["publish"] = (result, cut, slices) => runtime.publish(result, cut, slices)
  const atRest = (offset: number) => runtime.atRest(offset)
  const loop = new EpochLoop(
    { ...parts, engine, journal, generation, publish, atRest, onFailed, room: () => outputs.room() },
    manifest?.epoch ?? 0,
  )
  if (manifest === null) await holdEverything(log, journal, intake)
  const checkpointer = new Checkpointer(
    {
      ...{ engine, store, clock, scheduler },
      intervalMs: options.checkpointIntervalMs ?? DEFAULT_INTERVAL_MS,
      outputsDurable: (epoch) => outputs.whenDurable(epoch),
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

/** What decides whether state and journal of an earlier process are of use. */
function generationOf(contracts: readonly EventContract[], plans: readonly ViewPlan[]): string {
  const parts = [
    ...contracts.map(
      ({ name, fingerprint, id, dedupWindowMs }) => `${name}=${fingerprint}/${id}/${dedupWindowMs}`,
    ),
    ...plans.map(({ name, fingerprint, emit, allowedLatenessMs }) => {
      return `${name}=${fingerprint}/${emit}/${allowedLatenessMs}`
    }),
  ]
  return fingerprint(parts.join("\n"))
}

/** Makes engines that have run nothing; of several the last one is used, and the others' files go. */
function engineMaker(options: OpenRuntimeOptions, spill: DiskSpill): () => Engine {
  const specs = lowerViews(options.contracts, options.plans)
  const make = options.createEngine ?? createEngine
  const { stateMemoryBytes, clock } = options
  const limit = stateMemoryBytes === undefined ? {} : { maxStateBytes: stateMemoryBytes }
  return () => {
    spill.clear()
    return make(specs, { nowMs: () => clock.monotonicMs(), spill, ...limit })
  }
}

interface RestoreParts {
  readonly store: CheckpointStore
  readonly generation: string
  readonly outputs: EpochOutputs
  readonly newEngine: () => Engine
}

function restoreNewest(
  options: OpenRuntimeOptions,
  { store, generation, outputs, newEngine }: RestoreParts,
): Restored {
  for (const { path } of store.list()) {
    try {
      const manifest = store.manifest(path)
      if (manifest.logId !== options.log.logId || manifest.generation !== generation) continue
      if (!outputs.cover(manifest)) {
        options.report(`The checkpoint ${path} is passed over: not all verdicts up to it are in the ledger.`)
        continue
      }
      const engine = newEngine()
      const runnerParts: CheckpointPart[] = []
      const read: KnownPages[] = []
      engine.restore(withoutRunnerParts(store.parts(path), runnerParts), (targets) => {
        read.push(store.readPages(path, targets))
      })
      for (const known of read) store.goOn(known)
      return { engine, manifest, runnerParts }
    } catch (error) {
      options.report(error instanceof Error ? error.message : String(error))
    }
  }
  return { engine: newEngine(), manifest: null, runnerParts: [] }
}

/** Of any version of the project: what was counted at the door is true for all of them. */
function newestManifest(log: Log, store: CheckpointStore): CheckpointManifest | null {
  for (const { path } of store.list()) {
    try {
      const manifest = store.manifest(path)
      if (manifest.logId === log.logId) return manifest
    } catch (error) {
      // That it is damaged was reported when it was not restored.
      if (!isPlatformError(error, "checkpoint-corrupt")) throw error
    }
  }
  return null
}

function* withoutRunnerParts(
  parts: Iterable<CheckpointPart>,
  runnerParts: CheckpointPart[],
): Generator<CheckpointPart> {
  for (const part of parts) {
    if (isChangelogPart(part)) runnerParts.push(part)
    else yield part
  }
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
