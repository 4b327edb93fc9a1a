/**
 * The laws of dataflow.ts once more, with arrays of row objects and no incremental state but bags of rows:
 * every epoch recomputes each group it has. Slow and obvious; random tests compare the engine with it.
 */
import type { Scalar } from "../../columns/types.ts"
import { assertNever } from "../../std/assert.ts"
import type { AggregateSpec, OperatorSpec, OverSpec, RankSpec, StatefulSpec, ViewSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { Route, ViewPipeline } from "../graph/routes.ts"
import { inputsOf, planRoutes } from "../graph/routes.ts"
import { Bag } from "./bag.ts"
import type { Row } from "./batches.ts"
import { rowKey } from "./batches.ts"
import { argumentWidth, naiveAggregate, naiveArguments } from "./naive-aggregates.ts"
import { naiveExpiry } from "./naive-expiry.ts"
import { evaluate, holds, NaiveFailure } from "./naive-expressions.ts"
import { naiveJoin } from "./naive-join.ts"
import { naiveOver, naiveRank } from "./naive-partitions.ts"
import { naivePattern } from "./naive-patterns.ts"
import type { NaiveSessionRow } from "./naive-sessions.ts"
import { NaiveSessions } from "./naive-sessions.ts"
import { repeated, windowed } from "./naive-stages.ts"

export interface NaiveSlice {
  readonly source: string
  readonly rows: readonly Row[]
  readonly skip: readonly number[] | null
}

interface Contribution {
  readonly target: StatefulSpec | ViewSpec
  readonly port: number
  /** For an aggregate the keys, for all else the row. */
  readonly row: Row
  readonly args: Row
  readonly windowEnd: bigint | null
  readonly session?: NaiveSessionRow
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
  output: Bag
}

/** All rows that an operator has taken, those included that the engine has long let go. */
interface RowState {
  readonly ports: readonly Bag[]
  output: Bag
}

type RowSpec = Exclude<StatefulSpec, AggregateSpec>

export class NaiveEngine {
  readonly #graph
  readonly #aggregates = new Map<string, AggregateState>()
  readonly #operators = new Map<string, RowState>()
  readonly #rows = new Map<string, Bag>()
  readonly #sessions = new Map<string, NaiveSessions>()
  #before = new Map<string, bigint>()
  #after = new Map<string, bigint>()

  constructor(specs: readonly OperatorSpec[]) {
    this.#graph = planRoutes(specs)
    for (const { view, operators } of this.#graph.pipelines) {
      this.#rows.set(view.name, new Bag())
      for (const spec of operators) {
        if (spec.kind !== "aggregate") {
          this.#operators.set(spec.id, { ports: inputsOf(spec).map(() => new Bag()), output: new Bag() })
          continue
        }
        if (spec.session) this.#sessions.set(spec.id, new NaiveSessions(spec))
        this.#aggregates.set(spec.id, { groups: new Map(), output: new Bag() })
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
      if (contribution.session !== undefined) {
        this.#sessions.get(contribution.target.id)!.add(contribution.session)
        return
      }
      const list = inbox.get(contribution.target.id) ?? []
      list.push({ contribution, weight })
      inbox.set(contribution.target.id, list)
    }
    const verdicts = slices.map((slice) =>
      slice.rows.map((row, k) => {
        if (slice.skip?.[k] === 1) return "duplicate"
        const routes = pipeline.routes.filter((route) => route.origin.id === slice.source)
        const several = routes.length > 1
        const outcome = agree(routes.map((route) => this.#follow(route, row, several)))
        for (const contribution of outcome.contributions) deliver(contribution, 1)
        return outcome.verdict
      }),
    )
    const forward = (id: string) => {
      for (const route of pipeline.routes.filter(
        ({ origin }) => origin.kind !== "source" && origin.id === id,
      )) {
        const changed: { contribution: Contribution; weight: number }[] = []
        for (const [row, weight] of deltas.get(id)?.entries() ?? []) {
          for (const contribution of this.#follow(route, row, null).contributions) {
            if (contribution.session === undefined) deliver(contribution, weight)
            else changed.push({ contribution, weight })
          }
        }
        this.#changeSessions(changed)
      }
    }
    for (const view of this.#graph.pipelines) if (view !== pipeline) forward(view.view.id)
    for (const spec of pipeline.operators) {
      const arrived = inbox.get(spec.id) ?? []
      deltas.set(
        spec.id,
        spec.kind === "aggregate" ? this.#runAggregate(spec, arrived) : this.#runRows(spec, arrived),
      )
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
    const sessions = this.#sessions.get(spec.id)
    if (sessions !== undefined) {
      state.output = this.#settleSessions(spec, sessions)
      const moved = state.output.copy()
      moved.addAll(before, -1)
      return moved
    }
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

  #runRows(spec: RowSpec, inbox: readonly { contribution: Contribution; weight: number }[]): Bag {
    const state = this.#operators.get(spec.id)!
    for (const { contribution, weight } of inbox)
      state.ports[contribution.port]!.add(contribution.row, weight)
    const before = state.output
    state.output = this.#outputOf(spec, state.ports)
    const delta = state.output.copy()
    delta.addAll(before, -1)
    return delta
  }

  #outputOf(spec: RowSpec, ports: readonly Bag[]): Bag {
    switch (spec.kind) {
      case "join":
        return naiveJoin(spec, ports[0]!, ports[1]!, this.#watermark(spec, this.#after))
      case "rank":
        return naiveRank(spec, this.#shownRows(spec, ports[0]!))
      case "over":
        return naiveOver(spec, this.#shownRows(spec, ports[0]!))
      case "pattern":
        return naivePattern(spec, ports[0]!, this.#watermark(spec, this.#after))
      case "process":
        throw new Error("what a process does depends on the order of its rows: see naive-process.ts")
      default:
        return assertNever(spec)
    }
  }

  /** With emit final, those whose window is closed. */
  #shownRows(spec: RankSpec | OverSpec, rows: Bag): Bag {
    const { emit, expiry } = spec
    if (emit === "changes" || expiry === null) return rows
    const watermark = this.#watermark(spec, this.#after)
    const shown = new Bag()
    for (const [row, weight] of rows.entries()) {
      const time = row[expiry.at] as bigint | null
      if (time !== null && watermark !== NO_WATERMARK && time + expiry.closeUs <= watermark)
        shown.add(row, weight)
    }
    return shown
  }

  /** New rows first, each in the order of its time. */
  #changeSessions(changed: { contribution: Contribution; weight: number }[]): void {
    const byTime = changed.sort((a, b) => {
      if (a.weight > 0 !== b.weight > 0) return a.weight > 0 ? -1 : 1
      const [x, y] = [a.contribution.session!.time, b.contribution.session!.time]
      return x < y ? -1 : x > y ? 1 : 0
    })
    for (const { contribution, weight } of byTime) {
      const sessions = this.#sessions.get(contribution.target.id)!
      const row = contribution.session!
      for (let k = Math.abs(weight); k > 0; k--) {
        if (weight < 0) sessions.remove(row)
        else if (!sessions.isLate(row, { settled: false })) sessions.add(row)
      }
    }
  }

  #settleSessions(spec: AggregateSpec, sessions: NaiveSessions): Bag {
    const watermark = this.#watermark(spec, this.#after)
    const shown = new Bag()
    for (const { session, isGone } of sessions.settle(watermark)) {
      const isClosed = session.last + spec.session!.gapUs <= watermark
      for (const { keys, args } of sessions.groups(session)) {
        const row = outputRow(spec, { keys, windowEnd: null, args })
        if (isGone) this.#frozen(spec).add(row, 1)
        else if (spec.emit === "changes" || isClosed) shown.add(row, 1)
      }
    }
    shown.addAll(this.#frozen(spec))
    return shown
  }

  readonly #frozenRows = new Map<string, Bag>()
  /** Rows of windows that are gone. */
  #frozen(spec: AggregateSpec): Bag {
    const bag = this.#frozenRows.get(spec.id) ?? new Bag()
    this.#frozenRows.set(spec.id, bag)
    return bag
  }

  #watermark(spec: StatefulSpec, watermarks: ReadonlyMap<string, bigint>): bigint {
    const all = [...this.#graph.sourcesOf.get(spec.id)!].map(
      (source) => watermarks.get(source) ?? NO_WATERMARK,
    )
    return all.reduce((a, b) => (a < b ? a : b))
  }

  /** `several`: whether routes must agree on the row; null for changes, which nobody judges. */
  #follow(route: Route, row: Row, several: boolean | null): Outcome {
    try {
      let rows: Row[] = [row]
      for (const stage of route.stages) {
        rows = rows
          .filter((candidate) => holds(stage.filter, candidate))
          .flatMap((candidate) => (stage.window === null ? [candidate] : windowed(stage.window, candidate)))
          .flatMap((candidate) => repeated(stage.times, candidate))
          .map((candidate) => stage.outputs.map((output) => evaluate(output, candidate)))
      }
      const { target } = route
      if (target.kind === "view") {
        const contributions = rows.map((out) => ({ target, port: 0, row: out, args: [], windowEnd: null }))
        return { verdict: rows.length > 0 ? "applied" : "filtered", contributions }
      }
      if (target.kind !== "aggregate") return this.#intoRows(target, route.port, rows)
      return target.session ? this.#intoSessions(target, rows, several) : this.#intoAggregate(target, rows)
    } catch (error) {
      if (error instanceof NaiveFailure) return { verdict: "failed", contributions: [] }
      throw error
    }
  }

  #intoRows(target: RowSpec, port: number, rows: readonly Row[]): Outcome {
    const expiry = naiveExpiry(target, port)
    const watermark = this.#watermark(target, this.#before)
    const taken = rows.filter((row) => {
      const time = expiry === null ? null : (row[expiry.at] as bigint | null)
      return time === null || watermark === NO_WATERMARK || time + expiry!.lateUs > watermark
    })
    const contributions = taken.map((row) => ({ target, port, row, args: [], windowEnd: null }))
    const verdict = taken.length > 0 ? "applied" : rows.length > 0 ? "late" : "filtered"
    return { verdict, contributions }
  }

  #intoSessions(spec: AggregateSpec, rows: readonly Row[], several: boolean | null): Outcome {
    const sessions = this.#sessions.get(spec.id)!
    const bounds = [spec.windowKeys!.start, spec.windowKeys!.end]
    const contributions: Contribution[] = []
    let late = 0
    for (const input of rows.filter((candidate) => holds(spec.filter, candidate))) {
      const time = evaluate(spec.session!.time, input) as bigint | null
      if (time === null) continue
      const keys = spec.keys.map((key, k) => (bounds.includes(k) ? 0n : evaluate(key, input)))
      const args = spec.aggregates.flatMap((call) => naiveArguments(call, input))
      const sessionKey = rowKey(spec.session!.keys.map((key) => evaluate(key, input)))
      const session = { sessionKey, time, keys, args }
      if (several !== null && sessions.isLate(session, { settled: several })) late++
      else contributions.push({ target: spec, port: 0, row: keys, args, windowEnd: null, session })
    }
    return { verdict: contributions.length > 0 ? "applied" : late > 0 ? "late" : "filtered", contributions }
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
        contributions.push({ target: spec, port: 0, row: keys, args, windowEnd: end })
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
