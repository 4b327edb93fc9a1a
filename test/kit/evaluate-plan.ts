/**
 * What a plan means, computed node by node over arrays of rows: no state, no changes, no rules. Answers to
 * compare PostgreSQL with before any operator runs.
 */
import type { Column, Scalar } from "../../src/columns/types.ts"
import type { Row } from "../../src/engine/kit/batches.ts"
import { batchOf, scalarKey } from "../../src/engine/kit/batches.ts"
import { naiveAggregate } from "../../src/engine/kit/naive-aggregates.ts"
import { compileScalar } from "../../src/expr/compile/scalar.ts"
import type { AggregateCall, Expression } from "../../src/expr/expression.ts"
import type {
  AggregateNode,
  JoinNode,
  PlanNode,
  RankNode,
  SessionNode,
  WindowNode,
} from "../../src/plan/plan.ts"
import { assertNever } from "../../src/std/assert.ts"
import { evaluateOver, inOrder, partitions, ranksOf } from "./evaluate-over.ts"

export type Tables = ReadonlyMap<
  string,
  { readonly columns: readonly Column[]; readonly rows: readonly Row[] }
>

export function evaluatePlan(node: PlanNode, tables: Tables): readonly Row[] {
  const input = (of: PlanNode) => evaluatePlan(of, tables)
  switch (node.kind) {
    case "scan": {
      const { columns, rows } = tables.get(node.name)!
      const places = node.columns.map(({ name }) => columns.findIndex((column) => column.name === name))
      return rows.map((row) => places.map((place) => row[place]!))
    }
    case "filter": {
      const rows = input(node.input)
      const passed = valuesOf(node.predicate, node.input.columns, rows)
      return rows.filter((_, i) => passed[i] === true)
    }
    case "project": {
      const rows = input(node.input)
      const values = node.expressions.map((each) => valuesOf(each, node.input.columns, rows))
      return rows.map((_, i) => values.map((column) => column[i]!))
    }
    case "window":
      return input(node.input).flatMap((row) => windowed(node, row))
    case "session":
      return sessions(node, input(node.input))
    case "aggregate":
      return aggregate(node, input(node.input))
    case "union-all":
      return node.inputs.flatMap(input)
    case "join":
      return join(node, input(node.left), input(node.right))
    case "rank":
      return rank(node, input(node.input))
    case "over":
      return evaluateOver(node, input(node.input), (expression, rows) =>
        valuesOf(expression, node.input.columns, rows),
      )
    case "repeat": {
      const rows = input(node.input)
      const times = valuesOf(node.times, node.input.columns, rows)
      return rows.flatMap((row, i) => Array.from({ length: Math.max(0, Number(times[i])) }, () => row))
    }
    case "pattern":
      throw new Error("PostgreSQL has no patterns to compare with")
    case "process":
      throw new Error("PostgreSQL runs no processes to compare with")
    default:
      return assertNever(node)
  }
}

/** @throws Error where a row's value cannot be computed: cases here hold no such rows. */
function valuesOf(
  expression: Expression,
  columns: readonly Column[],
  rows: readonly Row[],
): readonly Scalar[] {
  const evaluate = compileScalar(expression, columns)
  const batch = batchOf(columns, rows)
  return rows.map((_, i) => {
    const result = evaluate(batch, i)
    if ("failure" in result) throw new Error(result.failure)
    return result.value
  })
}

function windowed({ window }: WindowNode, row: Row): readonly Row[] {
  const time = row[window.timeColumn] as bigint
  const rows: Row[] = []
  const rest = ((time % window.slideUs) + window.slideUs) % window.slideUs
  for (let start = time - rest; start + window.sizeUs > time; start -= window.slideUs) {
    rows.push([...row, start, start + window.sizeUs])
  }
  return rows
}

/** Rows of a key in the order of their times; one that is further away than the gap begins a session. */
function sessions({ session }: SessionNode, rows: readonly Row[]): readonly Row[] {
  const timeOf = (row: Row) => row[session.timeColumn] as bigint
  const keyOf = (row: Row) => session.keys.map((key) => scalarKey(row[key]!)).join()
  const ordered = rows
    .filter((row) => row[session.timeColumn] !== null)
    .toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0))
  const byKey = new Map<string, Row[][]>()
  for (const row of ordered) {
    const known = byKey.get(keyOf(row)) ?? []
    byKey.set(keyOf(row), known)
    const open = known.at(-1)
    if (open !== undefined && timeOf(row) - timeOf(open.at(-1)!) <= session.gapUs) open.push(row)
    else known.push([row])
  }
  return [...byKey.values()].flat().flatMap((members) => {
    const bounds = [timeOf(members[0]!), timeOf(members.at(-1)!) + session.gapUs]
    return members.map((row) => [...row, ...bounds])
  })
}

function aggregate({ input, keys, aggregates }: AggregateNode, rows: readonly Row[]): readonly Row[] {
  const keyValues = keys.map((key) => valuesOf(key, input.columns, rows))
  const remembered = aggregates.map((call) => rememberedOf(call, input.columns, rows))
  const groups = new Map<string, number[]>(keys.length === 0 ? [["", []]] : [])
  for (const i of rows.keys()) {
    const key = keyValues.map((column) => scalarKey(column[i]!)).join()
    groups.set(key, [...(groups.get(key) ?? []), i])
  }
  return [...groups.values()].map((members) => [
    ...keyValues.map((column) => column[members[0]!]!),
    ...aggregates.map((call: AggregateCall, k) =>
      naiveAggregate(
        call,
        members.map((i) => remembered[k]![i]!),
      ),
    ),
  ])
}

/** What an aggregate takes of each row: whether it does, its argument, and what orders it. */
function rememberedOf(
  { argument, other, filter, order = [] }: AggregateCall,
  columns: readonly Column[],
  rows: readonly Row[],
): readonly Row[] {
  const taken = filter === undefined ? null : valuesOf(filter, columns, rows)
  const second = other === undefined ? [] : [other]
  const parts = [argument, ...second, ...order.map(({ expression }) => expression)].map((part) =>
    part === null ? null : valuesOf(part, columns, rows),
  )
  return rows.map((_, i) => [
    taken === null || taken[i] === true,
    ...parts.map((values) => (values === null ? null : values[i]!)),
  ])
}

function join(node: JoinNode, left: readonly Row[], right: readonly Row[]): readonly Row[] {
  const { type, keys, condition } = node
  const keysOf = (side: "left" | "right", rows: readonly Row[]) => {
    const values = keys.map((key) => valuesOf(key[side], node[side].columns, rows))
    return rows.map((_, i) => {
      const own = values.map((column) => column[i]!)
      return own.some((value) => value === null) ? null : own.map((value) => scalarKey(value)).join()
    })
  }
  const [leftKeys, rightKeys] = [keysOf("left", left), keysOf("right", right)]
  const columns = [...node.left.columns, ...node.right.columns]
  const nulls = (side: PlanNode) => side.columns.map(() => null)
  const met = new Set<number>()
  const out = left.flatMap((row, i): readonly Row[] => {
    const equal = [...right.keys()].filter((j) => leftKeys[i] !== null && leftKeys[i] === rightKeys[j])
    const pairs = equal.map((j): Row => [...row, ...right[j]!])
    const holds = condition === null ? pairs.map(() => true) : valuesOf(condition, columns, pairs)
    const partners = pairs.filter((_, k) => holds[k] === true)
    for (const [k, j] of equal.entries()) if (holds[k] === true) met.add(j)
    if (type === "semi") return partners.length > 0 ? [row] : []
    if (type === "anti") return partners.length > 0 ? [] : [row]
    return partners.length === 0 && type !== "inner" ? [[...row, ...nulls(node.right)]] : partners
  })
  if (type !== "full") return out
  return [...out, ...right.filter((_, j) => !met.has(j)).map((row) => [...nulls(node.left), ...row])]
}

function rank(node: RankNode, rows: readonly Row[]): readonly Row[] {
  const { offset, limit, ranked } = node
  return partitions(node.partition, rows).flatMap((members) => {
    const sorted = inOrder(node.order, members)
    const places = ranksOf(node.function, sorted, node.order)
    const kept = sorted.flatMap((row, i) => {
      const place = places[i]!
      if (place <= offset || (limit !== null && place > offset + limit)) return []
      return [ranked ? [...row, place] : row]
    })
    return kept
  })
}
