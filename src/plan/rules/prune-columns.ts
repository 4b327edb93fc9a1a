/**
 * Columns that nothing above reads are not computed: projected expressions, aggregates, and what UNION ALL
 * hands on. First every node learns from those above it which of its columns are read, then the tree is
 * rebuilt from its leaves; a subtree with two readers keeps what either needs and stays one object.
 */
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { mapAggregate, mapColumns } from "../../expr/rewrite.ts"
import { assert } from "../../std/assert.ts"
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
import {
  keptAggregates,
  keptExpressions,
  keptOfUnion,
  type Needed,
  neededColumns,
  usedOfOrdered,
  usedOfSide,
} from "./needed-columns.ts"
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

/** What keeps rows keeps them without columns that nobody reads, also where their source hands on all. */
function narrowed(input: Pruned, used: Needed): Pruned {
  const kept = [...used].sort((a, b) => a - b)
  if (kept.length === 0 || kept.length === input.node.columns.length) return input
  const node = selectColumns(input, kept)
  return { node, places: placesOf(kept) }
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
