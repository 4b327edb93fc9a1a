/**
 * GROUP BY, as PostgreSQL reads it: a bare name is a column of FROM first, then an alias of the SELECT list;
 * a whole number is a position in that list; all else is an expression over FROM.
 */
import type { Node } from "libpg-query"
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { findings, Refused } from "../errors.ts"
import { canonical } from "../expressions/canonical.ts"
import { columnReferences, rewrite } from "../expressions/walk.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import type { AggregateNode, PlanNode } from "../plan.ts"
import { names, startOf } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import type { Target } from "./bind-select.ts"
import { settle } from "./bound.ts"
import type { ViewContext } from "./context.ts"
import { attempt, present } from "./context.ts"
import type { AggregateCollector, ExpressionContext } from "./expression-context.ts"
import { hasColumn } from "./scope.ts"

/** Distinct keys over the rows of FROM; null when one has problems. `targets` holds null for broken ones. */
export function bindGroupBy(
  items: readonly Node[],
  targets: readonly (Target | null)[],
  context: ExpressionContext,
  view: ViewContext,
): readonly Expression[] | null {
  const keys = items.map((item) => attempt(view, () => bindKey(item, targets, context)))
  if (keys.includes(null)) return null
  return [...new Map((keys as readonly Expression[]).map((key) => [canonical(key), key])).values()]
}

function bindKey(item: Node, targets: readonly (Target | null)[], context: ExpressionContext): Expression {
  const byte = startOf(item)
  if ("GroupingSet" in item)
    throw new Refused(unsupported("grouping-sets"), item.GroupingSet.location ?? byte)
  const target = findTarget(item, targets, context)
  const key = settle(target === null ? context.bind(item, context) : target.bound)
  const aggregate = columnReferences(key).find(({ index }) => index < 0)
  if (aggregate !== undefined) {
    throw new Refused(findings.aggregateNotAllowed(aggregate.name, "GROUP BY"), byte)
  }
  const name = target?.name ?? (key.kind === "column" ? key.name : "this expression")
  if (key.type.kind === "json") throw new Refused(findings.jsonKey(name), byte)
  if (key.type.kind === "interval") throw new Refused(findings.intervalColumn(name), byte)
  return key
}

/** The SELECT list's column that an item names by position or alias, else null. */
function findTarget(
  item: Node,
  targets: readonly (Target | null)[],
  context: ExpressionContext,
): Target | null {
  const byte = startOf(item)
  if ("A_Const" in item) {
    if (item.A_Const.ival === undefined) throw new Refused(findings.groupConstant(), byte)
    const position = item.A_Const.ival.ival ?? 0
    if (position < 1 || position > targets.length) {
      throw new Refused(findings.groupPosition(position, targets.length), byte)
    }
    return present(targets[position - 1] ?? null)
  }
  if (!("ColumnRef" in item)) return null
  const path = names(item.ColumnRef.fields)
  const name = path[0]
  if (path.length !== 1 || name === undefined || hasColumn(context.scope, name)) return null
  const aliased = targets.filter((target) => target?.name === name) as readonly Target[]
  if (new Set(aliased.map((target) => canonical(settle(target.bound)))).size > 1) {
    throw new Refused(findings.ambiguousColumn(name), byte)
  }
  return aliased[0] ?? null
}

export interface GroupParts {
  readonly input: PlanNode
  readonly keys: readonly Expression[]
  readonly aggregates: AggregateCollector
  readonly columns: readonly Target[]
  readonly origins: WeakMap<Expression, number>
  readonly view: ViewContext
}

export interface Grouping {
  readonly node: AggregateNode
  /** An expression over FROM's rows and aggregates, now over groups. @throws Refused ungrouped-column */
  readonly rewrite: (expression: Expression) => Expression
}

export function groupRows({ input, keys, aggregates, columns, origins }: GroupParts): Grouping {
  const positions = new Map(keys.map((key, i) => [canonical(key), i]))
  for (const call of aggregates.calls) {
    if (call.type.kind === "interval") throw new Refused(findings.intervalColumn(call.name), null)
  }
  const node = aggregateNode({
    input,
    keys,
    aggregates: aggregates.calls,
    names: groupNames(keys, aggregates, columns),
    once: false,
  })
  const refer = (index: number): ColumnReference => ({ kind: "column", index, ...node.columns[index]! })
  const overGroups = (part: Expression): Expression | null => {
    const key = positions.get(canonical(part))
    if (key !== undefined) return refer(key)
    if (part.kind !== "column") return null
    if (part.index < 0) return refer(keys.length - 1 - part.index)
    throw new Refused(findings.ungroupedColumn(part.name), origins.get(part) ?? null)
  }
  return { node, rewrite: (expression) => rewrite(expression, overGroups) }
}

/** For reading a plan: a key is called as its column, else as the SELECT list calls it. */
function groupNames(
  keys: readonly Expression[],
  aggregates: AggregateCollector,
  columns: readonly Target[],
): readonly string[] {
  const aliases = new Map(columns.map(({ bound, name }) => [canonical(settle(bound)), name]))
  const wanted = [
    ...keys.map((key, i) =>
      key.kind === "column" ? key.name : (aliases.get(canonical(key)) ?? `key_${i + 1}`),
    ),
    ...aggregates.calls.map((call, i) => aliases.get(`#${-1 - i}`) ?? call.name),
  ]
  const taken = new Set<string>()
  return wanted.map((name) => {
    let unique = name
    for (let n = 2; taken.has(unique); n++) unique = `${name}_${n}`
    taken.add(unique)
    return unique
  })
}
