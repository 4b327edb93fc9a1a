/**
 * The laws of dataflow.ts once more, with arrays of row objects and no incremental state but bags of rows:
 * every epoch recomputes each group it has. Slow and obvious; random tests compare the engine with it.
 */
import type { Scalar } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import type { AggregateSpec, EngineWindow, OperatorSpec, ViewSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Route, ViewPipeline } from "../graph/routes.ts"
import { planRoutes } from "../graph/routes.ts"
import { Bag } from "./bag.ts"
import type { Row } from "./batches.ts"
import { rowKey } from "./batches.ts"
import { argumentWidth, naiveAggregate, naiveArguments } from "./naive-aggregates.ts"
import { evaluate, NaiveFailure } from "./naive-expressions.ts"

export interface NaiveSlice {
  readonly source: string
  readonly rows: readonly Row[]
  readonly skip: readonly number[] | null
}

interface Contribution {
  readonly target: AggregateSpec | ViewSpec
  /** For a view the row, for an aggregate the keys. */
  readonly row: Row
  readonly args: Row
  readonly windowEnd: bigint | null
}

interface Outcome {
  readonly verdict: "applied" | "filtered" | "late" | "failed"
  readonly contributions: readonly Contribution[]
}

interface Group {
  readonly keys: Row
  readonly windowEnd: bigint | null
  readonly args: Bag
}

interface AggregateState {
  groups: Map<string, Group>
  closed: Set<bigint>
  output: Bag
}

export class NaiveEngine {
  readonly #graph
  readonly #aggregates = new Map<string, AggregateState>()
  readonly #rows = new Map<string, Bag>()
  #before = new Map<string, bigint>()
  #after = new Map<string, bigint>()

  constructor(specs: readonly OperatorSpec[]) {
    this.#graph = planRoutes(specs)
    for (const { view, aggregates } of this.#graph.pipelines) {
      this.#rows.set(view.name, new Bag())
      for (const { id } of aggregates) {
        this.#aggregates.set(id, { groups: new Map(), closed: new Set(), output: new Bag() })
      }
    }
  }

  rows(view: string): Bag {
    return this.#rows.get(view)!
  }

  /** Verdict names per view and slice of that view's direct sources. */
  runEpoch(slices: readonly NaiveSlice[], watermarks: ReadonlyMap<string, bigint>): Map<string, string[][]> {
    this.#before = new Map(this.#after)
    for (const [source, watermark] of watermarks) this.#after.set(source, watermark)
    const deltas = new Map<string, Bag>()
    const verdicts = new Map<string, string[][]>()
    for (const pipeline of this.#graph.pipelines)
      verdicts.set(pipeline.view.name, this.#runView(pipeline, slices, deltas))
    return verdicts
  }

  #runView(pipeline: ViewPipeline, slices: readonly NaiveSlice[], deltas: Map<string, Bag>): string[][] {
    const inbox = new Map<string, { contribution: Contribution; weight: number }[]>()
    const deliver = (contribution: Contribution, weight: number) => {
      const list = inbox.get(contribution.target.id) ?? []
      list.push({ contribution, weight })
      inbox.set(contribution.target.id, list)
    }
    const verdicts = slices.map((slice) =>
      slice.rows.map((row, k) => {
        if (slice.skip?.[k] === 1) return "duplicate"
        const routes = pipeline.routes.filter((route) => route.origin.id === slice.source)
        const outcome = agree(routes.map((route) => this.#follow(route, row)))
        for (const contribution of outcome.contributions) deliver(contribution, 1)
        return outcome.verdict
      }),
    )
    const forward = (id: string) => {
      for (const route of pipeline.routes.filter(
        ({ origin }) => origin.kind !== "source" && origin.id === id,
      )) {
        for (const [row, weight] of deltas.get(id)?.entries() ?? []) {
          for (const contribution of this.#follow(route, row).contributions) deliver(contribution, weight)
        }
      }
    }
    for (const view of this.#graph.pipelines) if (view !== pipeline) forward(view.view.id)
    for (const spec of pipeline.aggregates) {
      deltas.set(spec.id, this.#runAggregate(spec, inbox.get(spec.id) ?? []))
      forward(spec.id)
    }
    const delta = new Bag()
    for (const { contribution, weight } of inbox.get(pipeline.view.id) ?? [])
      delta.add(contribution.row, weight)
    this.#rows.get(pipeline.view.name)!.addAll(delta)
    deltas.set(pipeline.view.id, delta)
    return verdicts
  }

  #runAggregate(spec: AggregateSpec, inbox: readonly { contribution: Contribution; weight: number }[]): Bag {
    const state = this.#aggregates.get(spec.id)!
    const before = state.output
    for (const { contribution, weight } of inbox) {
      const key = `${contribution.windowEnd} ${rowKey(contribution.row)}`
      const group = state.groups.get(key) ?? {
        keys: contribution.row,
        windowEnd: contribution.windowEnd,
        args: new Bag(),
      }
      group.args.add(contribution.args, weight)
      if (group.args.size === 0) state.groups.delete(key)
      else state.groups.set(key, group)
    }
    const watermark = this.#watermark(spec, this.#after)
    const windowed = spec.windowKeys !== null
    const shown = new Bag()
    shown.addAll(this.#frozen(spec))
    for (const group of state.groups.values()) {
      const visible = !windowed || spec.emit === "changes" || group.windowEnd! <= watermark
      if (visible) shown.add(outputRow(spec, group), 1)
    }
    if (spec.keys.length === 0 && !windowed && state.groups.size === 0) {
      shown.add(outputRow(spec, { keys: [], windowEnd: null, args: new Bag() }), 1)
    }
    for (const [key, group] of state.groups) {
      if (!windowed || watermark === NO_WATERMARK || group.windowEnd! + spec.allowedLatenessUs > watermark)
        continue
      this.#frozen(spec).add(outputRow(spec, group), 1)
      state.groups.delete(key)
    }
    state.output = shown
    const delta = shown.copy()
    delta.addAll(before, -1)
    return delta
  }

  readonly #frozenRows = new Map<string, Bag>()
  /** Rows of windows that are gone. */
  #frozen(spec: AggregateSpec): Bag {
    const bag = this.#frozenRows.get(spec.id) ?? new Bag()
    this.#frozenRows.set(spec.id, bag)
    return bag
  }

  #watermark(spec: AggregateSpec, watermarks: ReadonlyMap<string, bigint>): bigint {
    const all = [...this.#graph.sourcesOf.get(spec.id)!].map(
      (source) => watermarks.get(source) ?? NO_WATERMARK,
    )
    return all.reduce((a, b) => (a < b ? a : b))
  }

  #follow(route: Route, row: Row): Outcome {
    try {
      let rows: Row[] = [row]
      for (const stage of route.stages) {
        rows = rows
          .filter((candidate) => holds(stage.filter, candidate))
          .flatMap((candidate) => (stage.window === null ? [candidate] : windowed(stage.window, candidate)))
          .map((candidate) => stage.outputs.map((output) => evaluate(output, candidate)))
      }
      const { target } = route
      if (target.kind === "view") {
        const contributions = rows.map((out) => ({ target, row: out, args: [], windowEnd: null }))
        return { verdict: rows.length > 0 ? "applied" : "filtered", contributions }
      }
      return this.#intoAggregate(target, rows)
    } catch (error) {
      if (error instanceof NaiveFailure) return { verdict: "failed", contributions: [] }
      throw error
    }
  }

  #intoAggregate(spec: AggregateSpec, rows: readonly Row[]): Outcome {
    const watermark = this.#watermark(spec, this.#before)
    const contributions: Contribution[] = []
    let late = 0
    for (const row of rows.filter((candidate) => holds(spec.filter, candidate))) {
      for (const input of spec.window === null ? [row] : windowed(spec.window, row)) {
        const end = windowEnd(spec, input)
        if (end !== null && watermark !== NO_WATERMARK && end + spec.allowedLatenessUs <= watermark) {
          late++
          continue
        }
        const keys = spec.keys.map((key) => evaluate(key, input))
        const args = spec.aggregates.flatMap((call) => naiveArguments(call, input))
        contributions.push({ target: spec, row: keys, args, windowEnd: end })
      }
    }
    return { verdict: contributions.length > 0 ? "applied" : late > 0 ? "late" : "filtered", contributions }
  }
}

function agree(outcomes: readonly Outcome[]): Outcome {
  const rank = ["filtered", "applied", "late", "failed"]
  const verdict =
    outcomes.map((outcome) => outcome.verdict).sort((a, b) => rank.indexOf(b) - rank.indexOf(a))[0] ??
    "filtered"
  const contributions = verdict === "applied" ? outcomes.flatMap((outcome) => outcome.contributions) : []
  return { verdict, contributions }
}

function holds(filter: Expression | null, row: Row): boolean {
  return filter === null || evaluate(filter, row) === true
}

function windowed(window: EngineWindow, row: Row): Row[] {
  const time = evaluate(window.time, row) as bigint | null
  if (time === null) return []
  const rows: Row[] = []
  const rest = ((time % window.slideUs) + window.slideUs) % window.slideUs
  for (let start = time - rest; start + window.sizeUs > time; start -= window.slideUs) {
    rows.unshift([...row, start, start + window.sizeUs])
  }
  return rows
}

function windowEnd(spec: AggregateSpec, input: Row): bigint | null {
  const { windowKeys } = spec
  if (windowKeys === null) return null
  if (spec.window !== null) return input.at(-1) as bigint
  if (windowKeys.end !== null) return evaluate(spec.keys[windowKeys.end]!, input) as bigint
  return (evaluate(spec.keys[windowKeys.start!]!, input) as bigint) + spec.windowSizeUs!
}

function outputRow(spec: AggregateSpec, group: Group): Scalar[] {
  const rows = group.args.rows()
  let width = 0
  return [
    ...group.keys,
    ...spec.aggregates.map((call) => {
      const from = width
      width += argumentWidth(call)
      return naiveAggregate(
        call,
        rows.map((row) => row.slice(from, width)),
      )
    }),
  ]
}
