/**
 * Subqueries joined to the rows that ask them. A scalar subquery is a left join on what ties it, with one row
 * at most on its side; EXISTS and IN as values are left joins with their distinct rows, whose presence is the
 * answer.
 */
import { BOOLEAN, INT64 } from "../../columns/types.ts"
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { mapColumns } from "../../expr/rewrite.ts"
import { findings, Refused } from "../errors.ts"
import { conjunction } from "../expressions/conjunction.ts"
import { splitConditions } from "../expressions/join-condition.ts"
import { columnsUsed } from "../expressions/walk.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import { joinNode } from "../nodes/join.ts"
import { projectNode } from "../nodes/project.ts"
import type { AggregateNode, JoinKey, JoinType, PlanNode } from "../plan.ts"
import { applyOperator } from "./bind-operator.ts"
import type { BoundSubquery, Quantified } from "./bind-subquery.ts"
import { comparisons, isDifferentFromAll } from "./bind-subquery.ts"
import { literal, settle, typed } from "./bound.ts"
import type { Relation, ViewContext } from "./context.ts"
import { boundJoin } from "./join-state.ts"
import { referTo } from "./place-over.ts"
import { placeOuter, readsOuter } from "./placeholders.ts"
import { growsForEver, unboundedFinding } from "./state-bound.ts"

/** Where a subquery's value is wanted. */
export interface Attachment {
  /** What an expression of the query around is over the node's rows. */
  readonly outer: (expression: Expression) => Expression
  readonly view: ViewContext
}

export interface Attached {
  /** The rows asked, with further columns behind their own. */
  readonly node: PlanNode
  readonly value: Expression
}

export function joinQuantified(node: PlanNode, quantified: Quantified, place: Attachment): PlanNode {
  const { type, relation, byte } = quantified
  const conditions = [...(relation.correlation ?? []), ...quantified.conditions]
  // A time to live is told from it.
  const timed = place.view.timeToLiveUs === null ? relation.node : withTime(relation.node)
  return join(type, node, { right: timed, conditions, byte, place }).node
}

/**
 * The subquery's rows with their event time behind them, which a join that keeps one side shows to nobody.
 */
function withTime(node: PlanNode): PlanNode {
  if (node.kind !== "project" || node.timeColumn !== null || node.input.timeColumn === null) return node
  const time = referTo(node.input, node.input.timeColumn)
  const names = [...node.columns.map(({ name }) => name), time.name]
  return projectNode({ input: node.input, expressions: [...node.expressions, time], names })
}

/** @throws Refused subquery-rows, subquery-condition, subquery-form */
export function attachSubquery(node: PlanNode, subquery: BoundSubquery, place: Attachment): Attached {
  switch (subquery.kind) {
    case "scalar":
      return attachScalar(node, subquery, place)
    case "exists":
      return attachExists(node, subquery, place)
    default:
      return attachMember(node, subquery, place)
  }
}

function attachScalar(node: PlanNode, subquery: BoundSubquery, place: Attachment): Attached {
  const { relation, byte } = subquery
  const { node: right, columns, correlation = [], emptyValues } = relation
  const type = correlation.length === 0 && isOneRow(right) ? "inner" : "left"
  const joined = join(type, node, { right, conditions: correlation, byte, place })
  if (joined.rest > 0) throw new Refused(findings.subqueryCondition("a subquery that gives a value"), byte)
  const tied = new Set(joined.keys.flatMap((key) => (key.right.kind === "column" ? [key.right.index] : [])))
  if (right.key === null || !right.key.every((index) => tied.has(index))) {
    throw new Refused(findings.subqueryRows(), byte)
  }
  const width = node.columns.length
  const value = referTo(joined.node, width + columns[0]!.index)
  const [empty] = emptyValues ?? []
  if (correlation.length === 0 || empty === undefined || isNull(empty)) return { node: joined.node, value }
  const present = test("is not null", referTo(joined.node, width + [...tied][0]!))
  return { node: joined.node, value: choose([[present, value]], empty) }
}

/** Exactly one: the only group of an aggregate without keys. */
function isOneRow(node: PlanNode): boolean {
  return node.kind === "project" ? isOneRow(node.input) : node.kind === "aggregate" && node.keys.length === 0
}

function attachExists(node: PlanNode, { relation, byte }: BoundSubquery, place: Attachment): Attached {
  const { correlation = [], emptyValues } = relation
  if (emptyValues !== undefined) return { node, value: literal(true, BOOLEAN) }
  const width = node.columns.length
  if (correlation.length === 0) {
    const count = counted(relation.node, [], null)
    const joined = join("inner", node, { right: checked(count, byte, place), conditions: [], byte, place })
    return { node: joined.node, value: isSome(referTo(joined.node, width)) }
  }
  const { right, conditions } = distinct(relation, correlation)
  const joined = join("left", node, { right: checked(right, byte, place), conditions, byte, place })
  if (joined.rest > 0) throw new Refused(findings.subqueryCondition("EXISTS inside an expression"), byte)
  return { node: joined.node, value: test("is not null", referTo(joined.node, width)) }
}

type Member = BoundSubquery & { readonly kind: "any" | "all" }

/** x IN (S) is NULL where x equals none and either is NULL, unless there is no row at all. */
function attachMember(node: PlanNode, subquery: Member, place: Attachment): Attached {
  const { relation, tests, byte } = subquery
  const different = isDifferentFromAll(subquery)
  if (relation.emptyValues !== undefined && (relation.correlation ?? []).length > 0) {
    const { node: joined, value } = attachScalar(node, { kind: "scalar", relation, byte }, place)
    const left = tests.map((bound) => place.outer(inner(settle(bound))))
    const compared = applyOperator(subquery.operator, [typed(left[0]!, byte), typed(value, byte)], byte)
    return { node: joined, value: settle(compared) }
  }
  if (tests.length > 1 || !(different || (subquery.kind === "any" && subquery.operator === "="))) {
    throw new Refused(findings.subqueryForm(`${subquery.kind.toUpperCase()} inside an expression`), byte)
  }
  const [pair] = comparisons({ ...subquery, operator: "=" })
  const correlation = relation.correlation ?? []
  const width = node.columns.length
  const members = distinct(relation, [...correlation, pair!])
  const found = join("left", node, {
    right: checked(members.right, byte, place),
    conditions: members.conditions,
    byte,
    place,
  })
  if (found.rest > 0) throw new Refused(findings.subqueryCondition("IN inside an expression"), byte)
  const isMember = test("is not null", referTo(found.node, width + members.right.columns.length - 1))
  const answer = (value: Expression) => (different ? not(value) : value)
  if (!pair!.nullable) return { node: found.node, value: answer(isMember) }
  const unknown = attachCounts(found.node, subquery, place)
  const column = applyOperator("is null", [typed(place.outer(inner(settle(tests[0]!))), byte)], byte)
  const value = choose(
    [
      [isMember, literal(true, BOOLEAN)],
      [not(isSome(unknown.rows)), literal(false, BOOLEAN)],
      [settle(column), literal(null, BOOLEAN)],
      [differs(unknown.rows, unknown.known), literal(null, BOOLEAN)],
    ],
    literal(false, BOOLEAN),
  )
  return { node: unknown.node, value: answer(value) }
}

interface Counts {
  readonly node: PlanNode
  readonly rows: Expression
  readonly known: Expression
}

/** Beside each row, how many rows the subquery has for it, and how many of them are not NULL. */
function attachCounts(node: PlanNode, { relation, byte }: Member, place: Attachment): Counts {
  const correlation = relation.correlation ?? []
  const { index } = relation.columns[0]!
  const keys = columnsOf(correlation)
  const right = checked(counted(relation.node, keys, referTo(relation.node, index)), byte, place)
  const conditions = correlation.map((condition) => moved(condition, keys))
  const joined = join(correlation.length === 0 ? "inner" : "left", node, { right, conditions, byte, place })
  const at = node.columns.length + keys.length
  return { node: joined.node, rows: referTo(joined.node, at), known: referTo(joined.node, at + 1) }
}

interface Side {
  readonly right: PlanNode
  readonly conditions: readonly Expression[]
  readonly byte: number | null
  readonly place: Attachment
}

interface Joined {
  readonly node: PlanNode
  readonly keys: readonly JoinKey[]
  /** How many conditions are no keys. */
  readonly rest: number
}

function join(type: JoinType, left: PlanNode, { right, conditions, byte, place }: Side): Joined {
  const width = left.columns.length
  const placed = conditions.map((condition) => placeOuter(condition, place.outer, width))
  const { keys, rest } = splitConditions(placed, width)
  const condition = rest.length === 0 ? null : conjunction(rest)
  const parts = boundJoin({ type, left, right, keys, condition }, byte, place.view)
  return { node: joinNode(parts), keys, rest: rest.length }
}

/** The subquery's distinct rows of what conditions read, in the order of the conditions. */
function distinct(relation: Relation, conditions: readonly Expression[]) {
  const kept = columnsOf(conditions)
  const keys = kept.map((index) => referTo(relation.node, index))
  const names = keys.map(({ name }) => name)
  const right = aggregateNode({ input: relation.node, keys, aggregates: [], names, once: false })
  return { right, conditions: conditions.map((condition) => moved(condition, kept)) }
}

function counted(input: PlanNode, kept: readonly number[], known: Expression | null): AggregateNode {
  const count = (argument: Expression | null): AggregateCall => ({
    kind: "aggregate",
    name: "count",
    argument,
    distinct: false,
    type: INT64,
    nullable: false,
  })
  const keys = kept.map((index) => referTo(input, index))
  const aggregates = [count(null), ...(known === null ? [] : [count(known)])]
  const names = [...keys.map(({ name }) => name), "rows", "known"].slice(0, keys.length + aggregates.length)
  return aggregateNode({ input, keys, aggregates, names, once: false })
}

/** Own columns, outer ones left out. */
function columnsOf(conditions: readonly Expression[]): readonly number[] {
  return [...new Set(conditions.flatMap((condition) => [...columnsUsed(condition)]))].filter(isOwn)
}

function moved(condition: Expression, kept: readonly number[]): Expression {
  return mapColumns(condition, (column) =>
    isOwn(column.index) ? { ...column, index: kept.indexOf(column.index) } : column,
  )
}

const isOwn = (index: number): boolean =>
  !readsOuter({ kind: "column", index, name: "", type: BOOLEAN, nullable: false })

/** What an outer reference refers to, in the outer query's own numbers. */
function inner(expression: Expression): Expression {
  return placeOuter(expression, (part) => part, 0)
}

function checked(node: AggregateNode, byte: number | null, { view }: Attachment): AggregateNode {
  if (growsForEver(node) && !view.acceptsUnboundedState) view.report(unboundedFinding(node), byte)
  return node
}

function test(operator: string, value: Expression): Expression {
  return settle(applyOperator(operator, [typed(value, null)], null))
}

const not = (value: Expression): Expression => test("not", value)

/** Also false for the NULL of a row without a partner. */
function isSome(count: Expression): Expression {
  const zero = typed(literal(0n, INT64), null)
  return test("is true", settle(applyOperator(">", [typed(count, null), zero], null)))
}

function differs(a: Expression, b: Expression): Expression {
  return settle(applyOperator("<>", [typed(a, null), typed(b, null)], null))
}

function choose(branches: readonly (readonly [Expression, Expression])[], otherwise: Expression): Expression {
  const values = [...branches.map(([, then]) => then), otherwise]
  return {
    kind: "case",
    branches: branches.map(([when, then]) => ({ when, then })),
    otherwise,
    type: otherwise.type,
    nullable: values.some(({ nullable }) => nullable),
  }
}

const isNull = (expression: Expression): boolean => expression.kind === "literal" && expression.value === null
