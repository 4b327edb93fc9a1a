/**
 * Runs one view through an epoch: judges rows where several routes must agree, feeds its aggregates and its
 * rows by compiled routes, flushes each in order.
 *
 * A row's verdict comes from the routes that begin at its source. Where there is more than one of them, or
 * where a row can fail after one of its windows was entered, a first pass judges without touching state: a
 * row that fails in any route is applied in none, a row that is late in any is late.
 */
import type { Batch, ChangeBatch } from "../columns/batch.ts"
import type { Column } from "../columns/types.ts"
import { assert } from "../std/assert.ts"
import { GroupTerminal } from "./code/group-terminal.ts"
import type { RouteShape } from "./code/route-writer.ts"
import { APPLIED, DUPLICATE, FAILED, FILTERED, LATE, RouteWriter } from "./code/route-writer.ts"
import type { RouteRun, RowReport } from "./code/row-report.ts"
import { SliceReport } from "./code/row-report.ts"
import { RowsTerminal } from "./code/rows-terminal.ts"
import type { AggregateSpec, SourceSlice, ViewSpec } from "./dataflow.ts"
import type { Route, ViewPipeline } from "./graph/routes.ts"
import type { Losses } from "./losses.ts"
import { AggregateOperator } from "./operators/aggregate.ts"
import { RowBuilder } from "./operators/row-builder.ts"
import { SessionAggregate } from "./operators/session-aggregate.ts"
import { ViewOperator } from "./operators/view.ts"
import type { PageStore } from "./state/page-store.ts"

export interface CompiledRoute {
  readonly route: Route
  readonly apply: RouteRun
  /** Null where one pass is enough. */
  readonly judge: RouteRun | null
  /** Takes what a route to a view has written. */
  readonly take: () => ChangeBatch | null
}

export interface PipelineOptions {
  readonly store: PageStore
  readonly losses: Losses
  readonly appendOnly: ReadonlySet<string>
}

/** Where routes disagree on a row, the verdict further right wins. */
const BY_RANK = [FILTERED, APPLIED, LATE, FAILED, DUPLICATE]
const RANK = BY_RANK.map((_, verdict) => BY_RANK.indexOf(verdict))

export class RunningView {
  readonly view: ViewOperator
  readonly aggregates: ReadonlyMap<string, AggregateOperator | SessionAggregate>
  readonly #pipeline: ViewPipeline
  readonly #routes: readonly CompiledRoute[]
  readonly #losses: Losses
  readonly #report: RowReport

  constructor(pipeline: ViewPipeline, options: PipelineOptions) {
    this.#pipeline = pipeline
    this.#losses = options.losses
    const aggregates = new Map<string, AggregateOperator | SessionAggregate>()
    for (const spec of pipeline.aggregates) {
      const { store, losses, appendOnly } = options
      const appendOnlyOutput = appendOnly.has(spec.id)
      const inputColumns = columnsInto(pipeline, spec)
      aggregates.set(
        spec.id,
        (spec.session ?? null) === null
          ? new AggregateOperator(spec, {
              store,
              losses,
              retractingInput: !appendOnly.has(spec.input),
              appendOnlyOutput,
            })
          : new SessionAggregate(spec, { store, losses, inputColumns, appendOnlyOutput }),
      )
    }
    this.aggregates = aggregates
    const appendOnly = options.appendOnly.has(pipeline.view.id)
    this.view = new ViewOperator(pipeline.view, options.store, { appendOnly })
    this.#routes = pipeline.routes.map((route) => this.#compile(route, options))
    this.#report = {
      fail: () => void this.#losses.failedChanges++,
      late: () => void this.#losses.lateChanges++,
    }
  }

  /** Verdicts of a slice's rows by the routes from its source. */
  judge(slice: SourceSlice): SliceReport {
    const report = new SliceReport(initialVerdicts(slice))
    const routes = this.#routesFrom(slice.source)
    if (!needsJudging(routes)) return report
    const initial = report.verdicts.slice()
    routes.forEach((compiled, k) => {
      assert(compiled.judge !== null, "routes that must agree can judge")
      const single = new SliceReport(initial.slice())
      compiled.judge(slice.batch, null, single.verdicts, single)
      combine(report, single, { first: k === 0 })
    })
    return report
  }

  /** Feeds one operator of the view: events from slices, then changes from the operators before it. */
  feed(
    target: AggregateSpec | ViewSpec,
    slices: readonly { readonly slice: SourceSlice; readonly report: SliceReport }[],
    changesOf: (id: string) => ChangeBatch | null,
  ): void {
    for (const { slice, report } of slices) {
      const all = this.#routesFrom(slice.source)
      const judged = needsJudging(all)
      for (const compiled of all) {
        if (compiled.route.target !== target) continue
        const own = judged ? new SliceReport(report.verdicts.slice()) : report
        compiled.apply(slice.batch, null, own.verdicts, own)
        this.#pass(compiled)
      }
    }
    for (const compiled of this.#routes) {
      const { origin } = compiled.route
      if (compiled.route.target !== target || origin.kind === "source") continue
      const changes = changesOf(origin.id)
      if (changes === null) continue
      if (compiled.route.stages.length === 0 && target.kind === "view") {
        this.view.apply(changes)
        continue
      }
      compiled.apply(changes, changes.weights, NO_VERDICTS, this.#report)
      this.#pass(compiled)
    }
  }

  #pass(compiled: CompiledRoute): void {
    const changes = compiled.take()
    if (changes !== null) this.view.apply(changes)
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
      weighted: !options.appendOnly.has(
        route.target.kind === "aggregate" ? route.target.input : route.target.id,
      ),
    }
    const { target } = route
    if (target.kind === "view") {
      const rows = new RowBuilder(target.columns.map((column) => column.type))
      const compile = () => new RouteWriter(new RowsTerminal(shape, rows)).compile<RouteRun>(options.store)
      const { run } = compile()
      const take = () => rows.take(shape.weighted)
      return {
        route,
        apply: run,
        judge: this.#mustAgree(route) ? judgeRows(shape, options.store) : null,
        take,
      }
    }
    const operator = this.aggregates.get(target.id)!
    if (operator instanceof SessionAggregate) {
      const { apply, judge } = operator.intake(shape)
      return { route, apply, judge: this.#mustAgree(route) ? judge : null, take: () => null }
    }
    const terminal = (mode: "apply" | "judge") => new GroupTerminal(shape, operator.plan, operator, mode)
    const applied = new RouteWriter(terminal("apply")).compile<RouteRun>(options.store)
    const judges = fromSource && (this.#mustAgree(route) || applied.failsInsideWindows)
    const judge = judges ? new RouteWriter(terminal("judge")).compile<RouteRun>(options.store).run : null
    return { route, apply: applied.run, judge, take: () => null }
  }

  /** Other routes of this view begin at the same source. */
  #mustAgree({ origin }: Route): boolean {
    return (
      origin.kind === "source" && this.#pipeline.routes.filter((other) => other.origin === origin).length > 1
    )
  }
}

const NO_VERDICTS = new Uint8Array(0)

/** Columns of the rows that an aggregate reads, whichever route they come by. */
function columnsInto({ routes }: ViewPipeline, spec: AggregateSpec): readonly Column[] {
  const route = routes.find(({ target }) => target === spec)
  assert(route !== undefined, "an aggregate is fed by a route")
  return route.stages.at(-1)?.columns ?? route.origin.columns
}

/** Judging rows is writing them to a builder that is thrown away. */
function judgeRows(shape: RouteShape, store: PageStore): RouteRun {
  const types = shape.stages.at(-1)?.columns ?? shape.columns
  const rows = new RowBuilder(types.map((column) => column.type))
  const { run } = new RouteWriter(new RowsTerminal(shape, rows)).compile<RouteRun>(store)
  return (batch: Batch, weights, verdicts, report) => {
    run(batch, weights, verdicts, report)
    rows.take(false)
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
}
