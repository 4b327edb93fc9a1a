/**
 * What binding one expression carries along: where its names come from and whether aggregates may stand in
 * it.
 */
import type { FuncCall, GroupingFunc, Node, SubLink } from "libpg-query"
import type { AggregateCall, ColumnReference, Expression } from "../../expr/expression.ts"
import type { Resolution } from "../../expr/resolve.ts"
import { resultNullable } from "../../expr/resolve.ts"
import { findings, Refused } from "../errors.ts"
import { canonicalAggregate } from "../expressions/canonical.ts"
import type { Bound } from "./bound.ts"
import { asWritten, coerce, typed, typeText } from "./bound.ts"
import type { Scope } from "./scope.ts"

export interface ExpressionContext {
  readonly scope: Scope
  /** As messages name it: "WHERE", "the SELECT list". */
  readonly clause: string
  /** Null where aggregates may not stand. */
  readonly aggregates: AggregateCollector | null
  /** Where each column reference stands in the SQL, for problems that show only later. */
  readonly origins: WeakMap<Expression, number>
  /** Binds a part, in this context or one derived from it. */
  readonly bind: (node: Node, context: ExpressionContext) => Bound
  /** What binds subqueries, window functions and grouping(); null where these may not stand. */
  readonly subqueries: Binder<SubLink> | null
  readonly overs: Binder<FuncCall> | null
  readonly groupings: Binder<GroupingFunc> | null
}

/** Remembers what it binds, and gives a placeholder for its value. @throws Refused */
export interface Binder<Syntax> {
  bind(syntax: Syntax, context: ExpressionContext): Bound
}

/** Only plain expressions may stand here. */
export const NO_BINDERS = { aggregates: null, subqueries: null, overs: null, groupings: null } as const

/**
 * The aggregates of one SELECT, each kept once. While it is being bound, aggregate k is a reference to column
 * -1-k; grouping turns these into columns of the AggregateNode.
 */
export class AggregateCollector {
  readonly calls: AggregateCall[] = []
  readonly #positions = new Map<string, number>()

  add(call: AggregateCall): ColumnReference {
    const text = canonicalAggregate(call)
    const position = this.#positions.get(text) ?? this.calls.push(call) - 1
    this.#positions.set(text, position)
    const { name, type, nullable } = call
    return { kind: "column", index: -1 - position, name, type, nullable }
  }
}

interface CallParts {
  /** As the SQL has it, for messages. */
  readonly name: string
  readonly resolution: Resolution
  readonly args: readonly Bound[]
  readonly byte: number | null
}

/** @throws Refused no-overload, ambiguous-call; a name that does not exist is the caller's to explain */
export function makeCall({ name, resolution, args, byte }: CallParts): Bound {
  if (!resolution.ok) {
    const types = args.map(typeText)
    const { reason, candidates } = resolution
    throw new Refused(
      reason === "ambiguous"
        ? findings.ambiguousCall(name, types, candidates)
        : findings.noOverload(name, types, resolution.note ?? null, candidates),
      byte,
    )
  }
  const writes = resolution.type.kind === "string"
  const coerced = args.map((arg, i) => {
    const own = coerce(arg, resolution.argumentTypes[i]!)
    return writes ? asWritten(own) : own
  })
  const nullable = resultNullable(
    resolution,
    coerced.map((arg) => arg.nullable),
  )
  const { signature, type } = resolution
  return typed({ kind: "call", signature, args: coerced, type, nullable }, byte)
}
