/**
 * Finds the match that begins at a row: the automaton of the pattern, run over the rows of one key by a
 * search that tries the preferred way first and goes back where it leads nowhere. It is the automaton of
 * SASE+ (Agrawal et al., Efficient Pattern Matching over Event Streams, 2008) with the preferences of SQL's
 * MATCH_RECOGNIZE, so that each row begins one match at most.
 *
 *            take: condition of the step is true
 *   (probe 3) -----------------------------------> (hit 1)   complete
 *     ^   |
 *     +---+ skip: no step has a use for the row, and what follows is relaxed; a negated step may forbid
 *                 what lies behind it
 *
 * A row that can be taken is never skipped. What is not decided before more rows are seen is pending.
 */
import type { Batch } from "../../columns/batch.ts"
import type { Column, Scalar } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import { compileScalar, type ScalarFunction } from "../../expr/compile/scalar.ts"
import type { PatternStep, PatternValue } from "../../expr/pattern.ts"
import { asksOwnRow, leadingCondition } from "../../expr/pattern.ts"
import { RowColumn, setScalar } from "../operators/row-builder.ts"
import type { Option } from "./step-options.ts"
import { StepOptions } from "./step-options.ts"
import type { KeyRows, Taken } from "./taken-rows.ts"
import { isTrue, TakenRows } from "./taken-rows.ts"

/** Conditions asked in one search, where conditions look at earlier rows: the ways that lead nowhere can then
 *  be without number, and a search must not hold up everything else. Otherwise none is gone twice. */
const MAX_QUESTIONS = 100_000

export interface Search {
  readonly rows: KeyRows
  readonly start: number
  /** Rows from here on are beyond the pattern's time, or are not there yet. */
  readonly end: number
  /** No row before `end` is missing. */
  readonly complete: boolean
}

export type SearchResult =
  | { readonly kind: "match"; readonly taken: readonly Taken[] }
  | { readonly kind: "timed-out"; readonly taken: readonly Taken[] }
  | { readonly kind: "pending" }
  | { readonly kind: "none" }

/** What a search met on its way; counted when it is decided. */
export interface SearchFailures {
  failedConditions: number
}

interface Frame {
  /** The row that is looked at. */
  at: number
  readonly step: number
  readonly count: number
  /** A row was skipped since the last one was taken. */
  gap: boolean
  /** Bits of negated steps whose condition was true of a row skipped since then. */
  blocked: number
  readonly options: readonly Option[]
  next: number
  /** The row could be taken. */
  took: boolean
  /** Names what follows from here, where that depends on nothing else; null where it may. */
  readonly name: string | null
}

const NONE: SearchResult = { kind: "none" }

type Condition = (taken: TakenRows, failures: SearchFailures) => boolean

export class Matcher {
  readonly #steps: readonly PatternStep[]
  readonly #conditions: readonly Condition[]
  readonly #options: StepOptions
  readonly #withinUs: bigint
  /** Of the first step, which most rows do not suit. */
  readonly #first: number | null
  /** No condition looks at other rows than its own. */
  readonly isPlain: boolean

  constructor(steps: readonly PatternStep[], columns: readonly Column[], withinUs: bigint) {
    this.#steps = steps
    this.#conditions = steps.map((step) => compileCondition(step, columns))
    this.#options = new StepOptions(steps)
    this.#withinUs = withinUs
    this.#first = leadingCondition(steps[0]!)
    this.isPlain = steps.every((step) => asksOwnRow(step))
  }

  find(search: Search, failures: SearchFailures): SearchResult {
    const { rows, start } = search
    if (this.#first !== null && !isTrue(rows.vectors[this.#first]!, start)) return NONE
    return new Run(this, search, failures).find()
  }

  begin(rows: KeyRows): TakenRows {
    return new TakenRows(rows, this.#steps.length, this.#withinUs)
  }

  step(index: number): PatternStep {
    return this.#steps[index]!
  }

  holds(step: number, taken: TakenRows, failures: SearchFailures): boolean {
    return this.#conditions[step]!(taken, failures)
  }

  frame(at: number, step: number, count: number): Frame {
    const { most, least } = this.#steps[step]!
    const counted = most === null && count > least ? least : count
    return {
      at,
      step,
      count: counted,
      gap: false,
      blocked: 0,
      options: this.#options.after(step, counted),
      next: 0,
      took: false,
      name: this.isPlain ? `${at}/${step}/${counted}` : null,
    }
  }
}

class Run {
  readonly #matcher: Matcher
  readonly #search: Search
  readonly #failures: SearchFailures
  readonly #taken: TakenRows
  readonly #frames: Frame[] = []
  /** Names of frames that lead nowhere. */
  readonly #dead = new Set<string>()
  #timedOut: readonly Taken[] | null = null
  #questions = 0

  constructor(matcher: Matcher, search: Search, failures: SearchFailures) {
    this.#matcher = matcher
    this.#search = search
    this.#failures = failures
    this.#taken = matcher.begin(search.rows)
  }

  find(): SearchResult {
    const { start } = this.#search
    if (!this.#take(start, 0)) return { kind: "none" }
    this.#frames.push(this.#matcher.frame(start + 1, 0, 1))
    while (this.#frames.length > 0) {
      const frame = this.#frames.at(-1)!
      const result = frame.at < this.#search.end ? this.#advance(frame) : this.#atEnd(frame)
      if (result !== null) return result
      if (this.#questions > MAX_QUESTIONS && !this.#matcher.isPlain) {
        this.#failures.failedConditions++
        return { kind: "none" }
      }
    }
    return this.#timedOut === null ? { kind: "none" } : { kind: "timed-out", taken: this.#timedOut }
  }

  /** Nobody more to ask: what is still open stays open, or was not to be. */
  #atEnd(frame: Frame): SearchResult | null {
    const { complete } = this.#search
    for (; frame.next < frame.options.length; frame.next++) {
      const option = frame.options[frame.next]!
      if (!this.#isOpen(option, frame)) continue
      if (!complete && (option.step !== null || option.guards !== 0)) return { kind: "pending" }
      if (option.step === null) return this.#match()
    }
    this.#timedOut ??= this.#taken.copy()
    this.#leave(frame)
    return null
  }

  #advance(frame: Frame): SearchResult | null {
    // A preferred step may still find its row behind this one.
    let mayWait = false
    while (frame.next < frame.options.length) {
      const option = frame.options[frame.next++]!
      if (!this.#isOpen(option, frame)) continue
      if (option.step === null) {
        if (option.guards !== 0) continue
        if (frame.took || !mayWait) return this.#match()
        break
      }
      if (this.#matcher.step(option.step).relaxed) mayWait = true
      if (!this.#take(frame.at, option.step)) continue
      frame.took = true
      const count = option.step === frame.step ? frame.count + 1 : 1
      this.#enter(this.#matcher.frame(frame.at + 1, option.step, count))
      return null
    }
    if (frame.took || !this.#skip(frame)) this.#leave(frame)
    return null
  }

  /** False when nothing can follow behind the row. */
  #skip(frame: Frame): boolean {
    const isLeft = (option: Option) => {
      const { step, guards } = option
      const stays = step === null ? guards !== 0 : this.#matcher.step(step).relaxed
      return stays && this.#isOpen(option, frame)
    }
    const left = frame.options.filter(isLeft)
    if (left.length === 0) return false
    const guards = left.reduce((bits, option) => bits | option.guards, 0)
    for (let step = 0, bits = guards; bits !== 0; step++, bits >>>= 1) {
      if ((bits & 1) === 0 || !this.#take(frame.at, step)) continue
      this.#taken.pop()
      frame.blocked |= 1 << step
    }
    frame.at++
    frame.gap = true
    frame.next = 0
    return left.some((option) => this.#isOpen(option, frame))
  }

  #isOpen({ step, guards }: Option, { gap, blocked }: Frame): boolean {
    if ((guards & blocked) !== 0) return false
    return step === null || !gap || this.#matcher.step(step).relaxed
  }

  /** Takes the row where the step's condition is true of it. */
  #take(row: number, step: number): boolean {
    this.#questions++
    this.#taken.push(row, step)
    if (this.#matcher.holds(step, this.#taken, this.#failures)) return true
    this.#taken.pop()
    return false
  }

  #enter(frame: Frame): void {
    if (frame.name !== null && this.#dead.has(frame.name)) this.#taken.pop()
    else this.#frames.push(frame)
  }

  #leave(frame: Frame): void {
    if (frame.name !== null) this.#dead.add(frame.name)
    this.#frames.pop()
    this.#taken.pop()
  }

  #match(): SearchResult {
    return { kind: "match", taken: this.#taken.copy() }
  }
}

function compileCondition(step: PatternStep, columns: readonly Column[]): Condition {
  const { condition, values } = step
  const leading = leadingCondition(step)
  if (leading !== null && asksOwnRow(step)) return (taken) => taken.isTrue(leading)
  const types = values.map((value) => columnOf(value, columns))
  const evaluate: ScalarFunction = compileScalar(condition, types)
  const row = new SingleRow(types)
  return (taken, failures) => {
    if (leading !== null && !taken.isTrue(leading)) return false
    values.forEach((value, k) => {
      row.set(k, taken.value(value, false, ignore))
    })
    const result = evaluate(row.batch, 0)
    if ("failure" in result) failures.failedConditions++
    return "value" in result && result.value === true
  }
}

function columnOf(value: PatternValue, columns: readonly Column[]): Column {
  if (value.kind === "row" || value.kind === "previous") return { ...columns[value.column]!, nullable: true }
  if (value.kind === "aggregate") return { name: value.call.name, type: value.call.type, nullable: true }
  return { name: "timed_out", type: { kind: "boolean" }, nullable: false }
}

/** Values as a batch of one row, in the same memory again and again. */
class SingleRow {
  readonly batch: Batch
  readonly #columns: readonly RowColumn[]
  readonly #vectors: Vector[]

  constructor(columns: readonly Pick<Column, "type">[]) {
    this.#columns = columns.map(({ type }) => new RowColumn(type, 1))
    this.#vectors = this.#columns.map((column) => column.take(1))
    this.batch = { length: 1, vectors: this.#vectors }
  }

  set(k: number, value: Scalar): void {
    const column = this.#columns[k]!
    column.used = 0
    setScalar(column, 0, value)
    if (isVariableWidth(column.type)) this.#vectors[k] = column.take(1)
  }
}

/** In a condition, an aggregate that does not fit is NULL. */
function ignore(): void {}
