/**
 * What the planner did to a view: every rule in its order with the nodes that it changed, what an input of
 * which rows only ever come made simpler, and which columns of its sources are left to read.
 */

import { assert, assertNever } from "../std/assert.ts"
import { isStateful, nodeText, type StatefulNode } from "./explain.ts"
import { inputsOf, nodesOf } from "./nodes/rebuild.ts"
import type { JoinNode, PlanNode, ScanNode, ViewPlan } from "./plan.ts"
import { neededOfScans } from "./rules/needed-columns.ts"
import { normalize, type PlanChange, RULES } from "./rules/normalize.ts"
import { SharedSubplans } from "./subplans.ts"

export interface RuleEffect {
  readonly rule: string
  readonly about: string
  /** One for each node that it changed; empty where it found nothing to do. */
  readonly did: readonly NodeEffect[]
}

export interface NodeEffect {
  readonly was: string
  readonly is: string
  /** Columns that are not computed any more. */
  readonly columns: readonly string[]
  /** All of it in a line. */
  readonly did: string
}

export interface SourceColumns {
  readonly kind: "event" | "view"
  readonly name: string
  readonly read: readonly string[]
  readonly unread: readonly string[]
}

export interface SharedStep {
  readonly step: string
  readonly views: readonly string[]
}

export interface PlannerReport {
  /** As it runs. */
  readonly plan: ViewPlan
  /** In the order in which they are tried. */
  readonly rules: readonly RuleEffect[]
  /** What is simpler because rows of an input only ever come. */
  readonly appendOnly: readonly string[]
  /** What is computed once for this view and others. */
  readonly shared: readonly SharedStep[]
  readonly sources: readonly SourceColumns[]
}

/** @param all the plans of the project, this one among them */
export function explainPlanner(bound: ViewPlan, all: readonly ViewPlan[] = [bound]): PlannerReport {
  const { plan, trace } = normalize(bound)
  const rules = RULES.map(({ name, about }) => {
    const changes = trace.filter(({ rule }) => rule === name).flatMap((step) => step.changes)
    const effects = changes.map((change) => effectOf(name, change))
    return { rule: name, about, did: [...new Map(effects.map((each) => [each.did, each])).values()] }
  })
  const shared = sharedSteps(plan, all)
  return { plan, rules, appendOnly: appendOnlyTexts(plan), shared, sources: sourceColumns(plan) }
}

function sharedSteps(plan: ViewPlan, all: readonly ViewPlan[]): readonly SharedStep[] {
  const subplans = new SharedSubplans(
    all.map((other) => (other.name === plan.name ? plan : normalize(other).plan)),
  )
  return nodesOf(plan.root).flatMap((node) => {
    const shared = subplans.of(plan, node)
    if (shared === null) return []
    return [{ step: nodeText(node), views: shared.views.filter((name) => name !== plan.name) }]
  })
}

/** A node that a rule changed, and what it became. */
function effectOf(rule: string, { was, is }: PlanChange): NodeEffect {
  const kept = new Set(is.columns.map(({ name }) => name))
  const columns =
    rule === "prune-columns" ? was.columns.flatMap(({ name }) => (kept.has(name) ? [] : [name])) : []
  return { was: nodeText(was), is: nodeText(is), columns, did: changeText(rule, { was, is }, columns) }
}

function changeText(rule: string, { was, is }: PlanChange, columns: readonly string[]): string {
  const below = inputsOf(was)[0] ?? was
  switch (rule) {
    case "prune-columns":
      return `${nodeText(is)}: without ${columns.join(", ")}`
    case "share-subplans":
      return `${nodeText(was)}: asked more than once`
    case "drop-identity-project":
      return `${nodeText(was)}: left out`
    case "push-filter-below-project":
    case "push-filter-below-union-all":
      return `${nodeText(was)}: goes below ${nodeText(below)}, as ${pushedFilters(is)}`
    case "push-filter-into-join":
      return `${nodeText(was)}: ${joinedText(was, is)}`
    case "fold-project-into-aggregate":
    case "compose-projects":
      return `${nodeText(below)}: goes into the ${was.kind} above it, now ${nodeText(is)}`
    case "merge-filters":
      return `${nodeText(below)}, then ${nodeText(was)}: now ${nodeText(is)}`
    default: {
      const rank = nodesOf(is).findLast(({ kind }) => kind === "rank") ?? is
      return `${nodeText(was)}: now ${nodeText(rank)}`
    }
  }
}

/** Each filter that stands below now, with what it filters. */
function pushedFilters(is: PlanNode): string {
  const texts = inputsOf(is).map((filter) => `${nodeText(filter)} of ${nodeText(inputsOf(filter)[0]!)}`)
  return [...new Set(texts)].join(" and ")
}

/** Where the conditions above a join, and its own, went. */
function joinedText(was: PlanNode, is: PlanNode): string {
  const before = joinBelow(was)
  const after = joinBelow(is)
  const sides = (["left", "right"] as const).flatMap((side) =>
    after[side] === before[side] ? [] : [`${nodeText(after[side])} on the ${side} side`],
  )
  const above = is.kind === "filter" ? [`${nodeText(is)} above it`] : []
  return [...sides, `now ${nodeText(after)}`, ...above].join(", ")
}

function joinBelow(node: PlanNode): JoinNode {
  const join = node.kind === "filter" ? node.input : node
  assert(join.kind === "join", "this rule is about a join, or a filter above one")
  return join
}

function appendOnlyTexts({ root }: ViewPlan): readonly string[] {
  const texts = nodesOf(root).flatMap((node) => {
    const text = isStateful(node) ? appendOnlyText(node) : null
    return text === null ? [] : [`${nodeText(node)}: ${text}`]
  })
  const isAppendOnly = onlyAdds(root)
  return isAppendOnly ? [...texts, "the view: a row that is out stays, so that changes carry no sign"] : texts
}

/** Null where the input may take rows back, or where that makes no difference. */
function appendOnlyText(node: StatefulNode): string | null {
  if (node.kind === "join") {
    const sides = (["left", "right"] as const).filter((side) => onlyAdds(node[side]))
    if (sides.length === 0) return null
    const which = sides.length === 2 ? "either side" : `the ${sides[0]} side`
    return `there is no index of the rows of ${which} to find those that are taken back`
  }
  if (!onlyAdds(node.input)) return null
  switch (node.kind) {
    case "aggregate": {
      const extremes = node.aggregates.filter(({ name }) => name === "min" || name === "max")
      return extremes.length > 0 ? "min and max are one value a group" : null
    }
    case "rank":
      return node.limit === null ? null : "rows behind the last place are not kept"
    case "over":
    case "pattern":
    case "process":
      return null
    default:
      return assertNever(node)
  }
}

/** As the engine sees it: how often a row is repeated may change. */
function onlyAdds(node: PlanNode): boolean {
  return node.changes === "append" && ![node, ...fusedNodes(node)].some(({ kind }) => kind === "repeat")
}

function sourceColumns({ root }: ViewPlan): readonly SourceColumns[] {
  const bySource = new Map<string, { scan: ScanNode; columns: readonly string[]; read: Set<string> }>()
  for (const [scan, needed] of neededOfScans(root)) {
    const source = `${scan.source} ${scan.name}`
    const columns = scan.columns.map((column) => column.name)
    const found = bySource.get(source) ?? { scan, columns, read: new Set<string>() }
    bySource.set(source, found)
    for (const position of needed) found.read.add(columns[position]!)
  }
  return [...bySource.values()].map(({ scan, columns, read }) => ({
    kind: scan.source,
    name: scan.name,
    read: columns.filter((name) => read.has(name)),
    unread: columns.filter((name) => !read.has(name)),
  }))
}

/** @param isView the operator holds the view's rows, whose last node is `node` */
export function describeOperator(node: PlanNode, isView: boolean) {
  if (!isView) return { what: nodeText(node), steps: fusedSteps(node) }
  const isOwnStep = !isStateful(node) && node.kind !== "union-all"
  return { what: "rows of the view", steps: isOwnStep ? [...fusedSteps(node), nodeText(node)] : [] }
}

/** Steps that are fused into the loop of the operator that `node` becomes, from its sources up. */
function fusedNodes(node: PlanNode): readonly PlanNode[] {
  return inputsOf(node).flatMap((input) =>
    isStateful(input) || input.kind === "union-all" ? [] : [...fusedNodes(input), input],
  )
}

const fusedSteps = (node: PlanNode): readonly string[] => fusedNodes(node).map(nodeText)
