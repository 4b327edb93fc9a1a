/**
 * Patterns straight from their definition: every way to label the rows behind a first row (taken by a step,
 * passed over, the end) is written down, those that break a rule are thrown away, and of the rest the most
 * preferred stands. Exponential, for a handful of rows.
 */
import type { Scalar } from "../../columns/types.ts"
import type { AggregateCall } from "../../expr/expression.ts"
import type { PatternStep, PatternValue } from "../../expr/pattern.ts"
import type { PatternSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import { Bag } from "./bag.ts"
import type { Row } from "./batches.ts"
import { naiveAggregate, naiveArguments } from "./naive-aggregates.ts"
import { evaluate, NaiveFailure } from "./naive-expressions.ts"
import { partitionsOf } from "./naive-partitions.ts"

/** A step's number, or: passed over, complete before this row, not decided yet, out of time. */
type Label = number | "skip" | "end" | "open" | "expired"

export function naivePattern(spec: PatternSpec, rows: Bag, watermarkUs: bigint): Bag {
  const out = new Bag()
  if (watermarkUs === NO_WATERMARK) return out
  const time = spec.order[0]!.column
  const seen = new Bag()
  for (const [row, weight] of rows.entries()) {
    if ((row[time] as bigint) + spec.lateUs <= watermarkUs) seen.add(row, weight)
  }
  for (const partition of partitionsOf(seen, spec.partition, spec.order)) {
    matchesOf(spec, partition, watermarkUs - spec.lateUs, out)
  }
  return out
}

function matchesOf(spec: PatternSpec, rows: readonly Row[], seenUntilUs: bigint, out: Bag): void {
  const timeOf = (row: Row) => row[spec.order[0]!.column] as bigint
  let start = 0
  while (start < rows.length) {
    const untilUs = timeOf(rows[start]!) + spec.withinUs
    const inTime = rows.slice(0, start).concat(rows.slice(start).filter((row) => timeOf(row) <= untilUs))
    const labeling = new Labelings(spec, inTime, start, untilUs <= seenUntilUs).best()
    const ending = labeling?.at(-1)
    if (ending === "open") {
      if (spec.afterMatch.kind !== "next-row") return
      start++
      continue
    }
    const isResult = ending === "end" || (ending === "expired" && spec.timeouts)
    if (labeling === null || !isResult) {
      start++
      continue
    }
    const taken = takenBy(labeling, start)
    const context = { spec, rows: inTime, taken }
    out.add(
      spec.outputs.map((output) => scalarOf(output, context, ending === "expired")),
      1,
    )
    start = Math.max(start + 1, nextStart(spec, taken))
  }
}

function nextStart({ afterMatch }: PatternSpec, taken: readonly Taken[]): number {
  if (afterMatch.kind === "past-last") return taken.at(-1)!.row + 1
  if (afterMatch.kind === "next-row") return taken[0]!.row + 1
  const rows = taken.filter(({ step }) => step === afterMatch.step).map(({ row }) => row)
  return (afterMatch.kind === "to-first" ? rows[0] : rows.at(-1)) ?? 0
}

interface Taken {
  readonly row: number
  readonly step: number
}

function takenBy(labels: readonly Label[], start: number): Taken[] {
  return labels.flatMap((label, k) => (typeof label === "number" ? [{ row: start + k, step: label }] : []))
}

class Labelings {
  readonly #spec: PatternSpec
  readonly #rows: readonly Row[]
  readonly #start: number
  readonly #isOver: boolean

  constructor(spec: PatternSpec, rows: readonly Row[], start: number, isOver: boolean) {
    this.#spec = spec
    this.#rows = rows
    this.#start = start
    this.#isOver = isOver
  }

  best(): Label[] | null {
    if (!this.#holds([], 0)) return null
    const all = this.#from([0])
    const decided = all.filter((labels) => labels.at(-1) !== "expired")
    const candidates = decided.length > 0 ? decided : all
    return candidates.toSorted((a, b) => this.#compare(a, b))[0] ?? null
  }

  /** Every labeling that begins so and breaks no rule. */
  #from(labels: readonly Label[]): Label[][] {
    const choices: Label[] = [...this.#spec.steps.keys(), "skip", "end", "open", "expired"]
    return choices
      .filter((label) => this.#isAllowed(labels, label))
      .flatMap((label) =>
        label === "end" || label === "open" || label === "expired"
          ? [[...labels, label]]
          : this.#from([...labels, label]),
      )
  }

  #isAllowed(labels: readonly Label[], label: Label): boolean {
    const row = this.#start + labels.length
    const isThere = row < this.#rows.length
    switch (label) {
      case "end": {
        if (!this.#mayEnd(labels)) return false
        const guards = this.#guards(labels, null)
        if (guards.length === 0) return true
        return !isThere && this.#isOver && this.#keeps(labels, guards)
      }
      case "open":
        return !isThere && !this.#isOver && this.#mayGoOn(labels)
      case "expired":
        return !isThere && this.#isOver
      case "skip":
        return isThere && !this.#canTake(labels) && this.#mayGoOn([...labels, "skip"])
      default:
        return isThere && this.#mayTake(labels, label) && this.#holds(labels, label)
    }
  }

  #canTake(labels: readonly Label[]): boolean {
    const higher = this.#options(labels)
    // What lies behind the end of a pattern is never asked.
    const end = higher.findIndex((step) => step === null && this.#guards(labels, null).length === 0)
    const asked = end < 0 ? higher : higher.slice(0, end)
    return asked.some((step) => step !== null && this.#mayTake(labels, step) && this.#holds(labels, step))
  }

  /** A later row could still be taken, or none may come. */
  #mayGoOn(labels: readonly Label[]): boolean {
    return this.#options(labels).some((step) => {
      if (step !== null) return this.#mayTake(labels, step)
      const guards = this.#guards(labels, null)
      return guards.length > 0 && this.#keeps(labels, guards)
    })
  }

  #mayTake(labels: readonly Label[], step: number): boolean {
    if (!this.#options(labels).includes(step)) return false
    const { relaxed } = this.#spec.steps[step]!
    if (!relaxed && labels.at(-1) === "skip") return false
    return this.#keeps(labels, this.#guards(labels, step))
  }

  #mayEnd(labels: readonly Label[]): boolean {
    return this.#options(labels).includes(null)
  }

  /** Steps that may take the next row, null for the end, as the steps' numbers allow; best first. */
  #options(labels: readonly Label[]): (number | null)[] {
    const { steps } = this.#spec
    const taken = takenBy(labels, 0)
    const { step } = taken.at(-1)!
    const count = taken.filter((each) => each.step === step).length
    const { least, most, greedy } = steps[step]!
    const goOn = most === null || count < most ? [step] : []
    const leave = count >= least ? behind(steps, step + 1) : []
    return greedy ? [...goOn, ...leave] : [...leave, ...goOn]
  }

  /** Negated steps between the last row taken and the next. */
  #guards(labels: readonly Label[], next: number | null): number[] {
    const { step } = takenBy(labels, 0).at(-1)!
    const until = next ?? this.#spec.steps.length
    return [...this.#spec.steps.keys()].filter((k) => k > step && k < until && this.#spec.steps[k]!.negated)
  }

  /** No row passed over since the last one taken makes a guard true. */
  #keeps(labels: readonly Label[], guards: readonly number[]): boolean {
    const last = labels.findLastIndex((label) => typeof label === "number")
    return labels.every(
      (label, k) =>
        label !== "skip" || k < last || !guards.some((guard) => this.#holds(labels.slice(0, k), guard)),
    )
  }

  /** The step's condition, of the row behind the labels. */
  #holds(labels: readonly Label[], step: number): boolean {
    const taken = [...takenBy(labels, this.#start), { row: this.#start + labels.length, step }]
    const { condition, values } = this.#spec.steps[step]!
    const context = { spec: this.#spec, rows: this.#rows, taken }
    try {
      const row = values.map((value) => scalarOf(value, context, false))
      return evaluate(condition, row) === true
    } catch (error) {
      if (error instanceof NaiveFailure) return false
      throw error
    }
  }

  /** Which is preferred, where they differ first. */
  #compare(a: readonly Label[], b: readonly Label[]): number {
    const k = a.findIndex((label, i) => label !== b[i])
    if (k < 0) return 0
    const before = a.slice(0, k)
    return this.#rank(before, a[k]!) - this.#rank(before, b[k]!)
  }

  /** Passing over and waiting stand where the step stands that may still find its row. */
  #rank(before: readonly Label[], label: Label): number {
    const options = this.#options(before)
    if (typeof label === "number") return options.indexOf(label)
    if (label === "end") return options.indexOf(null)
    if (label === "expired") return options.length
    const after: Label[] = label === "skip" ? [...before, "skip"] : [...before]
    const found = options.findIndex((step) => step !== null && this.#mayTake(after, step))
    return found < 0 ? options.length : found - 0.5
  }
}

function behind(steps: readonly PatternStep[], from: number): (number | null)[] {
  const step = steps[from]
  if (step === undefined) return [null]
  if (step.negated) return behind(steps, from + 1)
  if (step.least > 0) return [from]
  return step.greedy ? [from, ...behind(steps, from + 1)] : [...behind(steps, from + 1), from]
}

interface Context {
  readonly spec: PatternSpec
  readonly rows: readonly Row[]
  readonly taken: readonly Taken[]
}

function scalarOf(value: PatternValue, { spec, rows, taken }: Context, timedOut: boolean): Scalar {
  if (value.kind === "timed-out") return timedOut
  if (value.kind === "previous") {
    const { row } = taken.at(-1)!
    const time = (at: number) => rows[at]![spec.order[0]!.column] as bigint
    return row > 0 && time(row) - time(row - 1) <= spec.withinUs ? rows[row - 1]![value.column]! : null
  }
  const own = taken
    .filter(({ step }) => value.step === null || step === value.step)
    .map(({ row }) => rows[row]!)
  if (value.kind === "row") {
    const ordered = value.from === "first" ? own : own.toReversed()
    return ordered[value.offset]?.[value.column] ?? null
  }
  const { name, type, nullable } = value.call
  const [argument = null] = value.call.args
  const call: AggregateCall = { kind: "aggregate", name, argument, distinct: false, type, nullable }
  return naiveAggregate(
    call,
    own.map((row) => naiveArguments(call, row)),
  )
}
