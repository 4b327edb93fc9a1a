/**
 * Columns that nothing above reads are not computed: projected expressions, aggregates, and what UNION ALL
 * hands on. First every node learns from those above it which of its columns are read, then the tree is
 * rebuilt from its leaves; a subtree with two readers keeps what either needs and stays one object.
 */
import type { AggregateCall, ColumnReference, Expression } from "../../expr/expression.ts"
import { mapAggregate, mapColumns, partsOfAggregate } from "../../expr/rewrite.ts"
import { assert } from "../../std/assert.ts"
import { columnsUsed } from "../expressions/walk.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import { filterNode } from "../nodes/filter.ts"
import { joinNode, keepsLeftOnly } from "../nodes/join.ts"
import { overNames, overNode } from "../nodes/over.ts"
import { patternNode } from "../nodes/pattern.ts"
import { projectNode } from "../nodes/project.ts"
import { rankNode } from "../nodes/rank.ts"
import { comesOnce, namesOf, nodesOf, withInputs } from "../nodes/rebuild.ts"
import { repeatNode } from "../nodes/repeat.ts"
import { sessionNode } from "../nodes/session.ts"
import { unionAllNode } from "../nodes/union-all.ts"
import { windowNode } from "../nodes/window.ts"
import type {
  AggregateNode,
  JoinNode,
  OverNode,
  PatternNode,
  PlanNode,
  ProjectNode,
  RankNode,
  UnionAllNode,
} from "../plan.ts"
import type { Rule } from "./rule.ts"

export const pruneColumns: Rule = {
  name: "prune-columns",
  about: "columns that nobody reads are not computed",
  apply(root, note) {
    const nodes = nodesOf(root)
    const needed = neededColumns(root, nodes)
    const pruned = new Map<PlanNode, Pruned>()
    for (const node of nodes)
      pruned.set(
        node,
        prune(node, needed.get(node)!, (input) => pruned.get(input)!),
      )
    for (const [was, { node: is }] of pruned) if (is.columns.length < was.columns.length) note?.(was, is)
    return pruned.get(root)!.node
  },
}

interface Pruned {
  readonly node: PlanNode
  /** Old position -> new position, of the columns that are left. */
  readonly places: ReadonlyMap<number, number>
}

type Needed = ReadonlySet<number>

/** Of each node, the columns that something above it reads. */
export function neededColumns(root: PlanNode, nodes: readonly PlanNode[]): ReadonlyMap<PlanNode, Needed> {
  const needed = new Map<PlanNode, Set<number>>(nodes.map((node) => [node, new Set()]))
  for (const position of root.columns.keys()) needed.get(root)!.add(position)
  for (const node of nodes.toReversed()) {
    const own = needed.get(node)!
    const need = (input: PlanNode, positions: Iterable<number>) => {
      for (const position of positions) needed.get(input)!.add(position)
    }
    switch (node.kind) {
      case "scan":
        break
      case "filter":
        need(node.input, [...own, ...columnsUsed(node.predicate)])
        break
      case "project":
        for (const i of keptExpressions(node, own)) need(node.input, columnsUsed(node.expressions[i]!))
        break
      case "window":
        need(
          node.input,
          [...own].filter((position) => position < node.input.columns.length),
        )
        need(node.input, [node.window.timeColumn])
        break
      case "session":
        need(
          node.input,
          [...own].filter((position) => position < node.input.columns.length),
        )
        need(node.input, [node.session.timeColumn, ...node.session.keys])
        break
      case "aggregate":
        for (const key of node.keys) need(node.input, columnsUsed(key))
        for (const part of keptAggregates(node, own).flatMap(partsOfAggregate)) {
          need(node.input, columnsUsed(part))
        }
        break
      case "union-all":
        for (const input of node.inputs) need(input, keptOfUnion(node, own))
        break
      case "join":
        needOfJoin(node, own, need)
        break
      case "rank":
      case "over":
        need(node.input, usedOfOrdered(node, own))
        break
      case "pattern":
      case "process":
        // What it does not read was left out when it was bound; of a pattern, the rest orders equal rows.
        need(node.input, node.input.columns.keys())
        break
      case "repeat":
        need(node.input, [...own, ...columnsUsed(node.times)])
        break
    }
  }
  return needed
}

type Need = (input: PlanNode, positions: Iterable<number>) => void

function needOfJoin(node: JoinNode, own: Needed, need: Need): void {
  need(node.left, usedOfSide(node, own, "left"))
  need(node.right, usedOfSide(node, own, "right"))
}

/** Columns of one side that are handed on, compared, or say when a row can go. */
function usedOfSide(node: JoinNode, own: Needed, side: "left" | "right"): ReadonlySet<number> {
  const width = node.left.columns.length
  const used = [...own, ...(node.condition === null ? [] : columnsUsed(node.condition))]
  const handed =
    side === "left"
      ? used.filter((position) => position < width)
      : used.filter((position) => position >= width).map((position) => position - width)
  const keys = node.keys.flatMap((key) => [...columnsUsed(key[side])])
  return new Set([...handed, ...keys, ...boundColumns(node, side)])
}

function usedOfOrdered(node: RankNode | OverNode, own: Needed): ReadonlySet<number> {
  const width = node.input.columns.length
  const handed = [...own].filter((position) => position < width)
  const used = new Set([...handed, ...node.partition, ...node.order.map(({ column }) => column)])
  for (const { args, filter } of node.kind === "over" ? node.calls : []) {
    for (const part of [...args, ...(filter === null ? [] : [filter])]) {
      for (const position of columnsUsed(part)) used.add(position)
    }
  }
  return used
}

/** What keeps rows keeps them without columns that nobody reads, also where their source hands on all. */
function narrowed(input: Pruned, used: Needed): Pruned {
  const kept = [...used].sort((a, b) => a - b)
  if (kept.length === 0 || kept.length === input.node.columns.length) return input
  const node = selectColumns(input, kept)
  return { node, places: placesOf(kept) }
}

/** What says when a row of one side can go: its time, or its window. */
function boundColumns({ bound, ...node }: JoinNode, side: "left" | "right"): readonly number[] {
  if (bound?.kind === "interval") return [side === "left" ? bound.leftTime : bound.rightTime]
  const { windowColumns, timeColumn } = node[side]
  if (bound?.kind === "windows") {
    return [windowColumns?.start, windowColumns?.end].filter((position) => position != null)
  }
  return bound?.kind === "time-to-live" && timeColumn !== null ? [timeColumn] : []
}

/** Where nothing is read (count(*) over a project), one column that costs nothing is kept. */
function keptExpressions({ expressions }: ProjectNode, needed: Needed): readonly number[] {
  const kept = [...expressions.keys()].filter((position) => needed.has(position))
  if (kept.length > 0) return kept
  const cheap = expressions.findIndex(({ kind }) => kind === "column" || kind === "literal")
  return [Math.max(0, cheap)]
}

/** One is kept when there are no keys either: a GROUP BY of nothing still gives its one row. */
function keptAggregates({ keys, aggregates }: AggregateNode, needed: Needed): readonly AggregateCall[] {
  const kept = aggregates.filter((_, i) => needed.has(keys.length + i))
  return kept.length === 0 && keys.length === 0 ? aggregates.slice(0, 1) : kept
}

/** Where nothing is read, all inputs keep the same column. */
function keptOfUnion({ columns }: UnionAllNode, needed: Needed): readonly number[] {
  return needed.size === 0 ? [0] : [...columns.keys()].filter((position) => needed.has(position))
}

function prune(node: PlanNode, needed: Needed, prunedOf: (input: PlanNode) => Pruned): Pruned {
  switch (node.kind) {
    case "scan":
      return { node, places: everyPlace(node.columns.length) }
    case "filter": {
      const { node: input, places } = prunedOf(node.input)
      if (input === node.input) return { node, places }
      return { node: filterNode(input, moveColumns(node.predicate, places)), places }
    }
    case "project":
      return pruneProject(node, needed, prunedOf(node.input))
    case "window": {
      const { node: input, places } = prunedOf(node.input)
      const [before, after] = [node.input.columns.length, input.columns.length]
      if (input === node.input) return { node, places: everyPlace(before + 2) }
      const timeColumn = places.get(node.window.timeColumn)
      assert(timeColumn !== undefined, "a window's time column is kept")
      const moved = new Map([...places, [before, after], [before + 1, after + 1]])
      return { node: windowNode(input, { ...node.window, timeColumn }), places: moved }
    }
    case "session": {
      const { node: input, places } = prunedOf(node.input)
      const [before, after] = [node.input.columns.length, input.columns.length]
      if (input === node.input) return { node, places: everyPlace(before + 2) }
      const moved = new Map([...places, [before, after], [before + 1, after + 1]])
      const place = (position: number) => placeOf(position, places)
      const { timeColumn, gapUs, keys } = node.session
      const session = { timeColumn: place(timeColumn), gapUs, keys: keys.map(place) }
      return { node: sessionNode(input, session), places: moved }
    }
    case "aggregate":
      return pruneAggregate(node, needed, prunedOf(node.input))
    case "union-all":
      return pruneUnion(node, needed, node.inputs.map(prunedOf))
    case "join":
      return pruneJoin(
        node,
        narrowed(prunedOf(node.left), usedOfSide(node, needed, "left")),
        narrowed(prunedOf(node.right), usedOfSide(node, needed, "right")),
      )
    case "rank":
      return pruneRank(node, needed, narrowed(prunedOf(node.input), usedOfOrdered(node, needed)))
    case "over":
      return pruneOver(node, narrowed(prunedOf(node.input), usedOfOrdered(node, needed)))
    case "pattern":
      return prunePattern(node, needed, prunedOf(node.input))
    case "process":
      return { node: withInputs(node, [prunedOf(node.input).node]), places: everyPlace(node.columns.length) }
    case "repeat": {
      const { node: input, places } = prunedOf(node.input)
      if (input === node.input) return { node, places }
      return { node: repeatNode(input, moveColumns(node.times, places)), places }
    }
  }
}

function pruneProject(node: ProjectNode, needed: Needed, { node: input, places }: Pruned): Pruned {
  const kept = keptExpressions(node, needed)
  const moved = placesOf(kept)
  if (kept.length === node.expressions.length && input === node.input) return { node, places: moved }
  const expressions = kept.map((i) => moveColumns(node.expressions[i]!, places))
  return { node: projectNode({ input, expressions, names: pick(namesOf(node), kept) }), places: moved }
}

function pruneAggregate(node: AggregateNode, needed: Needed, { node: input, places }: Pruned): Pruned {
  const { keys, aggregates } = node
  const kept = keptAggregates(node, needed)
  const positions = [...keys.keys(), ...kept.map((call) => keys.length + aggregates.indexOf(call))]
  const moved = placesOf(positions)
  if (kept.length === aggregates.length && input === node.input) return { node, places: moved }
  const move = (expression: Expression) => moveColumns(expression, places)
  const pruned = aggregateNode({
    input,
    keys: keys.map(move),
    aggregates: kept.map((call) => mapAggregate(call, move)),
    names: pick(namesOf(node), positions),
    once: comesOnce(node),
  })
  return { node: pruned, places: moved }
}

/** Inputs hand on the same columns in the same order, whatever else they keep for other readers. */
function pruneUnion(node: UnionAllNode, needed: Needed, inputs: readonly Pruned[]): Pruned {
  const kept = keptOfUnion(node, needed)
  const moved = placesOf(kept)
  if (kept.length === node.columns.length && inputs.every((input, i) => input.node === node.inputs[i])) {
    return { node, places: moved }
  }
  return { node: unionAllNode(inputs.map((input) => selectColumns(input, kept))), places: moved }
}

function pruneJoin(node: JoinNode, left: Pruned, right: Pruned): Pruned {
  const [before, after] = [node.left.columns.length, left.node.columns.length]
  const shifted = [...right.places].map(([old, place]): [number, number] => [before + old, after + place])
  const both = new Map([...left.places, ...shifted])
  const places = keepsLeftOnly(node.type) ? left.places : both
  if (left.node === node.left && right.node === node.right) return { node, places }
  const { bound } = node
  const moved = joinNode({
    type: node.type,
    left: left.node,
    right: right.node,
    keys: node.keys.map((key) => ({
      left: moveColumns(key.left, left.places),
      right: moveColumns(key.right, right.places),
    })),
    condition: node.condition && moveColumns(node.condition, both),
    bound:
      bound?.kind === "interval"
        ? {
            ...bound,
            leftTime: placeOf(bound.leftTime, left.places),
            rightTime: placeOf(bound.rightTime, right.places),
          }
        : bound,
    once: comesOnce(node),
  })
  return { node: moved, places }
}

function pruneRank(node: RankNode, needed: Needed, { node: input, places }: Pruned): Pruned {
  const moved = withAdded(node, input, places)
  const ranked = node.ranked && needed.has(node.input.columns.length)
  if (input === node.input && ranked === node.ranked) return { node, places: moved }
  const { function: name, offset, limit } = node
  const pruned = rankNode({ input, ...moveOrder(node, places), function: name, offset, limit, ranked })
  return { node: pruned, places: moved }
}

function pruneOver(node: OverNode, { node: input, places }: Pruned): Pruned {
  const moved = withAdded(node, input, places)
  if (input === node.input) return { node, places: moved }
  const calls = node.calls.map((call) => ({
    ...call,
    args: call.args.map((arg) => moveColumns(arg, places)),
    filter: call.filter && moveColumns(call.filter, places),
  }))
  const { peerTerms } = node
  return {
    node: overNode({ input, ...moveOrder(node, places), peerTerms, calls, names: overNames(node) }),
    places: moved,
  }
}

/** Places of the input's columns, then of those that the node adds. */
function withAdded(
  node: RankNode | OverNode,
  input: PlanNode,
  places: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const [before, after] = [node.input.columns.length, input.columns.length]
  const added = Array.from(
    { length: node.columns.length - before },
    (_, i) => [before + i, after + i] as const,
  )
  return new Map([...places, ...added])
}

function moveOrder({ partition, order }: RankNode | OverNode, places: ReadonlyMap<number, number>) {
  return {
    partition: partition.map((position) => placeOf(position, places)),
    order: order.map((term) => ({ ...term, column: placeOf(term.column, places) })),
  }
}

function placeOf(position: number, places: ReadonlyMap<number, number>): number {
  const place = places.get(position)
  assert(place !== undefined, "a column that is used is kept")
  return place
}

function selectColumns({ node, places }: Pruned, kept: readonly number[]): PlanNode {
  const references = kept.map((position): ColumnReference => {
    const index = places.get(position)
    assert(index !== undefined, "a column that a union hands on is kept in its inputs")
    return { kind: "column", index, ...node.columns[index]! }
  })
  const asIs = references.length === node.columns.length && references.every(({ index }, i) => index === i)
  const names = references.map(({ name }) => name)
  return asIs ? node : projectNode({ input: node, expressions: references, names })
}

/** The expression after its input's columns moved. */
function moveColumns(expression: Expression, places: ReadonlyMap<number, number>): Expression {
  return mapColumns(expression, (column) => {
    const index = places.get(column.index)
    assert(index !== undefined, "a column that is used is kept")
    return { ...column, index }
  })
}

function everyPlace(count: number): ReadonlyMap<number, number> {
  return placesOf(Array.from({ length: count }, (_, position) => position))
}

function placesOf(kept: readonly number[]): ReadonlyMap<number, number> {
  return new Map(kept.map((position, place) => [position, place]))
}

function pick<T>(items: readonly T[], positions: readonly number[]): readonly T[] {
  return positions.map((position) => items[position]!)
}

/** Its input has all of its columns in their places. */
function prunePattern(node: PatternNode, needed: Needed, { node: input, places }: Pruned): Pruned {
  assert(
    node.input.columns.every((_, k) => places.get(k) === k),
    "a pattern reads all of its input",
  )
  const kept = needed.size === 0 ? [0] : [...node.outputs.keys()].filter((position) => needed.has(position))
  const moved = placesOf(kept)
  if (input === node.input && kept.length === node.outputs.length) return { node, places: moved }
  const parts = { ...node, input, outputs: pick(node.outputs, kept), names: pick(namesOf(node), kept) }
  return { node: patternNode(parts), places: moved }
}
