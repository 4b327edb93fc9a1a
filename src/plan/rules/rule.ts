/**
 * A rewriting of plans that keeps every answer: pure, named, the same object back when nothing is to be done.
 */
import { rebuild } from "../nodes/rebuild.ts"
import type { PlanNode } from "../plan.ts"

export interface Rule {
  readonly name: string
  /** What it is for, in a sentence's half: "conditions are asked before columns are computed". */
  readonly about: string
  /** @param note told of each node that becomes another one */
  apply(root: PlanNode, note?: NoteChange): PlanNode
}

export type NoteChange = (was: PlanNode, is: PlanNode) => void

/** A rule that looks at one node and its inputs; null leaves the node as it is. */
export function everywhere(name: string, about: string, change: (node: PlanNode) => PlanNode | null): Rule {
  const apply = (root: PlanNode, note?: NoteChange) =>
    rebuild(root, (node) => {
      const changed = change(node)
      if (changed !== null) note?.(node, changed)
      return changed ?? node
    })
  return { name, about, apply }
}

/**
 * Inlining stops where expressions would grow beyond this: nested WITH queries could double them at each
 * level.
 */
export const MAX_EXPRESSION_SIZE = 1_000
