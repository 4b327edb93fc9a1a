/**
 * Which subplans mean the same: within a view, where they become one node, and between views, where they are
 * computed once for all of them.
 *
 * Between views only where every row of the events behind the subplan reaches the view through it and by no
 * other way: a row that fails or is late in one way of a view has no part in the others, so that what is
 * shared would depend on who reads it besides.
 */
import { isStateful, type StatefulNode } from "./explain.ts"
import { nodeText } from "./fingerprint.ts"
import { inputsOf, nodesOf } from "./nodes/rebuild.ts"
import type { PlanNode, ViewPlan } from "./plan.ts"

/** Gives nodes of equal meaning over equal inputs one text, of the length of a node and not of a tree. */
export class Subplans {
  readonly #ids = new Map<string, string>()
  readonly #texts = new Map<PlanNode, string>()

  textOf(node: PlanNode): string {
    const known = this.#texts.get(node)
    if (known !== undefined) return known
    const text = nodeText(
      node,
      inputsOf(node).map((input) => this.#idOf(this.textOf(input))),
    )
    this.#texts.set(node, text)
    return text
  }

  #idOf(text: string): string {
    const known = this.#ids.get(text) ?? `#${this.#ids.size}`
    this.#ids.set(text, known)
    return known
  }
}

export interface SharedSubplan {
  /** Of the first view that has it. */
  readonly node: StatefulNode
  /** Names of views that read it, in the order of the project; at least two. */
  readonly views: readonly string[]
}

/** What the plans of a project have in common. */
export class SharedSubplans {
  readonly #subplans = new Subplans()
  readonly #shared = new Map<string, SharedSubplan>()

  /** @param plans as they run, after all rules */
  constructor(plans: readonly ViewPlan[]) {
    const found = new Map<string, { node: StatefulNode; views: Set<string>; readers: Set<string> }>()
    for (const plan of plans) {
      for (const [node, reader] of this.#candidates(plan)) {
        const key = this.#key(plan, node)
        const known = found.get(key) ?? { node, views: new Set(), readers: new Set() }
        found.set(key, known)
        known.views.add(plan.name)
        known.readers.add(reader)
      }
    }
    for (const [key, { node, views, readers }] of found) {
      // With one reader it is a part of what is shared above it.
      if (views.size > 1 && readers.size > 1) this.#shared.set(key, { node, views: [...views] })
    }
  }

  /** Null where the node is the view's own, or a part of what is shared above it. */
  of(plan: ViewPlan, node: PlanNode): SharedSubplan | null {
    return this.#shared.get(this.#key(plan, node)) ?? null
  }

  /** Nodes that may be shared, each with what reads it: the next such node above, or the view. */
  #candidates(plan: ViewPlan): readonly (readonly [StatefulNode, string])[] {
    const found: (readonly [StatefulNode, string])[] = []
    const visit = (node: PlanNode, reader: string): void => {
      const isCandidate = isStateful(node) && isOnlyWay(node, plan.root)
      if (isCandidate) found.push([node, reader])
      const above = isCandidate ? this.#key(plan, node) : reader
      for (const input of inputsOf(node)) visit(input, above)
    }
    visit(plan.root, `view ${plan.name}`)
    return found
  }

  #key({ emit, allowedLatenessMs }: ViewPlan, node: PlanNode): string {
    return `${emit} ${allowedLatenessMs} ${this.#subplans.textOf(node)}`
  }
}

/**
 * Whether the events behind `node` have no other way to the root. A user's function is called for one view.
 */
function isOnlyWay(node: StatefulNode, root: PlanNode): boolean {
  const behind = nodesOf(node)
  if (behind.some(({ kind }) => kind === "process")) return false
  const within = eventsOf(behind)
  const besides = eventsOf(nodesWithout(node, root))
  return [...within].every((event) => !besides.has(event))
}

function eventsOf(nodes: Iterable<PlanNode>): Set<string> {
  const events = new Set<string>()
  for (const node of nodes) if (node.kind === "scan" && node.source === "event") events.add(node.name)
  return events
}

/** What the root reads when `left` is taken out. */
function nodesWithout(left: PlanNode, root: PlanNode): Set<PlanNode> {
  const found = new Set<PlanNode>()
  const visit = (node: PlanNode): void => {
    if (node === left || found.has(node)) return
    found.add(node)
    inputsOf(node).forEach(visit)
  }
  visit(root)
  return found
}
