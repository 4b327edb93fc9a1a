/**
 * SQL over the rows of a match: bare columns, `step.column`, first(), last(), prev() and aggregates. What
 * looks at one row only becomes a column of the pattern's input; the rest are values that the search keeps.
 *
 *   amount > 2 * avg(probe.amount)     values: the asked row's amount, the average of probe's
 */
import type { FuncCall, Node } from "libpg-query"
import type { Column } from "../../columns/types.ts"
import type { ColumnReference, Expression, OverAggregateName } from "../../expr/expression.ts"
import { nearestName } from "../../expr/nearest-name.ts"
import type { PatternValue } from "../../expr/pattern.ts"
import { aggregateNames, resolveAggregate } from "../../expr/resolve-aggregate.ts"
import { mapColumns } from "../../expr/rewrite.ts"
import { bindExpression } from "../bind/bind-expression.ts"
import type { Bound } from "../bind/bound.ts"
import { coerce, constantOf, settle, typed, typeOf, typeText } from "../bind/bound.ts"
import type { ExpressionContext } from "../bind/expression-context.ts"
import { NO_BINDERS } from "../bind/expression-context.ts"
import { placeholder, placeholderNumber } from "../bind/placeholders.ts"
import { findings, Refused } from "../errors.ts"
import { canonicalPatternValue } from "../expressions/canonical.ts"
import { columnReferences, rewrite } from "../expressions/walk.ts"
import { valueType } from "../nodes/pattern.ts"
import type { PlanNode } from "../plan.ts"
import { names } from "../sql/tree.ts"
import type { PatternStepDefinition } from "./definition.ts"
import { patternFindings } from "./errors.ts"
import type { InputColumns } from "./input-columns.ts"

export interface PatternScope {
  readonly source: string
  readonly scan: PlanNode
  readonly steps: readonly PatternStepDefinition[]
  readonly timeouts: boolean
  readonly input: InputColumns
}

export interface BoundValues {
  /** Over `values`, as columns. */
  readonly expression: Expression
  readonly values: readonly PatternValue[]
}

const AGGREGATES = new Set<string>(["count", "sum", "avg", "min", "max"])

/** Binds one condition, or the expressions of `select`, which share their values. */
export class ValueBinder {
  readonly values: PatternValue[] = []
  readonly #scope: PatternScope
  /** The step whose condition it is; null for `select`. */
  readonly #asking: number | null
  readonly #known = new Map<string, number>()
  readonly #context: ExpressionContext

  constructor(scope: PatternScope, asking: number | null, clause: string) {
    this.#scope = scope
    this.#asking = asking
    this.#context = {
      scope: { rows: this.#rows(), aliases: [], outer: null },
      clause,
      ...NO_BINDERS,
      origins: new WeakMap(),
      bind: (node, context) => this.#bindNode(node, context),
    }
  }

  bind(node: Node): Bound {
    return this.#context.bind(node, this.#context)
  }

  /** True where it is about the asked row and no other. */
  isOfOneRow(expression: Expression): boolean {
    return columnReferences(expression).every((column) => {
      if (placeholderNumber("over", column) !== null) return false
      const step = this.#stepOf(column)
      return this.#asking !== null && (step === null || step === this.#asking)
    })
  }

  /** What is about one row, over the columns that are read from. */
  ofRow(expression: Expression): Expression {
    const width = this.#scope.scan.columns.length
    return mapColumns(expression, (column) => ({ ...column, index: column.index % width }))
  }

  /** The expression over the values. */
  overValues(expression: Expression): Expression {
    return rewrite(expression, (part) => {
      if (part.kind !== "column") return null
      const number = placeholderNumber("over", part)
      if (number !== null) return this.#valueAt(number, part.name)
      const byte = this.#context.origins.get(part) ?? null
      const step = this.#stepOf(part)
      this.#checkStep(step, `${part.name} of ${this.#nameOf(step)}`, byte)
      const column = this.#scope.input.position(this.ofRow(part))
      const own = step !== null && step === this.#asking
      return this.#valueAt(
        this.add({ kind: "row", step: own ? null : step, column, from: "last", offset: 0 }),
        part.name,
      )
    })
  }

  /** Bare names are the row's own; each step's name stands before the same columns once more. */
  #rows() {
    const { scan, steps, source } = this.#scope
    const width = scan.columns.length
    const columnsFrom = (slot: number) =>
      scan.columns.map(({ name }, index) => ({ name, index: slot * width + index }))
    const wide: Column[] = [scan, ...steps].flatMap(() => scan.columns)
    const own = steps.some(({ name }) => name === source) ? [] : [{ name: source, columns: columnsFrom(0) }]
    return {
      node: { ...scan, columns: wide },
      columns: columnsFrom(0),
      items: [...own, ...steps.map(({ name }, k) => ({ name, columns: columnsFrom(k + 1) }))],
      joins: new Map(),
    }
  }

  #bindNode(node: Node, context: ExpressionContext): Bound {
    if (!("FuncCall" in node) || node.FuncCall.over !== undefined) return bindExpression(node, context)
    const call = node.FuncCall
    const name = names(call.funcname).at(-1) ?? ""
    if (name === "first" || name === "last") return this.#bindPlace(name, call)
    if (name === "prev") return this.#bindPrevious(call)
    if (AGGREGATES.has(name)) return this.#bindAggregate(name as OverAggregateName, call)
    if (aggregateNames().includes(name))
      throw wrongCall(name, call, "a pattern takes count, sum, avg, min and max")
    if (name !== "next") return bindExpression(node, context)
    const suggestion = "write another step for the row that comes next"
    throw refuse("next()", "a condition cannot wait for rows to come", suggestion, call)
  }

  /** Arguments are about one row. */
  #bindArgument(node: Node, name: string): Bound {
    const inside: ExpressionContext = {
      ...this.#context,
      clause: `${name}()`,
      bind: (part, context) => {
        const called = "FuncCall" in part ? (names(part.FuncCall.funcname).at(-1) ?? "") : ""
        if (!["first", "last", "prev", "next"].includes(called)) return bindExpression(part, context)
        const suggestion = `take ${called}() out of ${name}()`
        throw refuse(`${called}()`, `it cannot stand inside ${name}()`, suggestion, part)
      },
    }
    return inside.bind(node, inside)
  }

  #bindPlace(from: "first" | "last", call: FuncCall): Bound {
    const [value, offset] = call.args ?? []
    if (value === undefined || (call.args ?? []).length > 2)
      throw wrongCall(from, call, `write ${from}(step.column)`)
    const expression = settle(this.#bindArgument(value, from))
    const given = offset === undefined ? 0 : constantOf(this.#bindArgument(offset, from))
    const places = typeof given === "bigint" ? Number(given) : given
    if (typeof places !== "number" || !Number.isInteger(places) || places < 0)
      throw wrongCall(from, call, `write how many rows further as a number: ${from}(step.column, 1)`)
    const { step, column } = this.#column(expression, from, call)
    return this.#typed(this.add({ kind: "row", step, column, from, offset: places }), from, call)
  }

  #bindPrevious(call: FuncCall): Bound {
    const [value, ...rest] = call.args ?? []
    if (value === undefined || rest.length > 0) throw wrongCall("prev", call, "write prev(column)")
    const suggestion = "give the row a step of its own"
    if (this.#asking === null)
      throw refuse("prev()", "only conditions look at the row before", suggestion, call)
    const { step, column } = this.#column(settle(this.#bindArgument(value, "prev")), "prev", call)
    if (step !== null && step !== this.#asking)
      throw refuse(
        "prev()",
        "it is of the row that is asked",
        "write prev(column) without a step's name",
        call,
      )
    return this.#typed(this.add({ kind: "previous", column }), "prev", call)
  }

  #bindAggregate(name: OverAggregateName, call: FuncCall): Bound {
    const args = call.args ?? []
    if (call.agg_distinct || call.agg_filter !== undefined || (call.agg_order ?? []).length > 0)
      throw wrongCall(name, call, "DISTINCT, FILTER and ORDER BY cannot stand in a pattern")
    if (args.length !== (call.agg_star ? 0 : 1)) throw wrongCall(name, call, `write ${name}(step.column)`)
    const star = call.agg_star ? null : this.#starStep(args[0]!, name)
    if (star !== undefined) {
      this.#checkStep(star, `${name}(${this.#nameOf(star)}.*)`, call.location ?? null)
      return this.#aggregate({ name, step: star, argument: null, type: null, call })
    }
    const bound = this.#bindArgument(args[0]!, name)
    const resolution = resolveAggregate(name, typeOf(bound), false)
    if (!resolution.ok) {
      const note = resolution.note ?? null
      throw new Refused(findings.noOverload(name, [typeText(bound)], note, []), call.location ?? null)
    }
    const { argumentType } = resolution
    const expression = argumentType === null ? settle(bound) : coerce(bound, argumentType)
    const { step, column } = this.#column(expression, name, call)
    return this.#aggregate({ name, step, argument: column, type: expression.type, call })
  }

  #aggregate(parts: {
    readonly name: OverAggregateName
    readonly step: number | null
    readonly argument: number | null
    readonly type: Expression["type"] | null
    readonly call: FuncCall
  }): Bound {
    const { name, step, argument, call } = parts
    const resolution = resolveAggregate(name, parts.type, false)
    if (!resolution.ok) throw new Refused(findings.noOverload(name, ["*"], null, []), call.location ?? null)
    const { type, nullable } = resolution
    const args =
      argument === null
        ? []
        : [{ kind: "column" as const, index: argument, name: "argument", type: parts.type!, nullable: true }]
    const over = { kind: "over" as const, name, args, filter: null, frame: null, type, nullable }
    return this.#typed(this.add({ kind: "aggregate", step, call: over }), name, call)
  }

  /** Of `step.*`; undefined for anything else. */
  #starStep(node: Node, name: string): number | null | undefined {
    if (name !== "count" || !("ColumnRef" in node)) return undefined
    const fields = node.ColumnRef.fields ?? []
    if (!fields.some((field) => "A_Star" in field)) return undefined
    const [qualifier = ""] = names(fields)
    const { steps, source } = this.#scope
    const step = steps.findIndex((each) => each.name === qualifier)
    if (step >= 0) return step
    if (qualifier === source) return null
    const known = steps.map((each) => each.name)
    const byte = node.ColumnRef.location ?? null
    throw new Refused(findings.unknownQualifier(qualifier, nearestName(qualifier, known), known), byte)
  }

  #column(expression: Expression, name: string, call: FuncCall): { step: number | null; column: number } {
    const steps = new Set(columnReferences(expression).map((column) => this.#stepOf(column)))
    if (steps.size > 1) {
      const suggestion = `write ${name}() once for each step`
      throw refuse(`${name}()`, "its columns are of several steps", suggestion, call)
    }
    const [step = null] = steps
    this.#checkStep(step, `${name}(${this.#nameOf(step)}.…)`, call.location ?? null)
    if (expression.type.kind === "interval")
      throw new Refused(findings.intervalColumn(name), call.location ?? null)
    return { step, column: this.#scope.input.position(this.ofRow(expression)) }
  }

  #checkStep(step: number | null, what: string, byte: number | null): void {
    if (step === null || step === this.#asking) return
    const { name, not } = this.#scope.steps[step]!
    if (not) {
      const why = `${name} is a not step, so it has no rows`
      throw new Refused(patternFindings.reference(what, why, "use the columns of another step"), byte)
    }
    if (this.#asking !== null && step > this.#asking) {
      const own = this.#scope.steps[this.#asking]!.name
      const why = `step ${name} comes behind step ${own}, so it has no rows yet`
      throw new Refused(patternFindings.reference(what, why, `move the condition to step ${name}`), byte)
    }
  }

  #stepOf({ index }: ColumnReference): number | null {
    const slot = Math.floor(index / this.#scope.scan.columns.length)
    return slot === 0 ? null : slot - 1
  }

  #nameOf(step: number | null): string {
    return step === null ? this.#scope.source : this.#scope.steps[step]!.name
  }

  add(value: PatternValue): number {
    const text = canonicalPatternValue(value)
    const number = this.#known.get(text) ?? this.values.push(value) - 1
    this.#known.set(text, number)
    return number
  }

  #typed(number: number, name: string, call: FuncCall): Bound {
    const { type, nullable } = this.#typeOf(number)
    return typed(placeholder("over", number, { name, type, nullable }), call.location ?? null)
  }

  #valueAt(number: number, name: string): ColumnReference {
    return { kind: "column", index: number, name, ...this.#typeOf(number) }
  }

  #typeOf(number: number): Pick<Column, "type" | "nullable"> {
    const { steps, timeouts, input } = this.#scope
    const columnOf = (position: number) => input.expression(position)
    return valueType(this.values[number]!, { columnOf, steps, asking: this.#asking, timeouts })
  }
}

function refuse(what: string, why: string, suggestion: string, at: FuncCall | Node): Refused {
  const location = "FuncCall" in at ? at.FuncCall.location : (at as FuncCall).location
  return new Refused(patternFindings.reference(what, why, suggestion), location ?? null)
}

function wrongCall(name: string, call: FuncCall, note: string): Refused {
  const types = call.agg_star ? ["*"] : (call.args ?? []).map(() => "…")
  return new Refused(findings.noOverload(name, types, note, []), call.location ?? null)
}
