/**
 * One part of an engine: the operators of all views, each with the keys that are this part's. Every part is
 * handed the same epochs and takes the same steps; between two steps they exchange what they have put out.
 * The first part has the views' rows besides, and so the epoch's outcome.
 *
 * An engine of one part is one whose exchanges give it back what it offers.
 */
import type { ChangeBatch } from "../columns/batch.ts"
import { assert } from "../std/assert.ts"
import { isPlatformError } from "../std/errors.ts"
import { captureView } from "./checkpoint/capture.ts"
import { type HeldPart, holdCaptures } from "./checkpoint/held-checkpoint.ts"
import { restoreView } from "./checkpoint/restore.ts"
import type { SavedState } from "./checkpoint/saved-state.ts"
import type { SliceReport } from "./code/row-report.ts"
import type { OtherPart } from "./crew.ts"
import type {
  EpochInput,
  EpochResult,
  OperatorSpec,
  OperatorWork,
  SliceVerdicts,
  SourceSlice,
  ViewChanges,
  ViewLosses,
  ViewSpec,
} from "./dataflow.ts"
import type { GoingOn } from "./engine-checkpoint.ts"
import { largestHolders, stateFull } from "./errors.ts"
import type { Exchanging, Readers } from "./exchange/offer.ts"
import { changesOf, mergeReports, offerChanges, offerReports } from "./exchange/offer.ts"
import type { PartOf } from "./graph/placement.ts"
import { placeOperators, readByAll } from "./graph/placement.ts"
import type { DataflowGraph, ViewPipeline } from "./graph/routes.ts"
import { combineUpstream, partlyApplied } from "./graph/upstream-verdicts.ts"
import type { Losses } from "./losses.ts"
import { addLosses, noLosses } from "./losses.ts"
import { PageStore, type SpillOptions } from "./state/page-store.ts"
import type { SpillStats } from "./state/spilled-pages.ts"
import { Watermarks } from "./time/watermarks.ts"
import { RunningView } from "./view-pipeline.ts"
import { WorkMeter } from "./work-meter.ts"

export interface PartOptions {
  readonly specs: readonly OperatorSpec[]
  readonly graph: DataflowGraph
  readonly part: PartOf
  /** Of this part. */
  readonly maxStateBytes: number
  readonly spill: SpillOptions | null
  readonly nowMs: () => number
}

export interface ViewRun {
  readonly pipeline: ViewPipeline
  readonly running: RunningView
  readonly losses: Losses
}

type Changes = Map<string, readonly ChangeBatch[]>

/** A slice with what was ruled on its rows. */
interface FedSlice {
  readonly slice: SourceSlice
  readonly report: SliceReport
}

type Reports = ReadonlyMap<SourceSlice, SliceReport>

export class EnginePart implements OtherPart, Disposable {
  readonly store: PageStore
  readonly watermarks = new Watermarks()
  readonly #rebuildWatermarks = new Watermarks()
  /** Of the epoch that runs. */
  #marks = this.watermarks
  readonly meter: WorkMeter
  readonly views = new Map<string, ViewRun>()
  readonly #graph: DataflowGraph
  readonly part: PartOf
  /** Ids of views that other views read. */
  readonly #readViews: ReadonlySet<string>
  /** Ids of what operators of every part read. */
  readonly #readByAll: ReadonlySet<string>
  /** Of the epoch that runs, or ran last. */
  #clockMs: number | null = null

  constructor({ specs, graph, part, maxStateBytes, spill, nowMs }: PartOptions) {
    this.#graph = graph
    this.part = part
    this.store = new PageStore(maxStateBytes, spill)
    this.meter = new WorkMeter(nowMs)
    const shareOf = placeOperators(specs, part)
    this.#readByAll = readByAll(graph)
    this.#readViews = new Set(
      graph.pipelines.flatMap(({ routes }) =>
        routes.flatMap(({ origin }) => (origin.kind === "view" ? [origin.id] : [])),
      ),
    )
    for (const pipeline of graph.pipelines) {
      const losses = noLosses()
      const running = new RunningView(pipeline, {
        store: this.store,
        losses,
        appendOnly: graph.appendOnly,
        shareOf,
        counts: this.#isFirst,
      })
      this.views.set(pipeline.view.name, { pipeline, running, losses })
    }
  }

  /** Runs an epoch; what it returns is the outcome where the part is the first one. */
  *runEpoch(input: EpochInput): Exchanging<EpochResult> {
    try {
      return yield* this.#runEpoch(input)
    } catch (error) {
      throw this.#explained(error)
    }
  }

  *#runEpoch(input: EpochInput): Exchanging<EpochResult> {
    this.store.heapBytes = this.#heapBytes()
    this.#clockMs = input.clockMs ?? null
    this.#marks = input.rebuilt === undefined ? this.watermarks : this.#rebuildWatermarks
    this.#marks.advance(input.watermarksUs)
    const all: Changes = new Map()
    const reports = new Map<string, Reports>()
    const internals = new Map<string, Reports>()
    const changes: ViewChanges[] = []
    const verdicts: SliceVerdicts[] = []
    for (const run of this.views.values()) {
      const { name, id, isInternal } = run.pipeline.view
      if (input.rebuilt?.has(name) === false) continue
      const own = yield* this.#runView(run, input.slices, all)
      if (!this.#isFirst) continue
      // What a view has in common with others is a part of it, and its events come no other way.
      for (const below of run.pipeline.upstream) {
        for (const [slice, report] of internals.get(below) ?? []) own.set(slice, report)
      }
      const combined = this.#withUpstream(run, input.slices, own, reports)
      reports.set(name, combined)
      if (isInternal) {
        internals.set(name, own)
        continue
      }
      for (const [slice, report] of combined) {
        const partly = partlyApplied(own.get(slice), report)
        verdicts.push({ ...sliceVerdicts(name, slice, report), partly })
      }
      for (const changed of all.get(id) ?? []) changes.push({ view: name, changes: changed })
    }
    return { epoch: input.epoch, changes, verdicts }
  }

  /** The rows that a view has are the first part's. */
  work(view: string): readonly OperatorWork[] {
    const runs = this.#withInternals(view)
    const { running } = runs.at(-1)!
    const kept = [...runs.flatMap((run) => [...run.running.operators.values()]), running.view]
    const works = [
      ...runs.map(({ pipeline }) => ({ id: verdictsId(pipeline.view), state: { rows: 0, bytes: 0 } })),
      ...kept.map((each) => ({ id: each.spec.id, state: each.size() })),
    ]
    return works.map(({ id, state }) => ({ id, ...this.meter.of(id), state }))
  }

  wakeAtMs(): number | null {
    const wanted = this.#operators().flatMap((operator) => operator.wakeAtMs?.() ?? [])
    return wanted.length === 0 ? null : Math.min(...wanted)
  }

  stateBytes(): number {
    return this.store.usedBytes + this.store.spill.spilledBytes + this.#heapBytes()
  }

  spill(): SpillStats {
    return this.store.spill
  }

  lossesOf(view: string): ViewLosses {
    return addLosses(this.#withInternals(view).map(({ losses }) => losses))
  }

  get generation(): number {
    return this.store.generation
  }

  get lastKey(): number {
    return this.store.lastKey
  }

  hold(generation: number): HeldPart {
    this.store.raiseGeneration(generation + 1)
    const captures = [...this.views.values()].flatMap(({ running, losses }) => [
      ...[...running.operators.values()].map((operator) => operator.capture(losses)),
      ...(this.#isFirst ? [captureView(running.view, losses)] : []),
    ])
    return holdCaptures(this.part, this.store, captures)
  }

  /** Leaves pages that have no images yet. */
  restore(saved: SavedState, { kept, derived }: GoingOn): void {
    for (const [view, { running, losses }] of this.views) {
      if (!kept.has(view) && !derived.has(view)) continue
      for (const operator of running.operators.values()) operator.restore(saved, losses)
      if (this.#isFirst && kept.has(view)) restoreView(running.view, saved, losses)
    }
  }

  /** It is not used again. */
  [Symbol.dispose](): void {
    this.store[Symbol.dispose]()
  }

  get #isFirst(): boolean {
    return this.part.index === 0
  }

  #operators() {
    return [...this.views.values()].flatMap(({ running }) => [...running.operators.values()])
  }

  #heapBytes(): number {
    return this.#operators().reduce((bytes, operator) => bytes + operator.heapBytes(), 0)
  }

  /** Where there is no room for state: with what holds most of this part's. */
  #explained(error: unknown): unknown {
    const isDiskFull = isPlatformError(error, "spill-failed") && isPlatformError(error.cause, "disk-full")
    if (!isDiskFull && !isPlatformError(error, "state-full")) return error
    const kept = [...this.#operators(), ...[...this.views.values()].map(({ running }) => running.view)]
    return stateFull({
      limitBytes: this.store.limitBytes,
      workers: this.part.count,
      neededBytes: isDiskFull ? null : Number(error.details["neededBytes"]),
      holders: largestHolders(kept.map((each) => ({ name: each.spec.id, bytes: each.size().bytes }))),
      spilledBytes: this.store.spill.spilledBytes,
      cause: isDiskFull ? error : undefined,
    })
  }

  /** The view behind what it has in common with others, inputs first. */
  #withInternals(view: string): readonly ViewRun[] {
    const run = this.views.get(view)
    assert(run !== undefined, `view ${view} exists`)
    const below = run.pipeline.upstream.filter((name) => this.views.get(name)!.pipeline.view.isInternal)
    return [...new Set([...below.flatMap((name) => this.#withInternals(name)), run])]
  }

  /** Leaves the changes of its operators and rows, by all parts, in `all`. */
  *#runView(
    run: ViewRun,
    slices: readonly SourceSlice[],
    all: Changes,
  ): Exchanging<Map<SourceSlice, SliceReport>> {
    const { pipeline, running } = run
    const { meter } = this
    this.#beginEpoch(run)
    let sinceMs = meter.now()
    const fed = yield* this.#judge(run, slices)
    const judged = fed.reduce((sum, { slice }) => sum + slice.batch.length, 0)
    sinceMs = meter.note(verdictsId(pipeline.view), sinceMs, judged, this.#isFirst ? judged : 0)
    const readChanges = (id: string) => all.get(id) ?? []
    for (const spec of pipeline.operators) {
      const operator = running.operators.get(spec.id)!
      const rowsIn = running.feed(spec, fed, readChanges)
      const changes = operator.flush(this.#marks.after(this.#sourcesOf(spec.id)))
      sinceMs = meter.note(spec.id, sinceMs, rowsIn, changes?.length ?? 0)
      const sides = this.#graph.sides.get(spec.id) ?? []
      const readers = this.#readersOf([spec.id, ...sides.flat()])
      const offers = yield offerChanges([changes, ...(operator.sideChanges?.() ?? [])], readers)
      sinceMs = meter.now()
      all.set(spec.id, changesOf(offers, 0))
      for (const [side, ids] of sides.entries()) {
        for (const id of ids) all.set(id, changesOf(offers, side + 1))
      }
    }
    yield* this.#runRows(run, fed, all)
    return yield* this.#settle(running, fed)
  }

  #beginEpoch({ running }: ViewRun): void {
    for (const [id, operator] of running.operators) {
      const sources = this.#sourcesOf(id)
      operator.judgeBy(this.#marks.before(sources))
      operator.beginEpoch?.(this.#marks.after(sources), this.#clockMs)
    }
  }

  *#judge({ pipeline, running }: ViewRun, slices: readonly SourceSlice[]): Exchanging<readonly FedSlice[]> {
    const direct = new Set(pipeline.routes.map((route) => route.origin.id))
    const mine = slices.filter((slice) => direct.has(slice.source))
    const singles = mine.map((slice) => running.judge(slice))
    const flat = singles.flat()
    const merged = this.#exchangesVerdicts(running) ? mergeReports(yield offerReports(flat)) : flat
    let taken = 0
    return mine.map((slice, k) => {
      const own = merged.slice(taken, taken + singles[k]!.length)
      taken += own.length
      return { slice, report: running.agree(slice, own) }
    })
  }

  /** By now rows were placed that no pass had judged before. */
  *#settle(running: RunningView, fed: readonly FedSlice[]): Exchanging<Map<SourceSlice, SliceReport>> {
    const own = fed.map(({ report }) => report)
    const reports = this.#exchangesVerdicts(running) ? mergeReports(yield offerReports(own)) : own
    return new Map(fed.map(({ slice }, k) => [slice, reports[k]!]))
  }

  #exchangesVerdicts({ judgesByState }: RunningView): boolean {
    return this.part.count > 1 && judgesByState
  }

  /**
   * The view's own rows, which the first part has. What views have in common keeps no rows: each part hands
   * on what all of them have put out.
   */
  *#runRows({ pipeline, running }: ViewRun, fed: readonly FedSlice[], all: Changes): Exchanging<void> {
    const { id, isInternal = false } = pipeline.view
    const { meter } = this
    let changes: ChangeBatch | null = null
    if (this.#isFirst || isInternal) {
      const sinceMs = meter.now()
      const rowsIn = running.feed(pipeline.view, fed, (origin) => all.get(origin) ?? [])
      changes = running.view.flush()
      meter.note(id, sinceMs, rowsIn, this.#isFirst ? (changes?.length ?? 0) : 0)
    }
    if (this.#readViews.has(id) && !isInternal) {
      all.set(id, changesOf(yield offerChanges([changes], this.#readersOf([id])), 0))
    } else if (changes !== null) all.set(id, [changes])
  }

  /** Verdicts for every slice that reaches the view: its own, and those of the views that it reads. */
  #withUpstream(
    { pipeline }: ViewRun,
    slices: readonly SourceSlice[],
    own: Reports,
    reports: ReadonlyMap<string, Reports>,
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

  #readersOf(ids: readonly string[]): Readers {
    return ids.some((id) => this.#readByAll.has(id)) ? "all" : "first"
  }

  #sourcesOf(operator: string): ReadonlySet<string> {
    const sources = this.#graph.sourcesOf.get(operator)
    assert(sources !== undefined, `operator ${operator} has sources`)
    return sources
  }
}

/** Of the pass that rules on events before any operator has them. */
const verdictsId = ({ id }: ViewSpec) => `${id}/verdicts`

function sliceVerdicts(view: string, slice: SourceSlice, report: SliceReport): Omit<SliceVerdicts, "partly"> {
  const { source, partition, baseOffset } = slice
  return { view, source, partition, baseOffset, verdicts: report.verdicts, failures: report.failures }
}
