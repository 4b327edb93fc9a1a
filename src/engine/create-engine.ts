/**
 * The engine: operators compiled from a graph, run epoch by epoch. It is a step machine: no clock, no
 * threads, no IO; what an epoch returns follows from state and input alone.
 */
import type { ChangeBatch } from "../columns/batch.ts"
import type { Scalar } from "../columns/types.ts"
import { assert } from "../std/assert.ts"
import { isPlatformError } from "../std/errors.ts"
import { captureView } from "./checkpoint/capture.ts"
import { HeldCheckpoint } from "./checkpoint/held-checkpoint.ts"
import type { EngineMeta } from "./checkpoint/part-format.ts"
import { CHECKPOINT_FORMAT, META, readJson } from "./checkpoint/part-format.ts"
import { planFingerprint } from "./checkpoint/plan-fingerprint.ts"
import { restoreView } from "./checkpoint/restore.ts"
import { pagePlace, SavedState } from "./checkpoint/saved-state.ts"
import type { SliceReport } from "./code/row-report.ts"
import type {
  Engine,
  EpochInput,
  EpochResult,
  OperatorSpec,
  OperatorWork,
  SliceVerdicts,
  SourceSlice,
  ViewChanges,
  ViewLosses,
  ViewSnapshot,
  ViewSpec,
} from "./dataflow.ts"
import type { CheckpointPart, EngineCheckpoint, PageTargets } from "./engine-checkpoint.ts"
import { checkpointMismatch, largestHolders, stateFull } from "./errors.ts"
import type { DataflowGraph, ViewPipeline } from "./graph/routes.ts"
import { planRoutes } from "./graph/routes.ts"
import { combineUpstream, partlyApplied } from "./graph/upstream-verdicts.ts"
import type { Losses } from "./losses.ts"
import { addLosses, noLosses } from "./losses.ts"
import type { CapturedState } from "./operators/stateful-operator.ts"
import { ViewReader } from "./read/view-reader.ts"
import { PageStore, type SpillOptions } from "./state/page-store.ts"
import type { SpillStats } from "./state/spilled-pages.ts"
import { Watermarks } from "./time/watermarks.ts"
import { RunningView } from "./view-pipeline.ts"
import { WorkMeter } from "./work-meter.ts"

/** Beyond it an epoch fails with state-full rather than the process with no memory left. */
export const DEFAULT_MAX_STATE_BYTES = 3 * 2 ** 30

export interface EngineOptions {
  /** Bytes of state in memory. @default DEFAULT_MAX_STATE_BYTES */
  readonly maxStateBytes?: number
  /** Where pages go that memory has no room for. @default nowhere: more state is refused */
  readonly spill?: SpillOptions
  /** Monotonic milliseconds, with fractions, for `work`. @default none: all work takes no time */
  readonly nowMs?: () => number
}

/** @throws AssertionError when the specs do not form a graph (wrong order, unknown input, id used twice). */
export function createEngine(specs: readonly OperatorSpec[], options: EngineOptions = {}): Engine {
  return new DataflowEngine(specs, options)
}

interface ViewRun {
  readonly pipeline: ViewPipeline
  readonly running: RunningView
  readonly reader: ViewReader
  readonly losses: Losses
}

class DataflowEngine implements Engine {
  readonly #graph: DataflowGraph
  readonly #plan: string
  readonly #store: PageStore
  readonly #watermarks = new Watermarks()
  readonly #meter: WorkMeter
  readonly #views = new Map<string, ViewRun>()
  readonly #sourceIds: ReadonlySet<string>
  #epoch = 0
  /** Of the epoch that runs, or ran last. */
  #clockMs: number | null = null
  /** An epoch that threw leaves state half changed; only a new engine and a checkpoint help then. */
  #broken = false
  #hasRun = false

  constructor(specs: readonly OperatorSpec[], options: EngineOptions) {
    this.#graph = planRoutes(specs)
    this.#plan = planFingerprint(specs)
    this.#store = new PageStore(options.maxStateBytes ?? DEFAULT_MAX_STATE_BYTES, options.spill)
    this.#meter = new WorkMeter(options.nowMs ?? (() => 0))
    this.#sourceIds = new Set(this.#graph.sources.map((source) => source.id))
    for (const pipeline of this.#graph.pipelines) {
      const losses = noLosses()
      const running = new RunningView(pipeline, {
        store: this.#store,
        losses,
        appendOnly: this.#graph.appendOnly,
      })
      const reader = new ViewReader(running.view, this.#store)
      this.#views.set(pipeline.view.name, { pipeline, running, reader, losses })
    }
  }

  get epoch(): number {
    return this.#epoch
  }

  runEpoch(input: EpochInput): EpochResult {
    assert(!this.#broken, "an engine whose epoch failed is not used again")
    for (const { source } of input.slices) assert(this.#sourceIds.has(source), `source ${source} exists`)
    this.#broken = true
    try {
      return this.#runEpoch(input)
    } catch (error) {
      throw this.#explained(error)
    }
  }

  #runEpoch(input: EpochInput): EpochResult {
    this.#store.heapBytes = this.#heapBytes()
    this.#clockMs = input.clockMs ?? null
    this.#watermarks.advance(input.watermarksUs)
    const changesById = new Map<string, ChangeBatch | null>()
    const reports = new Map<string, ReadonlyMap<SourceSlice, SliceReport>>()
    const internals = new Map<string, ReadonlyMap<SourceSlice, SliceReport>>()
    const changes: ViewChanges[] = []
    const verdicts: SliceVerdicts[] = []
    for (const run of this.#views.values()) {
      const { name, id, isInternal } = run.pipeline.view
      const own = this.#runView(run, input.slices, changesById)
      // What a view has in common with others is a part of it, and its events come no other way.
      for (const below of run.pipeline.upstream) {
        for (const [slice, report] of internals.get(below) ?? []) own.set(slice, report)
      }
      const all = this.#withUpstream(run, input.slices, own, reports)
      reports.set(name, all)
      if (isInternal) {
        internals.set(name, own)
        continue
      }
      for (const [slice, report] of all) {
        const partly = partlyApplied(own.get(slice), report)
        verdicts.push({ ...sliceVerdicts(name, slice, report), partly })
      }
      const changed = changesById.get(id)
      if (changed) changes.push({ view: name, changes: changed })
    }
    this.#epoch = input.epoch
    this.#hasRun = true
    this.#broken = false
    return { epoch: input.epoch, changes, verdicts }
  }

  snapshot(view: string): ViewSnapshot {
    return this.#run(view).reader.snapshot(this.#epoch)
  }

  rowCount(view: string): number {
    return this.#run(view).running.view.rowCount
  }

  lookup(view: string, key: readonly Scalar[]): Scalar[] | null {
    return this.#run(view).reader.lookup(key)
  }

  work(view: string): readonly OperatorWork[] {
    const run = this.#run(view)
    const shared = this.#internalsOf(run)
    const operators = [...shared, run].flatMap(({ running }) => [...running.operators.values()])
    const verdicts = [...shared, run].map(({ running }) => verdictsId(running.view.spec))
    const parts = [
      ...verdicts.map((id) => ({ id, state: { rows: 0, bytes: 0 } })),
      ...[...operators, run.running.view].map((each) => ({ id: each.spec.id, state: each.size() })),
    ]
    return parts.map(({ id, state }) => ({ id, ...this.#meter.of(id), state }))
  }

  losses(view: string): ViewLosses {
    const run = this.#run(view)
    const total = noLosses()
    for (const { losses } of [...this.#internalsOf(run), run]) addLosses(total, losses)
    return total
  }

  wakeAtMs(): number | null {
    let earliest: number | null = null
    for (const { running } of this.#views.values()) {
      for (const operator of running.operators.values()) {
        const wakeAtMs = operator.wakeAtMs?.() ?? null
        if (wakeAtMs !== null && (earliest === null || wakeAtMs < earliest)) earliest = wakeAtMs
      }
    }
    return earliest
  }

  stateBytes(): number {
    return this.#store.usedBytes + this.#store.spill.spilledBytes + this.#heapBytes()
  }

  spill(): SpillStats {
    return this.#store.spill
  }

  #heapBytes(): number {
    let bytes = 0
    for (const { running } of this.#views.values()) {
      for (const operator of running.operators.values()) bytes += operator.heapBytes()
    }
    return bytes
  }

  /** Where there is no room for state: with what holds most of it. */
  #explained(error: unknown): unknown {
    const isDiskFull = isPlatformError(error, "spill-failed") && isPlatformError(error.cause, "disk-full")
    if (!isDiskFull && !isPlatformError(error, "state-full")) return error
    const works = [...this.#views.keys()].flatMap((view) => this.work(view))
    const holders = works.map(({ id, state }) => ({ name: id, bytes: state.bytes }))
    return stateFull({
      limitBytes: this.#store.limitBytes,
      neededBytes: isDiskFull ? null : Number(error.details["neededBytes"]),
      holders: largestHolders(holders),
      spilledBytes: this.#store.spill.spilledBytes,
      cause: isDiskFull ? error : undefined,
    })
  }

  checkpoint(): EngineCheckpoint {
    assert(!this.#broken, "an engine whose epoch failed has no state to keep")
    const meta: EngineMeta = {
      format: CHECKPOINT_FORMAT,
      plan: this.#plan,
      epoch: this.#epoch,
      watermarks: this.#watermarks.entries(),
    }
    const { generation } = this.#store
    this.#store.nextGeneration()
    const captures: CapturedState[] = []
    for (const { running, losses } of this.#views.values()) {
      for (const operator of running.operators.values()) captures.push(operator.capture(losses))
      captures.push(captureView(running.view, losses))
    }
    return new HeldCheckpoint(this.#store, { generation, meta, captures })
  }

  restore(parts: Iterable<CheckpointPart>, readPages: (targets: PageTargets) => void = () => {}): void {
    assert(!this.#hasRun, "only an engine that has run nothing is restored")
    const byName = new Map<string, Uint8Array>()
    let saved: SavedState | null = null
    for (const { name, bytes, page } of parts) {
      const place = pagePlace(name)
      if (place === null) {
        byName.set(name, bytes)
        continue
      }
      saved ??= this.#restoreOperators(byName)
      saved.fill(name, { ...place, key: page?.key ?? 0 }, bytes)
    }
    saved ??= this.#restoreOperators(byName)
    readPages(saved)
    saved.checkFilled()
    this.#hasRun = true
    this.#broken = false
  }

  /** Leaves the engine with pages that have no images yet. */
  #restoreOperators(byName: ReadonlyMap<string, Uint8Array>): SavedState {
    const meta = readJson<EngineMeta>(byName, META)
    if (meta.format !== CHECKPOINT_FORMAT) {
      throw checkpointMismatch(`format ${meta.format}, this engine reads ${CHECKPOINT_FORMAT}`)
    }
    if (meta.plan !== this.#plan)
      throw checkpointMismatch(`plan ${meta.plan}, this engine runs ${this.#plan}`)
    this.#broken = true
    const saved = new SavedState(this.#store, byName)
    for (const { running, losses } of this.#views.values()) {
      for (const operator of running.operators.values()) operator.restore(saved, losses)
      restoreView(running.view, saved, losses)
    }
    this.#watermarks.restore(meta.watermarks)
    this.#epoch = meta.epoch
    return saved
  }

  /** Leaves the changes of its operators and rows in `changesById`. */
  #runView(
    { pipeline, running }: ViewRun,
    slices: readonly SourceSlice[],
    changesById: Map<string, ChangeBatch | null>,
  ): Map<SourceSlice, SliceReport> {
    const direct = new Set(pipeline.routes.map((route) => route.origin.id))
    const mine = slices.filter((slice) => direct.has(slice.source))
    for (const [id, operator] of running.operators) {
      const sources = this.#graph.sourcesOf.get(id)!
      operator.judgeBy(this.#watermarks.before(sources))
      operator.beginEpoch?.(this.#watermarks.after(sources), this.#clockMs)
    }
    const meter = this.#meter
    let sinceMs = meter.now()
    const fed = mine.map((slice) => ({ slice, report: running.judge(slice) }))
    const judged = mine.reduce((sum, { batch }) => sum + batch.length, 0)
    sinceMs = meter.note(verdictsId(pipeline.view), sinceMs, judged, judged)
    const changesOf = (id: string) => changesById.get(id) ?? null
    for (const spec of pipeline.operators) {
      const sources = this.#graph.sourcesOf.get(spec.id)!
      const operator = running.operators.get(spec.id)!
      const rowsIn = running.feed(spec, fed, changesOf)
      const changes = operator.flush(this.#watermarks.after(sources))
      changesById.set(spec.id, changes)
      for (const [side, changed] of operator.sideChanges?.().entries() ?? []) {
        for (const id of this.#graph.sides.get(spec.id)?.[side] ?? []) changesById.set(id, changed)
      }
      sinceMs = meter.note(spec.id, sinceMs, rowsIn, changes?.length ?? 0)
    }
    const rowsIn = running.feed(pipeline.view, fed, changesOf)
    const changes = running.view.flush()
    changesById.set(pipeline.view.id, changes)
    meter.note(pipeline.view.id, sinceMs, rowsIn, changes?.length ?? 0)
    return new Map(fed.map(({ slice, report }) => [slice, report]))
  }

  /** Verdicts for every slice that reaches the view: its own, and those of the views that it reads. */
  #withUpstream(
    { pipeline }: ViewRun,
    slices: readonly SourceSlice[],
    own: ReadonlyMap<SourceSlice, SliceReport>,
    reports: ReadonlyMap<string, ReadonlyMap<SourceSlice, SliceReport>>,
  ): Map<SourceSlice, SliceReport> {
    const all = new Map<SourceSlice, SliceReport>()
    for (const slice of slices) {
      if (!pipeline.sources.has(slice.source)) continue
      const upstream = pipeline.upstream.map((name) => reports.get(name)?.get(slice))
      const found = [own.get(slice), ...upstream].filter((report) => report !== undefined)
      all.set(slice, combineUpstream([...new Set(found)]))
    }
    return all
  }

  /** What the view has in common with others, inputs first. */
  #internalsOf({ pipeline }: ViewRun): readonly ViewRun[] {
    const internals = pipeline.upstream.map((name) => this.#run(name)).filter(isInternal)
    return [...new Set(internals.flatMap((run) => [...this.#internalsOf(run), run]))]
  }

  #run(view: string): ViewRun {
    const run = this.#views.get(view)
    assert(run !== undefined, `view ${view} exists`)
    return run
  }
}

const isInternal = ({ pipeline }: ViewRun): boolean => pipeline.view.isInternal ?? false

/** Of the pass that rules on events before any operator has them. */
const verdictsId = ({ id }: ViewSpec) => `${id}/verdicts`

function sliceVerdicts(view: string, slice: SourceSlice, report: SliceReport): Omit<SliceVerdicts, "partly"> {
  const { source, partition, baseOffset } = slice
  return { view, source, partition, baseOffset, verdicts: report.verdicts, failures: report.failures }
}
