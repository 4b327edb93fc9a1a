/** Subplans with state and one meaning become the first of them, under the names that each had. */
import { isStateful } from "../explain.ts"
import { projectNode } from "../nodes/project.ts"
import { namesOf, rebuild } from "../nodes/rebuild.ts"
import type { PlanNode } from "../plan.ts"
import { Subplans } from "../subplans.ts"
import type { Rule } from "./rule.ts"

export const shareSubplans: Rule = {
  name: "share-subplans",
  about: "what a view asks twice is computed once",
  apply(root, note) {
    const subplans = new Subplans()
    const first = new Map<string, PlanNode>()
    return rebuild(root, (node) => {
      if (!isStateful(node)) return node
      const text = subplans.textOf(node)
      const known = first.get(text)
      if (known === undefined) first.set(text, node)
      if (known === undefined || known === node) return node
      const shared = named(known, namesOf(node))
      note?.(node, shared)
      return shared
    })
  },
}

function named(node: PlanNode, names: readonly string[]): PlanNode {
  if (namesOf(node).every((name, k) => name === names[k])) return node
  const expressions = node.columns.map(({ name, type, nullable }, index) => {
    return { kind: "column", index, name, type, nullable } as const
  })
  return projectNode({ input: node, expressions, names })
}
