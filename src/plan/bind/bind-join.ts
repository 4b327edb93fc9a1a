/**
 * JOIN: inner, left, right, full and cross, with ON, USING or NATURAL. A right join is a left one with its
 * sides exchanged. A column that USING merges is the left side's, of a right join the right side's, and of a
 * full join the one that is there.
 */
import type { JoinExpr } from "libpg-query"
import { BOOLEAN, sameType } from "../../columns/types.ts"
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { commonType } from "../../expr/resolve.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { conjunctsOf, splitConditions } from "../expressions/join-condition.ts"
import { joinNode } from "../nodes/join.ts"
import { projectNode } from "../nodes/project.ts"
import { namesOf } from "../nodes/rebuild.ts"
import type { JoinType } from "../plan.ts"
import { keywordBefore } from "../sql/keywords.ts"
import { names, startOf } from "../sql/tree.ts"
import { bindExpression } from "./bind-expression.ts"
import type { FromContext } from "./bind-from.ts"
import { applyOperator } from "./bind-operator.ts"
import { castTo, demand, settle, typed } from "./bound.ts"
import type { VisibleColumn } from "./context.ts"
import { NO_BINDERS } from "./expression-context.ts"
import type { FromRows, NamedItem } from "./from-rows.ts"
import { sideBySide } from "./from-rows.ts"
import { referTo } from "./scope.ts"

const TYPES = {
  JOIN_INNER: "inner",
  JOIN_LEFT: "left",
  JOIN_RIGHT: "left",
  JOIN_FULL: "full",
} as const satisfies Record<string, JoinType>

/** @throws Refused duplicate-alias */
export function crossJoin(left: FromRows, right: FromRows, byte: number | null): FromRows {
  checkNames(left, right, byte)
  return joined({ type: "inner", sides: sideBySide(left, right, false), conditions: [], byte })
}

/** @throws Refused duplicate-alias, using-column, and what ON may hold that is wrong */
export function bindJoin(join: JoinExpr, left: FromRows, right: FromRows, context: FromContext): FromRows {
  const { jointype = "JOIN_INNER", quals, isNatural, usingClause, join_using_alias: alias } = join
  const at = startOf(join.rarg)
  const byte = at === null ? null : (keywordBefore(context.view.sql, "join", at) ?? at)
  checkNames(left, right, byte)
  assert(jointype in TYPES, "PostgreSQL's grammar has four kinds of joins")
  const type = TYPES[jointype as keyof typeof TYPES]
  const swapped = jointype === "JOIN_RIGHT"
  const sides = sideBySide(left, right, swapped)
  const shared = isNatural ? sharedNames(left, right) : names(usingClause)
  if (isNatural || shared.length > 0) {
    const pairs = shared.map((name) => pairOf(name, { left, right, sides, byte }))
    const conditions = pairs.map((pair) => equal(pair, byte))
    const rows = joined({ type, sides, conditions, byte })
    const merged = merge(rows, pairs, swapped ? "right" : type)
    return alias === undefined ? merged.rows : named(merged, alias.aliasname ?? "")
  }
  return joined({ type, sides, conditions: bindOn(quals, sides), byte })
}

function bindOn(quals: JoinExpr["quals"], sides: FromRows): readonly Expression[] {
  if (quals === undefined) return []
  const on = {
    scope: { rows: sides, aliases: [], outer: null },
    clause: "JOIN ... ON",
    ...NO_BINDERS,
    origins: new WeakMap<Expression, number>(),
    bind: bindExpression,
  }
  return conjunctsOf(demand(bindExpression(quals, on), BOOLEAN, "the condition of ON"))
}

interface Joined {
  readonly type: JoinType
  readonly sides: FromRows
  readonly conditions: readonly Expression[]
  readonly byte: number | null
}

/** Without a bound yet: WHERE may add to the conditions that say it. */
function joined({ type, sides, conditions, byte }: Joined): FromRows {
  assert(sides.node.kind === "join", "two sides stand side by side in a join")
  const { left, right } = sides.node
  const { keys, rest } = splitConditions(conditions, left.columns.length)
  const condition = rest.length === 0 ? null : conjunction(rest)
  const node = joinNode({ type, left, right, keys, condition, bound: null, once: false })
  return { ...sides, node, joins: new Map([...sides.joins, [node, byte]]) }
}

function checkNames(left: FromRows, right: FromRows, byte: number | null): void {
  const taken = right.items.find(({ name }) => left.items.some((item) => item.name === name))
  if (taken !== undefined) throw new Refused(findings.duplicateAlias(taken.name), byte)
}

function sharedNames(left: FromRows, right: FromRows): readonly string[] {
  const others = new Set(right.columns.map(({ name }) => name))
  return [...new Set(left.columns.map(({ name }) => name))].filter((name) => others.has(name))
}

interface Pair {
  readonly name: string
  readonly left: VisibleColumn
  readonly right: VisibleColumn
  readonly sides: FromRows
}

interface Sides {
  readonly left: FromRows
  readonly right: FromRows
  readonly sides: FromRows
  readonly byte: number | null
}

function pairOf(name: string, { left, right, sides, byte }: Sides): Pair {
  const of = (rows: FromRows, moved: readonly VisibleColumn[], side: string): VisibleColumn => {
    const found = rows.columns.flatMap((column, i) => (column.name === name ? [moved[i]!] : []))
    if (found.length !== 1) throw new Refused(findings.usingColumn(name, side, found.length), byte)
    return found[0]!
  }
  const width = left.columns.length
  return {
    name,
    left: of(left, sides.columns.slice(0, width), "left"),
    right: of(right, sides.columns.slice(width), "right"),
    sides,
  }
}

function equal({ left, right, sides }: Pair, byte: number | null): Expression {
  const operands = [left, right].map((column) => typed(referTo(sides, column), byte))
  return settle(applyOperator("=", operands, byte))
}

interface Merged {
  readonly rows: FromRows
  readonly merged: readonly VisibleColumn[]
}

/** The merged columns, then the left side's others, then the right side's. */
function merge(rows: FromRows, pairs: readonly Pair[], type: JoinType | "right"): Merged {
  const { node } = rows
  const added: Expression[] = []
  const merged = pairs.map((pair): VisibleColumn => {
    const value = mergedValue(referTo(rows, pair.left), referTo(rows, pair.right), type)
    if (value.kind === "column") return { name: pair.name, index: value.index }
    return { name: pair.name, index: node.columns.length + added.push(value) - 1 }
  })
  const hidden = new Set(pairs.flatMap(({ left, right }) => [left.index, right.index]))
  const others = rows.columns.filter(({ index }) => !hidden.has(index))
  const columns = [...merged, ...others]
  if (added.length === 0) return { rows: { ...rows, columns }, merged }
  const own = node.columns.map((column, index): ColumnReference => ({ kind: "column", index, ...column }))
  const computed = pairs.map(({ name }) => name).slice(0, added.length)
  const wide = projectNode({
    input: node,
    expressions: [...own, ...added],
    names: [...namesOf(node), ...computed],
  })
  return { rows: { ...rows, node: wide, columns, joins: new Map([...rows.joins, [wide, null]]) }, merged }
}

function mergedValue(left: ColumnReference, right: ColumnReference, type: JoinType | "right"): Expression {
  const common = commonType([left.type, right.type])
  assert(common !== null, "what can be compared has a common type")
  if (type === "full") {
    const args = [castTo(left, common), castTo(right, common)]
    return { kind: "coalesce", args, type: common, nullable: args.every(({ nullable }) => nullable) }
  }
  if (type === "right") return castTo(right, common)
  return type === "inner" && !sameType(left.type, common) && sameType(right.type, common)
    ? right
    : castTo(left, common)
}

/** `USING (…) AS name`: a name for the merged columns. */
function named({ rows, merged }: Merged, name: string): FromRows {
  const item: NamedItem = { name, columns: merged }
  return { ...rows, items: [...rows.items, item] }
}
