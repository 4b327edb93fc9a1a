/**
 * GROUP BY, as PostgreSQL reads it: a bare name is a column of FROM first, then an alias of the SELECT list;
 * a whole number is a position in that list; all else is an expression over FROM.
 */
import type { Node, SelectStmt } from "libpg-query"
import { INT32 } from "../../columns/types.ts"
import type { AggregateCall, ColumnReference, Expression } from "../../expr/expression.ts"
import { findings, Refused } from "../errors.ts"
import { canonical } from "../expressions/canonical.ts"
import { columnReferences, rewrite } from "../expressions/walk.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import { projectNode } from "../nodes/project.ts"
import { unionAllNode } from "../nodes/union-all.ts"
import type { AggregateNode, PlanNode } from "../plan.ts"
import { names, startOf } from "../sql/tree.ts"
import type { Target } from "./bind-clauses.ts"
import { literal, settle } from "./bound.ts"
import type { ViewContext } from "./context.ts"
import { attempt, present } from "./context.ts"
import type { ExpressionContext } from "./expression-context.ts"
import type { GroupingRequest } from "./grouping-sets.ts"
import { groupingSets } from "./grouping-sets.ts"
import { isPlaceholder, placeholderNumber } from "./placeholders.ts"
import { hasColumn } from "./scope.ts"

/** Distinct keys over the rows of FROM, and which of them each grouping set has (one set without any). */
export interface GroupBy {
  readonly keys: readonly Expression[]
  readonly sets: readonly (readonly number[])[]
  /** False when there is no GROUP BY at all. */
  readonly written: boolean
}

/** Null when a key has problems. `targets` holds null for broken ones. */
export function bindGroupBy(
  { groupClause: items = [], groupDistinct }: SelectStmt,
  targets: readonly (Target | null)[],
  context: ExpressionContext,
  view: ViewContext,
): GroupBy | null {
  const sets = attempt(view, () => groupingSets(items))
  if (sets === null) return null
  const keys = new Map<string, Expression>()
  const bound = new Map<Node, number | null>()
  for (const item of new Set(sets.flat())) {
    const key = attempt(view, () => bindKey(item, targets, context))
    const text = key === null ? "" : canonical(key)
    if (key !== null && !keys.has(text)) keys.set(text, key)
    bound.set(item, key === null ? null : [...keys.keys()].indexOf(text))
  }
  if ([...bound.values()].includes(null)) return null
  const positions = sets.map((set) =>
    [...new Set(set.map((item) => bound.get(item)!))].toSorted((a, b) => a - b),
  )
  const different = [...new Map(positions.map((set) => [set.join(), set])).values()]
  return { keys: [...keys.values()], sets: groupDistinct ? different : positions, written: items.length > 0 }
}

function bindKey(item: Node, targets: readonly (Target | null)[], context: ExpressionContext): Expression {
  const byte = startOf(item)
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
  readonly sets: readonly (readonly number[])[]
  readonly aggregates: readonly AggregateCall[]
  readonly groupings: readonly GroupingRequest[]
  readonly columns: readonly Target[]
  readonly origins: WeakMap<Expression, number>
}

export interface Grouping {
  readonly node: PlanNode
  /** One a grouping set. */
  readonly aggregations: readonly AggregateNode[]
  /** An expression over FROM's rows and aggregates, now over groups. @throws Refused ungrouped-column */
  readonly rewrite: (expression: Expression) => Expression
}

/** Rows: the keys, the aggregates, then grouping() calls. */
export function groupRows(parts: GroupParts): Grouping {
  const { keys, sets, aggregates, groupings, origins } = parts
  const positions = new Map(keys.map((key, i) => [canonical(key), i]))
  for (const call of aggregates) {
    if (call.type.kind === "interval") throw new Refused(findings.intervalColumn(call.name), null)
  }
  const bits = groupings.map((request) => bitsOf(request, positions))
  const names = groupNames(parts)
  const aggregations = sets.map((set) => aggregateSet(parts, set, names))
  const single = sets.length === 1 && groupings.length === 0
  const rows = aggregations.map((node, i) =>
    single ? node : conformSet(node, sets[i]!, { parts, names, bits }),
  )
  const node = rows.length === 1 ? rows[0]! : unionAllNode(rows)
  const refer = (index: number): ColumnReference => ({ kind: "column", index, ...node.columns[index]! })
  const overGroups = (part: Expression): Expression | null => {
    const key = positions.get(canonical(part))
    if (key !== undefined) return refer(key)
    if (part.kind !== "column") return null
    const call = placeholderNumber("grouping", part)
    if (call !== null) return refer(keys.length + aggregates.length + call)
    if (isPlaceholder(part)) return part
    if (part.index < 0) return refer(keys.length - 1 - part.index)
    throw new Refused(findings.ungroupedColumn(part.name), origins.get(part) ?? null)
  }
  return { node, aggregations, rewrite: (expression) => rewrite(expression, overGroups) }
}

function aggregateSet(
  { input, keys, aggregates }: GroupParts,
  set: readonly number[],
  names: readonly string[],
): AggregateNode {
  return aggregateNode({
    input,
    keys: set.map((position) => keys[position]!),
    aggregates,
    names: [...set.map((position) => names[position]!), ...names.slice(keys.length)],
    once: false,
  })
}

/** Positions of the keys that grouping() asks about. @throws Refused grouping-argument */
function bitsOf({ args, byte }: GroupingRequest, positions: ReadonlyMap<string, number>): readonly number[] {
  return args.map((arg) => {
    const position = positions.get(canonical(arg))
    if (position === undefined) throw new Refused(findings.groupingArgument(), byte)
    return position
  })
}

interface Conforming {
  readonly parts: GroupParts
  readonly names: readonly string[]
  readonly bits: readonly (readonly number[])[]
}

/** All keys, NULL where the set leaves one out; the aggregates; what grouping() gives in this set. */
function conformSet(
  node: AggregateNode,
  set: readonly number[],
  { parts, names, bits }: Conforming,
): PlanNode {
  const refer = (index: number): ColumnReference => ({ kind: "column", index, ...node.columns[index]! })
  const keys = parts.keys.map((key, position) => {
    const place = set.indexOf(position)
    return place < 0 ? literal(null, key.type) : refer(place)
  })
  const aggregates = parts.aggregates.map((_, i) => refer(set.length + i))
  const groupings = bits.map((asked) => {
    const value = asked.reduce((sum, position) => sum * 2 + (set.includes(position) ? 0 : 1), 0)
    return literal(value, INT32)
  })
  return projectNode({
    input: node,
    expressions: [...keys, ...aggregates, ...groupings],
    names: [...names, ...bits.map((_, i) => `grouping_${i + 1}`)],
  })
}

/** For reading a plan: a key is called as its column, else as the SELECT list calls it. */
function groupNames({ keys, aggregates, columns }: GroupParts): readonly string[] {
  const aliases = new Map(columns.map(({ bound, name }) => [canonical(settle(bound)), name]))
  const wanted = [
    ...keys.map((key, i) =>
      key.kind === "column" ? key.name : (aliases.get(canonical(key)) ?? `key_${i + 1}`),
    ),
    ...aggregates.map((call, i) => aliases.get(`#${-1 - i}`) ?? call.name),
  ]
  const taken = new Set<string>()
  return wanted.map((name) => {
    let unique = name
    for (let n = 2; taken.has(unique); n++) unique = `${name}_${n}`
    taken.add(unique)
    return unique
  })
}
