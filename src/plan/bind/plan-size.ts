/**
 * How large a plan is once every WITH query is written out where it is used and every expression over its
 * source, as homes may do it. Forty WITH queries that each use the one before twice would be 2^40 of either,
 * so such plans are refused before anything walks them. Counted with each shared part visited once.
 */
import type { Expression } from "../../expr/expression.ts"
import { childrenOf, partsOfAggregate } from "../../expr/rewrite.ts"
import { inputsOf, nodesOf } from "../nodes/rebuild.ts"
import type { PlanNode } from "../plan.ts"

/** Nodes of the plan with WITH queries written out; views written by hand have less than fifty. */
const MAX_NODES = 1_000
/** Parts of one expression written over the rows of an event; an IN list of ten thousand still fits. */
const MAX_EXPRESSION_PARTS = 20_000

export function isTooLarge(root: PlanNode): boolean {
  const counts = new Map<PlanNode, number>()
  const sizes = new Map<PlanNode, readonly number[]>()
  for (const node of nodesOf(root)) {
    const inputs = inputsOf(node)
    const count = inputs.reduce((sum, input) => sum + counts.get(input)!, 1)
    const columns = inputs.map((input) => sizes.get(input)!)
    const own = expressionsOf(node).map((expression) => inlinedSize(expression, columns.flat()))
    if (count > MAX_NODES || own.some((size) => size > MAX_EXPRESSION_PARTS)) return true
    counts.set(node, count)
    sizes.set(node, columnSizes(node, columns, own))
  }
  return false
}

function expressionsOf(node: PlanNode): readonly Expression[] {
  switch (node.kind) {
    case "filter":
      return [node.predicate]
    case "project":
      return node.expressions
    case "aggregate":
      return [...node.keys, ...node.aggregates.flatMap(partsOfAggregate)]
    case "join":
      return [
        ...node.keys.flatMap(({ left, right }) => [left, right]),
        ...(node.condition === null ? [] : [node.condition]),
      ]
    case "over":
      return node.calls.flatMap(({ args }) => args)
    case "repeat":
      return [node.times]
    case "pattern":
      return node.steps.map(({ condition }) => condition)
    default:
      return []
  }
}

/** Size of each column of a node's rows, written over the nearest rows that exist as such. */
function columnSizes(
  node: PlanNode,
  inputs: readonly (readonly number[])[],
  own: readonly number[],
): readonly number[] {
  switch (node.kind) {
    case "project":
      return own
    case "filter":
    case "repeat":
      return inputs[0]!
    case "window":
    case "session":
      return [...inputs[0]!, 1, 1]
    default:
      return node.columns.map(() => 1)
  }
}

function inlinedSize(expression: Expression, columns: readonly number[]): number {
  if (expression.kind === "column") return columns[expression.index] ?? 1
  return childrenOf(expression).reduce((sum, child) => sum + inlinedSize(child, columns), 1)
}
