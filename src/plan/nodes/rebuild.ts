/** The same node over other inputs, with everything that is derived from them derived anew. */
import { assertNever } from "../../std/assert.ts"
import type { AggregateNode, JoinNode, PlanNode, RankNode } from "../plan.ts"
import { aggregateNode } from "./aggregate.ts"
import { filterNode } from "./filter.ts"
import { joinNode } from "./join.ts"
import { overNames, overNode } from "./over.ts"
import { patternNode } from "./pattern.ts"
import { processNode } from "./process.ts"
import { projectNode } from "./project.ts"
import type { RankParts } from "./rank.ts"
import { rankNode } from "./rank.ts"
import { repeatNode } from "./repeat.ts"
import { sessionNode } from "./session.ts"
import { unionAllNode } from "./union-all.ts"
import { windowNode } from "./window.ts"

export function inputsOf(node: PlanNode): readonly PlanNode[] {
  switch (node.kind) {
    case "scan":
      return []
    case "union-all":
      return node.inputs
    case "join":
      return [node.left, node.right]
    default:
      return [node.input]
  }
}

export const namesOf = (node: PlanNode): readonly string[] => node.columns.map((column) => column.name)

/** Whether a windowed group's row, or a row without a partner, comes once, when nothing can change it. */
export const comesOnce = (node: AggregateNode | JoinNode): boolean => node.changes === "append"

export function withInputs(node: PlanNode, inputs: readonly PlanNode[]): PlanNode {
  if (inputsOf(node).every((input, i) => input === inputs[i])) return node
  const input = inputs[0]!
  switch (node.kind) {
    case "scan":
      return node
    case "filter":
      return filterNode(input, node.predicate)
    case "project":
      return projectNode({ input, expressions: node.expressions, names: namesOf(node) })
    case "window":
      return windowNode(input, node.window)
    case "session":
      return sessionNode(input, node.session)
    case "aggregate": {
      const { keys, aggregates } = node
      return aggregateNode({ input, keys, aggregates, names: namesOf(node), once: comesOnce(node) })
    }
    case "union-all":
      return unionAllNode(inputs)
    case "join":
      return joinNode({ ...node, left: input, right: inputs[1]!, once: comesOnce(node) })
    case "rank":
      return rankNode(rankParts(node, input))
    case "over": {
      const { partition, order, peerTerms, calls } = node
      return overNode({ input, partition, order, peerTerms, calls, names: overNames(node) })
    }
    case "repeat":
      return repeatNode(input, node.times)
    case "pattern":
      return patternNode({ ...node, input, names: namesOf(node) })
    case "process":
      return processNode({ ...node, input, outputs: [node.columns, ...node.sides] })
    default:
      return assertNever(node)
  }
}

function rankParts(node: RankNode, input: PlanNode): RankParts {
  const { partition, order, function: name, offset, limit, ranked } = node
  return { input, partition, order, function: name, offset, limit, ranked }
}

/**
 * Rebuilds a tree from its leaves; a subtree that stands in two places is rebuilt once and stays one object.
 */
export function rebuild(root: PlanNode, change: (node: PlanNode) => PlanNode): PlanNode {
  const done = new Map<PlanNode, PlanNode>()
  const visit = (node: PlanNode): PlanNode => {
    const known = done.get(node)
    if (known !== undefined) return known
    const rebuilt = change(withInputs(node, inputsOf(node).map(visit)))
    done.set(node, rebuilt)
    return rebuilt
  }
  return visit(root)
}

/** Every node once, inputs before the nodes that read them. */
export function nodesOf(root: PlanNode): readonly PlanNode[] {
  const found = new Set<PlanNode>()
  const visit = (node: PlanNode): void => {
    if (found.has(node)) return
    for (const input of inputsOf(node)) visit(input)
    found.add(node)
  }
  visit(root)
  return [...found]
}
