/**
 * A pattern's definition -> its plan: a projection to what the pattern reads, the PatternNode, and over its
 * values the SELECT list. A condition about one row is computed there, before the row waits; a row of which
 * it fails gets its verdict at once.
 */
import { BOOLEAN } from "../../columns/types.ts"
import type { EventContract } from "../../contracts/contract.ts"
import { PROCESSED_AT } from "../../contracts/contract.ts"
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { nearestName } from "../../expr/nearest-name.ts"
import type { AfterMatch, PatternStep } from "../../expr/pattern.ts"
import { leadingCondition } from "../../expr/pattern.ts"
import { assert } from "../../std/assert.ts"
import { NO_NAME } from "../bind/bind-clauses.ts"
import type { ReadSource } from "../bind/bind-view.ts"
import { checkColumns, viewPlan } from "../bind/bind-view.ts"
import { demand, settle } from "../bind/bound.ts"
import { figureColumnName } from "../bind/column-name.ts"
import type { Catalog } from "../bind/context.ts"
import { referTo } from "../bind/place-over.ts"
import { isTooLarge } from "../bind/plan-size.ts"
import { Abandoned, findings, Refused } from "../errors.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { filterNode } from "../nodes/filter.ts"
import { patternNode } from "../nodes/pattern.ts"
import { projectNode } from "../nodes/project.ts"
import type { OrderTerm, PlanNode, ViewPlan } from "../plan.ts"
import type { ViewDefinition } from "../view.ts"
import type { PatternScope } from "./bind-values.ts"
import { ValueBinder } from "./bind-values.ts"
import type { PatternDefinition } from "./definition.ts"
import { patternFindings } from "./errors.ts"
import type { ReportPart } from "./fragment.ts"
import { expressionOf, Fragment } from "./fragment.ts"
import { InputColumns } from "./input-columns.ts"

export interface BindPatternParts {
  readonly definition: ViewDefinition
  readonly pattern: PatternDefinition
  readonly catalog: Catalog
  /** Filled by the catalog. */
  readonly reads: ReadonlyMap<string, ReadSource>
  /** Of the event that it reads; null of a view. */
  readonly contract: EventContract | null
  readonly report: ReportPart
}

/** Null when something of it does not bind, which is reported. */
export function bindPattern(parts: BindPatternParts): ViewPlan | null {
  let problems = 0
  const report: ReportPart = (finding, offset, text) => {
    problems++
    parts.report(finding, offset, text)
  }
  const scan = attempt(report, parts.pattern.from, () => readSource(parts))
  if (scan === null) return null
  const { pattern, contract, definition, reads } = parts
  const input = new InputColumns(scan)
  const keys = pattern.key.map((name) => attempt(report, name, () => keyColumn(scan, name, pattern.from)))
  const partition = keys.map((key) => (key === null ? -1 : input.position(key)))
  const order = orderOf(scan, contract, input)
  const { from: source, timeout: timeouts } = pattern
  const scope: PatternScope = { source, scan, steps: pattern.steps, timeouts, input }
  const steps = pattern.steps.map((_, index) => bindStep(scope, index, report))
  const list = bindList(scope, pattern.select, report)
  const bound = steps.flatMap((step) => step ?? [])
  if (problems > 0 || list === null || bound.length < steps.length) return null
  const { withinUs } = pattern
  const afterMatch = skipOf(pattern)
  const { values: outputs } = list.binder
  const names = outputs.map((_, k) => `value_${k + 1}`)
  const rows = input.project(usefulRows(bound, input))
  const parts_ = { partition, order, steps: bound, withinUs, afterMatch, timeouts, outputs }
  const matches = patternNode({ input: rows, ...parts_, names })
  const node = projectNode({ input: matches, expressions: list.expressions, names: list.names })
  if (isTooLarge(node)) {
    report(findings.planTooLarge(), null, pattern.select)
    return null
  }
  return viewPlan(definition, node, reads)
}

/** The task's value; null when it was refused. */
function attempt<T>(report: ReportPart, text: string, task: () => T): T | null {
  try {
    return task()
  } catch (error) {
    if (error instanceof Refused) report(error.finding, 0, text)
    else if (!(error instanceof Abandoned)) throw error
    return null
  }
}

/** Rows that have a time. */
function readSource({ pattern: { from }, catalog }: BindPatternParts): PlanNode {
  const scan = catalog.scan(from, null)
  if (scan === null) {
    throw new Refused(findings.unknownSource(from, nearestName(from, catalog.names), catalog.names), 0)
  }
  const refuse = (why: string) => new Refused(patternFindings.input(from, why), 0)
  if (scan.changes !== "append") throw refuse("they are replaced or taken back")
  const { timeColumn } = scan
  if (timeColumn === null) throw refuse("they have no time")
  const time = referTo(scan, timeColumn)
  if (!time.nullable) return scan
  const signature = "is_not_null(any)"
  return filterNode(scan, { kind: "call", signature, args: [time], type: BOOLEAN, nullable: false })
}

function keyColumn(scan: PlanNode, name: string, source: string): Expression {
  const index = scan.columns.findIndex((column) => column.name === name)
  if (index < 0) {
    const known = scan.columns.map((column) => column.name)
    throw new Refused(findings.unknownColumn(name, source, nearestName(name, known), known), 0)
  }
  const refuse = (why: string) => new Refused(patternFindings.key(name, why), 0)
  if (scan.columns[index]!.type.kind === "json") throw refuse("json cannot be compared")
  if (index === scan.timeColumn) throw refuse("it is the time that puts the rows in order")
  return referTo(scan, index)
}

/** By time; rows of one time by their id and when they came, then by all that the pattern reads of them. */
function orderOf(scan: PlanNode, contract: EventContract | null, input: InputColumns): readonly OrderTerm[] {
  assert(scan.timeColumn !== null, "rows of a pattern have a time")
  const time: ColumnReference = { ...referTo(scan, scan.timeColumn), nullable: false }
  const ties = contract === null ? [] : [contract.id, PROCESSED_AT]
  const columns = ties.map((name) => scan.columns.findIndex((column) => column.name === name))
  const terms = [time, ...columns.map((index) => referTo(scan, index))]
  const positions = [...new Set(terms.map((term) => input.position(term)))]
  return positions.map((column) => ({ column, descending: false, nullsFirst: false }))
}

function bindStep(scope: PatternScope, index: number, report: ReportPart): PatternStep | null {
  const { name, where, not, least, most, greedy, contiguity } = scope.steps[index]!
  const part = new Fragment(where, "condition", report)
  const [target] = part.targets() ?? []
  if (target === undefined) return null
  return within(part, () => {
    const what = `where of step ${name}`
    const binder = new ValueBinder(scope, index, what)
    const asked = demand(binder.bind(expressionOf(target)), BOOLEAN, what)
    const relaxed = contiguity === "relaxed"
    return { name, negated: not, least, most, greedy, relaxed, ...conditionOf(scope, binder, asked) }
  })
}

/** What it asks of the row itself before it looks at others is computed before the row waits. */
function conditionOf(
  { input }: PatternScope,
  binder: ValueBinder,
  asked: Expression,
): Pick<PatternStep, "condition" | "values"> {
  const parts = asked.kind === "and" ? asked.args : [asked]
  const looksAround = parts.findIndex((part) => !binder.isOfOneRow(part))
  const [own, rest] = looksAround < 0 ? [parts, []] : [parts.slice(0, looksAround), parts.slice(looksAround)]
  const first = own.length === 0 ? [] : [ownValue(binder.ofRow(conjunction(own)), binder, input)]
  const all = [...first, ...rest.map((part) => binder.overValues(part))]
  const condition: Expression =
    all.length === 1 ? all[0]! : { kind: "and", args: all, type: BOOLEAN, nullable: true }
  return { condition, values: binder.values }
}

/** A condition about one row, as a value of the search. */
function ownValue(condition: Expression, binder: ValueBinder, input: InputColumns): Expression {
  const index = binder.add({
    kind: "row",
    step: null,
    column: input.position(condition),
    from: "last",
    offset: 0,
  })
  const { type, nullable } = condition
  return { kind: "column", index, name: "holds", type, nullable }
}

/** Where every step passes rows over, those that suit none need not wait at all. Null: all rows matter. */
function usefulRows(steps: readonly PatternStep[], input: InputColumns): Expression | null {
  const looksBack = steps.some(({ values }) => values.some(({ kind }) => kind === "previous"))
  const isLoose = steps.every(
    ({ negated, relaxed, most }, k) => negated || relaxed || (k === 0 && most === 1),
  )
  const args = steps.flatMap((step) => {
    const column = leadingCondition(step)
    return column === null ? [] : [input.expression(column)]
  })
  if (looksBack || !isLoose || args.length < steps.length) return null
  if (args.length === 1) return args[0]!
  return { kind: "or", args, type: BOOLEAN, nullable: args.some(({ nullable }) => nullable) }
}

interface BoundList {
  readonly binder: ValueBinder
  readonly expressions: readonly Expression[]
  readonly names: readonly string[]
}

/** With timeouts, `timed_out` is its last column. */
function bindList(scope: PatternScope, select: string, report: ReportPart): BoundList | null {
  const part = new Fragment(select, "list", report)
  const targets = part.targets()
  if (targets === null) return null
  const binder = new ValueBinder(scope, null, "select")
  const bound = targets.map((target) =>
    within(part, () => {
      const node = expressionOf(target)
      const expression = binder.overValues(settle(binder.bind(node)))
      const name = target.name ?? figureColumnName(node) ?? NO_NAME
      if (expression.type.kind === "interval")
        throw new Refused(findings.intervalColumn(name), target.location ?? null)
      return { expression, name, byte: target.location ?? null }
    }),
  )
  const columns = bound.flatMap((column) => column ?? [])
  if (columns.length < bound.length) return null
  if (scope.timeouts) columns.push({ expression: timedOut(binder), name: "timed_out", byte: null })
  checkColumns(columns, { report: (finding, byte) => part.report(finding, byte) })
  return {
    binder,
    expressions: columns.map(({ expression }) => expression),
    names: columns.map(({ name }) => name),
  }
}

function timedOut(binder: ValueBinder): Expression {
  const index = binder.add({ kind: "timed-out" })
  return { kind: "column", index, name: "timed_out", type: BOOLEAN, nullable: false }
}

/** The task's value; null when it was refused, which is reported where it stands in the part. */
function within<T>(part: Pick<Fragment, "report">, task: () => T): T | null {
  try {
    return task()
  } catch (error) {
    if (error instanceof Refused) part.report(error.finding, error.byte)
    else if (!(error instanceof Abandoned)) throw error
    return null
  }
}

function skipOf({ afterMatch, steps }: PatternDefinition): AfterMatch {
  if (!("step" in afterMatch)) return afterMatch
  return { kind: afterMatch.kind, step: steps.findIndex(({ name }) => name === afterMatch.step) }
}
