/**
 * The engine: operators compiled from a graph, run epoch by epoch. It is a step machine: no clock, no
 * threads, no IO; what an epoch returns follows from state and input alone.
 *
 * Operators may be split by key among parts, each with state of its own. Here they take their turns in one
 * thread; whoever has threads runs the same parts in them.
 */
import type { Scalar } from "../columns/types.ts"
import { assert } from "../std/assert.ts"
import { deriveRows } from "./checkpoint/derive-rows.ts"
import { HeldCheckpoint } from "./checkpoint/held-checkpoint.ts"
import type { EngineMeta } from "./checkpoint/part-format.ts"
import { CHECKPOINT_FORMAT, META, readJson } from "./checkpoint/part-format.ts"
import { pagePlace, SavedParts, SavedState } from "./checkpoint/saved-state.ts"
import { type ViewFingerprints, viewFingerprints, viewsGoingOn } from "./checkpoint/view-fingerprints.ts"
import type { Crew, CrewOptions, OtherPart } from "./crew.ts"
import { LocalCrew, makeParts } from "./crew.ts"
import type {
  Engine,
  EpochInput,
  EpochResult,
  OperatorSpec,
  OperatorWork,
  ViewLosses,
  ViewSnapshot,
} from "./dataflow.ts"
import type { CheckpointPart, EngineCheckpoint, GoingOn, RestoreOptions } from "./engine-checkpoint.ts"
import { checkpointMismatch } from "./errors.ts"
import type { ViewPipeline } from "./graph/routes.ts"
import { addLosses } from "./losses.ts"
import type { EnginePart } from "./part.ts"
import { ViewReader } from "./read/view-reader.ts"
import { takeOver } from "./resharding/take-over.ts"
import type { SpillOptions } from "./state/page-store.ts"
import { addSpillStats, type SpillStats } from "./state/spilled-pages.ts"
import { addWorks } from "./work-meter.ts"

/** Beyond it an epoch fails with state-full rather than the process with no memory left. */
export const DEFAULT_MAX_STATE_BYTES = 3 * 2 ** 30

export interface EngineOptions {
  /** Bytes of state in memory, of which each part has an equal share. @default DEFAULT_MAX_STATE_BYTES */
  readonly maxStateBytes?: number
  /** Where pages go that memory has no room for. @default nowhere: more state is refused */
  readonly spill?: SpillOptions
  /** Monotonic milliseconds, with fractions, for `work`. @default none: all work takes no time */
  readonly nowMs?: () => number
  /** Among how many the keys of operators are split. @default 1 */
  readonly parts?: number
}

/** @throws AssertionError when the specs do not form a graph (wrong order, unknown input, id used twice). */
export function createEngine(specs: readonly OperatorSpec[], options: EngineOptions = {}): Engine {
  return createEngineOf(specs, options, (crew) => new LocalCrew(crew, options.parts ?? 1))
}

/** Of parts that are made elsewhere. */
export function createEngineOf(
  specs: readonly OperatorSpec[],
  options: Omit<EngineOptions, "parts">,
  crewOf: (options: CrewOptions) => Crew,
): Engine {
  const { maxStateBytes = DEFAULT_MAX_STATE_BYTES, spill = null, nowMs = () => 0 } = options
  return new DataflowEngine({ specs, maxStateBytes, spill, nowMs }, crewOf)
}

interface BegunRestore {
  readonly parts: readonly EnginePart[]
  readonly goingOn: GoingOn
  /** Pages that have no images yet. */
  readonly saved: SavedParts
}

class DataflowEngine implements Engine {
  readonly #options: CrewOptions
  readonly #pipelines: readonly ViewPipeline[]
  readonly #fingerprints: ViewFingerprints
  readonly #crew: Crew
  readonly #readers = new Map<string, ViewReader>()
  readonly #sourceIds: ReadonlySet<string>
  #epoch = 0
  /** An epoch that threw leaves state half changed; only a new engine and a checkpoint help then. */
  #broken = false
  #hasRun = false

  constructor(options: CrewOptions, crewOf: (options: CrewOptions) => Crew) {
    const { specs } = options
    this.#options = options
    this.#sourceIds = new Set(specs.flatMap(({ kind, id }) => (kind === "source" ? [id] : [])))
    this.#crew = crewOf(options)
    const { store, views } = this.#crew.first
    this.#pipelines = [...views.values()].map(({ pipeline }) => pipeline)
    this.#fingerprints = viewFingerprints(specs, this.#pipelines)
    for (const [view, { running }] of views) this.#readers.set(view, new ViewReader(running.view, store))
  }

  get epoch(): number {
    return this.#epoch
  }

  runEpoch(input: EpochInput): EpochResult {
    assert(!this.#broken, "an engine whose epoch failed is not used again")
    for (const { source } of input.slices) assert(this.#sourceIds.has(source), `source ${source} exists`)
    this.#broken = true
    const result = this.#crew.run(input)
    this.#epoch = input.epoch
    this.#hasRun = true
    this.#broken = false
    return result
  }

  snapshot(view: string): ViewSnapshot {
    return this.#reader(view).snapshot(this.#epoch)
  }

  rowCount(view: string): number {
    const run = this.#crew.first.views.get(view)
    assert(run !== undefined, `view ${view} exists`)
    return run.running.view.rowCount
  }

  lookup(view: string, key: readonly Scalar[]): Scalar[] | null {
    return this.#reader(view).lookup(key)
  }

  work(view: string): readonly OperatorWork[] {
    assert(this.#readers.has(view), `view ${view} exists`)
    return addWorks(this.#parts().map((part) => part.work(view)))
  }

  losses(view: string): ViewLosses {
    assert(this.#readers.has(view), `view ${view} exists`)
    return addLosses(this.#parts().map((part) => part.lossesOf(view)))
  }

  wakeAtMs(): number | null {
    const wanted = this.#parts().flatMap((part) => part.wakeAtMs() ?? [])
    return wanted.length === 0 ? null : Math.min(...wanted)
  }

  stateBytes(): number {
    return this.#parts().reduce((bytes, part) => bytes + part.stateBytes(), 0)
  }

  spill(): SpillStats {
    return addSpillStats(this.#parts().map((part) => part.spill()))
  }

  checkpoint(): EngineCheckpoint {
    assert(!this.#broken, "an engine whose epoch failed has no state to keep")
    const parts = this.#parts()
    const meta: EngineMeta = {
      format: CHECKPOINT_FORMAT,
      views: Object.fromEntries(this.#fingerprints.views),
      operators: Object.fromEntries(this.#fingerprints.operators),
      epoch: this.#epoch,
      watermarks: this.#crew.first.watermarks.entries(),
      lastKey: Math.max(...parts.map((part) => part.lastKey)),
      ...(parts.length === 1 ? {} : { parts: parts.length }),
    }
    const generation = Math.max(...parts.map((part) => part.generation))
    return new HeldCheckpoint({ generation, meta, parts: parts.map((part) => part.hold(generation)) })
  }

  restore(
    parts: Iterable<CheckpointPart>,
    { readPages = () => {}, anew = new Set() }: RestoreOptions = {},
  ): GoingOn {
    assert(!this.#hasRun, "only an engine that has run nothing is restored")
    const byName = new Map<string, Uint8Array>()
    const standIns = this.#crew.standIns()
    let begun: BegunRestore | null = null
    for (const { name, bytes, page } of parts) {
      const place = pagePlace(name)
      if (place === null) {
        byName.set(name, bytes)
        continue
      }
      begun ??= this.#beginRestore(byName, standIns, anew)
      begun.saved.fill(name, { ...place, key: page?.key ?? 0 }, bytes)
    }
    begun ??= this.#beginRestore(byName, standIns, anew)
    readPages(begun.saved)
    begun.saved.checkFilled()
    if (begun.parts !== standIns) {
      takeOver(begun.parts, standIns)
      for (const part of begun.parts) part[Symbol.dispose]()
    }
    deriveRows(standIns, begun.goingOn.derived)
    this.#crew.relieve(standIns)
    this.#hasRun = true
    this.#broken = false
    return begun.goingOn
  }

  /** Into these parts, or into others where the state is split in another way. */
  #beginRestore(
    byName: ReadonlyMap<string, Uint8Array>,
    standIns: readonly EnginePart[],
    anew: ReadonlySet<string>,
  ): BegunRestore {
    const meta = readJson<EngineMeta>(byName, META)
    if (meta.format !== CHECKPOINT_FORMAT) {
      throw checkpointMismatch(`has format ${meta.format}, and this engine reads ${CHECKPOINT_FORMAT}`)
    }
    const goingOn = viewsGoingOn(this.#pipelines, this.#fingerprints, { ...meta, anew })
    const { kept, derived } = goingOn
    if (kept.size + derived.size === 0 && this.#pipelines.length > 0)
      throw checkpointMismatch("has none of the views as they are")
    const isWhole = Object.keys(meta.views).every((view) => kept.has(view))
    this.#broken = true
    this.#epoch = meta.epoch
    const { parts: count = 1 } = meta
    const parts = count === standIns.length ? standIns : makeParts(this.#options, count)
    const states = parts.map((part) => {
      part.store.raiseKeys(meta.lastKey)
      const state = new SavedState(part.store, byName, part.part)
      part.restore(state, goingOn)
      part.watermarks.restore(meta.watermarks)
      return state
    })
    return { parts, goingOn, saved: new SavedParts(states, { isWhole }) }
  }

  #parts(): readonly OtherPart[] {
    return [this.#crew.first, ...this.#crew.others]
  }

  #reader(view: string): ViewReader {
    const reader = this.#readers.get(view)
    assert(reader !== undefined, `view ${view} exists`)
    return reader
  }
}
