/**
 * A rewriting of plans that keeps every answer: pure, named, the same object back when nothing is to be done.
 */
import { rebuild } from "../nodes/rebuild.ts"
import type { PlanNode } from "../plan.ts"

export interface Rule {
  readonly name: string
  apply(root: PlanNode): PlanNode
}

/** A rule that looks at one node and its inputs; null leaves the node as it is. */
export function everywhere(name: string, change: (node: PlanNode) => PlanNode | null): Rule {
  return { name, apply: (root) => rebuild(root, (node) => change(node) ?? node) }
}

/**
 * Inlining stops where expressions would grow beyond this: nested WITH queries could double them at each
 * level.
 */
export const MAX_EXPRESSION_SIZE = 1_000
