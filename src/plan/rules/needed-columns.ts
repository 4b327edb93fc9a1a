/**
 * Which columns of each node something above it reads. Every node learns it from those above it, the root's
 * are all read; what a node needs for itself (conditions, keys, times) is added on the way down.
 */
import type { AggregateCall } from "../../expr/expression.ts"
import { partsOfAggregate } from "../../expr/rewrite.ts"
import { columnsUsed } from "../expressions/walk.ts"
import { nodesOf } from "../nodes/rebuild.ts"
import type {
  AggregateNode,
  JoinNode,
  OverNode,
  PlanNode,
  ProjectNode,
  RankNode,
  ScanNode,
  UnionAllNode,
} from "../plan.ts"

/** Columns of each scan that something above it reads. */
export function neededOfScans(root: PlanNode): readonly (readonly [ScanNode, ReadonlySet<number>])[] {
  const needed = neededColumns(root, nodesOf(root))
  return [...needed].flatMap(([node, positions]) =>
    node.kind === "scan" ? [[node, positions] as const] : [],
  )
}

export type Needed = ReadonlySet<number>

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
export function usedOfSide(node: JoinNode, own: Needed, side: "left" | "right"): ReadonlySet<number> {
  const width = node.left.columns.length
  const used = [...own, ...(node.condition === null ? [] : columnsUsed(node.condition))]
  const handed =
    side === "left"
      ? used.filter((position) => position < width)
      : used.filter((position) => position >= width).map((position) => position - width)
  const keys = node.keys.flatMap((key) => [...columnsUsed(key[side])])
  return new Set([...handed, ...keys, ...boundColumns(node, side)])
}

export function usedOfOrdered(node: RankNode | OverNode, own: Needed): ReadonlySet<number> {
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
export function keptExpressions({ expressions }: ProjectNode, needed: Needed): readonly number[] {
  const kept = [...expressions.keys()].filter((position) => needed.has(position))
  if (kept.length > 0) return kept
  const cheap = expressions.findIndex(({ kind }) => kind === "column" || kind === "literal")
  return [Math.max(0, cheap)]
}

/** One is kept when there are no keys either: a GROUP BY of nothing still gives its one row. */
export function keptAggregates(
  { keys, aggregates }: AggregateNode,
  needed: Needed,
): readonly AggregateCall[] {
  const kept = aggregates.filter((_, i) => needed.has(keys.length + i))
  return kept.length === 0 && keys.length === 0 ? aggregates.slice(0, 1) : kept
}

/** Where nothing is read, all inputs keep the same column. */
export function keptOfUnion({ columns }: UnionAllNode, needed: Needed): readonly number[] {
  return needed.size === 0 ? [0] : [...columns.keys()].filter((position) => needed.has(position))
}
