/**
 * Runs one view through an epoch: judges rows where several routes must agree, feeds its operators and its
 * rows by compiled routes, flushes each in order.
 *
 * A row's verdict comes from the routes that begin at its source. Where there is more than one of them, or
 * where a row can fail after one of its windows was entered, a first pass judges without touching state: a
 * row that fails in any route is applied in none, a row that is late in any is late.
 */
import type { Batch, ChangeBatch } from "../columns/batch.ts"
import type { Column } from "../columns/types.ts"
import { FAILURES } from "../expr/expression.ts"
import { assert } from "../std/assert.ts"
import { GroupTerminal } from "./code/group-terminal.ts"
import type { RouteShape } from "./code/route-writer.ts"
import { APPLIED, DUPLICATE, FAILED, FILTERED, LATE, RouteWriter } from "./code/route-writer.ts"
import type { RouteRun, RowReport } from "./code/row-report.ts"
import { SliceReport } from "./code/row-report.ts"
import { RowsTerminal } from "./code/rows-terminal.ts"
import type { SourceSlice, StatefulSpec, ViewSpec } from "./dataflow.ts"
import type { Share } from "./exchange/share.ts"
import type { Route, ViewPipeline } from "./graph/routes.ts"
import { inputsOf } from "./graph/routes.ts"
import type { Losses } from "./losses.ts"
import { AggregateOperator } from "./operators/aggregate.ts"
import { createOperator } from "./operators/create-operator.ts"
import { RowBuilder } from "./operators/row-builder.ts"
import { SessionAggregate } from "./operators/session-aggregate.ts"
import type { RowOperator, RowRulings, StatefulOperator } from "./operators/stateful-operator.ts"
import { ViewOperator } from "./operators/view.ts"
import type { PageStore } from "./state/page-store.ts"

export interface CompiledRoute {
  readonly route: Route
  readonly apply: RouteRun
  /** Null where one pass is enough. */
  readonly judge: RouteRun | null
  /** Passes on what a route to whole rows has written; the report is of the slice that they came from. */
  readonly deliver: (report: SliceReport | null) => void
  /** Passes changes on as they are, where the route has nothing to do; null where it has. */
  readonly passChanges: ((changes: ChangeBatch) => void) | null
}

interface RouteInput {
  readonly batch: Batch
  readonly weights: Int32Array | null
  readonly verdicts: Uint8Array
  readonly report: RowReport
}

export interface PipelineOptions {
  readonly store: PageStore
  readonly losses: Losses
  readonly appendOnly: ReadonlySet<string>
  /** Which of its keys an operator keeps, by its id. */
  readonly shareOf: (operator: string) => Share
  /** Of the first part: it counts what all parts see alike. */
  readonly counts: boolean
}

/** Where routes disagree on a row, the verdict further right wins. */
const BY_RANK = [FILTERED, APPLIED, LATE, FAILED, DUPLICATE]
const RANK = BY_RANK.map((_, verdict) => BY_RANK.indexOf(verdict))

export class RunningView {
  readonly view: ViewOperator
  readonly operators: ReadonlyMap<string, StatefulOperator>
  readonly #pipeline: ViewPipeline
  readonly #routes: readonly CompiledRoute[]
  readonly #store: PageStore
  readonly #report: RowReport
  /** Operators of which this part keeps nothing. Sessions rule on rows all the same: these are elsewhere. */
  readonly #idle: ReadonlySet<StatefulSpec | ViewSpec>

  constructor(pipeline: ViewPipeline, options: PipelineOptions) {
    this.#pipeline = pipeline
    this.#store = options.store
    this.operators = new Map(
      pipeline.operators.map((spec) => {
        const inputColumns = columnsInto(pipeline, spec)
        const share = options.shareOf(spec.id)
        return [spec.id, createOperator(spec, { ...options, inputColumns, share })]
      }),
    )
    const appendOnly = options.appendOnly.has(pipeline.view.id)
    this.view = new ViewOperator(pipeline.view, options.store, { appendOnly })
    this.#routes = pipeline.routes.map((route) => this.#compile(route, options))
    this.#report = options.counts ? countInto(options.losses) : NO_REPORT
    this.#idle = new Set(
      pipeline.operators.filter(({ id }) => {
        return options.shareOf(id).isEmpty && !(this.operators.get(id) instanceof SessionAggregate)
      }),
    )
  }

  /** Verdicts on events follow from sessions, which each part has some of. */
  get judgesByState(): boolean {
    return this.#routes.some(({ route }) => {
      return route.origin.kind === "source" && this.operators.get(route.target.id) instanceof SessionAggregate
    })
  }

  /** Verdicts of a slice's rows by each of the routes from its source; none where one pass is enough. */
  judge(slice: SourceSlice): SliceReport[] {
    const routes = this.#routesFrom(slice.source)
    if (!needsJudging(routes)) return []
    const initial = initialVerdicts(slice)
    return routes.map((compiled) => {
      assert(compiled.judge !== null, "routes that must agree can judge")
      const single = new SliceReport(initial.slice())
      compiled.judge(slice.batch, null, single.verdicts, single, 0)
      return single
    })
  }

  /** What `judge` comes to. */
  agree(slice: SourceSlice, singles: readonly SliceReport[]): SliceReport {
    const report = new SliceReport(initialVerdicts(slice))
    singles.forEach((single, k) => {
      combine(report, single, { first: k === 0 })
    })
    return report
  }

  /**
   * Feeds one operator of the view: events from slices, then changes from the operators before it. Returns
   * how many rows it was handed.
   */
  feed(
    target: StatefulSpec | ViewSpec,
    slices: readonly { readonly slice: SourceSlice; readonly report: SliceReport }[],
    changesOf: (id: string) => readonly ChangeBatch[],
  ): number {
    if (this.#idle.has(target)) return 0
    let rows = 0
    for (const { slice, report } of slices) {
      const all = this.#routesFrom(slice.source)
      const judged = needsJudging(all)
      for (const compiled of all) {
        if (compiled.route.target !== target) continue
        rows += slice.batch.length
        const own = judged ? new SliceReport(report.verdicts.slice()) : report
        this.#apply(compiled, { batch: slice.batch, weights: null, verdicts: own.verdicts, report: own })
        compiled.deliver(own)
      }
    }
    for (const compiled of this.#routes) {
      const { origin } = compiled.route
      if (compiled.route.target !== target || origin.kind === "source") continue
      for (const changes of changesOf(origin.id)) {
        rows += changes.length
        this.#feedChanges(compiled, changes)
      }
    }
    return rows
  }

  #feedChanges(compiled: CompiledRoute, changes: ChangeBatch): void {
    if (compiled.passChanges !== null) {
      compiled.passChanges(changes)
      return
    }
    const { weights } = changes
    this.#apply(compiled, { batch: changes, weights, verdicts: NO_VERDICTS, report: this.#report })
    compiled.deliver(null)
  }

  /** In parts, between which pages can leave memory, where there are too many of them. */
  #apply({ apply }: CompiledRoute, { batch, weights, verdicts, report }: RouteInput): void {
    let row = 0
    do {
      this.#store.relieve()
      row = apply(batch, weights, verdicts, report, row)
    } while (row < batch.length)
  }

  #routesFrom(source: string): CompiledRoute[] {
    return this.#routes.filter(({ route }) => route.origin.kind === "source" && route.origin.id === source)
  }

  #compile(route: Route, options: PipelineOptions): CompiledRoute {
    const fromSource = route.origin.kind === "source"
    const shape: RouteShape = {
      columns: route.origin.columns,
      stages: route.stages,
      fromSource,
      weighted: !options.appendOnly.has(inputsOf(route.target)[route.port]!),
    }
    const { target } = route
    const operator = this.operators.get(target.id)
    if (operator instanceof SessionAggregate) {
      const { apply, judge } = operator.intake(shape)
      return {
        route,
        apply,
        judge: this.#mustAgree(route) ? judge : null,
        deliver: () => {},
        passChanges: null,
      }
    }
    if (!(operator instanceof AggregateOperator)) {
      return this.#compileRows(route, shape, operator as RowOperator | undefined, options)
    }
    const terminal = (mode: "apply" | "judge") => new GroupTerminal(shape, operator.plan, operator, mode)
    const applied = new RouteWriter(terminal("apply")).compile<RouteRun>(options.store)
    const judges = fromSource && (this.#mustAgree(route) || applied.failsInsideWindows)
    const judge = judges ? new RouteWriter(terminal("judge")).compile<RouteRun>(options.store).run : null
    return { route, apply: applied.run, judge, deliver: () => {}, passChanges: null }
  }

  /** To the view's rows (no operator), or to an operator that takes whole rows. */
  #compileRows(
    route: Route,
    shape: RouteShape,
    operator: RowOperator | undefined,
    { store }: PipelineOptions,
  ): CompiledRoute {
    const lateness = operator?.lateness(route.port) ?? null
    const columns = route.stages.at(-1)?.columns ?? shape.columns
    const compile = () => {
      const rows = new RowBuilder(columns.map((column) => column.type))
      const { run } = new RouteWriter(new RowsTerminal(shape, rows, lateness)).compile<RouteRun>(store)
      return { rows, run }
    }
    const passChanges = (changes: ChangeBatch, rulings: RowRulings | null = null): void => {
      if (operator === undefined) this.view.apply(changes)
      else operator.apply(route.port, changes, rulings)
    }
    const { rows, run } = compile()
    return {
      route,
      apply: run,
      judge: this.#mustAgree(route) ? judging(compile()) : null,
      deliver: (report) => {
        const changes = rows.take(shape.weighted)
        if (changes !== null) passChanges(changes, report === null ? null : new AppliedRows(report))
      },
      passChanges: route.stages.length === 0 && lateness === null ? passChanges : null,
    }
  }

  /** Other routes of this view begin at the same source. */
  #mustAgree({ origin }: Route): boolean {
    return (
      origin.kind === "source" && this.#pipeline.routes.filter((other) => other.origin === origin).length > 1
    )
  }
}

/** Fails rows of a slice that were written one behind the other, each that is applied. */
class AppliedRows implements RowRulings {
  readonly #report: SliceReport
  #places: Int32Array | null = null

  constructor(report: SliceReport) {
    this.#report = report
  }

  fail(row: number): void {
    this.#places ??= appliedRows(this.#report.verdicts)
    this.#report.fail(this.#places[row]!, PROCESS_FAILED)
  }
}

function appliedRows(verdicts: Uint8Array): Int32Array {
  const places = new Int32Array(verdicts.length)
  let count = 0
  for (let row = 0; row < verdicts.length; row++) if (verdicts[row] === APPLIED) places[count++] = row
  return places
}

function countInto(losses: Losses): RowReport {
  return {
    fail: () => void losses.failedChanges++,
    late: () => void losses.lateChanges++,
    partly: () => {},
  }
}

const NO_REPORT: RowReport = { fail: () => {}, late: () => {}, partly: () => {} }

/** Index in FAILURES. */
const PROCESS_FAILED = FAILURES.indexOf("process-failed")
const NO_VERDICTS = new Uint8Array(0)

/** Columns of the rows that an operator reads, whichever route they come by. */
function columnsInto({ routes }: ViewPipeline, spec: StatefulSpec): readonly Column[] {
  const route = routes.find(({ target }) => target === spec)
  assert(route !== undefined, "an operator is fed by a route")
  return route.stages.at(-1)?.columns ?? route.origin.columns
}

/** Judging rows is writing them to a builder that is thrown away. */
function judging({ rows, run }: { readonly rows: RowBuilder; readonly run: RouteRun }): RouteRun {
  return (...input) => {
    const count = run(...input)
    rows.take(false)
    return count
  }
}

function needsJudging(routes: readonly CompiledRoute[]): boolean {
  return routes.some((compiled) => compiled.judge !== null)
}

function initialVerdicts({ batch, skip }: SourceSlice): Uint8Array {
  const verdicts = new Uint8Array(batch.length)
  if (skip === null) return verdicts
  for (let row = 0; row < batch.length; row++) if (skip[row] === 1) verdicts[row] = DUPLICATE
  return verdicts
}

function combine(total: SliceReport, single: SliceReport, { first }: { readonly first: boolean }): void {
  for (let row = 0; row < total.verdicts.length; row++) {
    const verdict = single.verdicts[row]!
    if (!first && RANK[verdict]! <= RANK[total.verdicts[row]!]!) continue
    if (verdict === FAILED) total.fail(row, single.failures![row]!)
    else total.verdicts[row] = verdict
  }
  // Routes of one source close their windows by one watermark.
  for (const [row, goneEnd] of single.goneEnds ?? []) total.partly(row, goneEnd)
}
