/**
 * What the planner did to a view: every rule in its order with the nodes that it changed, what an input of
 * which rows only ever come made simpler, and which columns of its sources are left to read.
 */
import { isStateful, nodeText, type StatefulNode } from "./explain.ts"
import { inputsOf, nodesOf } from "./nodes/rebuild.ts"
import type { PlanNode, ViewPlan } from "./plan.ts"
import { normalize, type PlanChange, RULES } from "./rules/normalize.ts"
import { neededColumns } from "./rules/prune-columns.ts"

export interface RuleEffect {
  readonly rule: string
  readonly about: string
  /** One line for each node that it changed; empty where it found nothing to do. */
  readonly did: readonly string[]
}

export interface SourceColumns {
  readonly source: string
  readonly read: readonly string[]
  readonly unread: readonly string[]
}

export interface PlannerReport {
  /** As it runs. */
  readonly plan: ViewPlan
  /** In the order in which they are tried. */
  readonly rules: readonly RuleEffect[]
  /** What is simpler because rows of an input only ever come. */
  readonly appendOnly: readonly string[]
  readonly sources: readonly SourceColumns[]
}

export function explainPlanner(bound: ViewPlan): PlannerReport {
  const { plan, trace } = normalize(bound)
  const rules = RULES.map(({ name, about }) => {
    const changes = trace.filter(({ rule }) => rule === name).flatMap((step) => step.changes)
    return { rule: name, about, did: [...new Set(changes.map((change) => changeText(name, change)))] }
  })
  return { plan, rules, appendOnly: appendOnlyTexts(plan), sources: sourceColumns(plan) }
}

function changeText(rule: string, { was, is }: PlanChange): string {
  switch (rule) {
    case "prune-columns": {
      const kept = new Set(is.columns.map(({ name }) => name))
      const dropped = was.columns.filter(({ name }) => !kept.has(name)).map(({ name }) => name)
      return `${was.kind} is without ${dropped.join(", ")}`
    }
    case "drop-identity-project":
      return `${nodeText(was)} is left out`
    case "push-filter-below-project":
    case "push-filter-below-union-all":
      return `${nodeText(was)} is below ${inputsOf(was)[0]!.kind.replace("-", " ")}`
    case "fold-project-into-aggregate":
      return `${nodeText(inputsOf(was)[0]!)} is computed by the ${is.kind}`
    case "compose-projects":
      return `${nodeText(inputsOf(was)[0]!)} goes into ${nodeText(was)}`
    case "over-to-rank":
      return `${nodeText(was)} is ${nodesOf(is)
        .filter(({ kind }) => kind === "rank")
        .map(nodeText)
        .at(-1)}`
    default:
      return `${nodeText(was)} is ${nodeText(is)}`
  }
}

function appendOnlyTexts({ root, key }: ViewPlan): readonly string[] {
  const texts = nodesOf(root).flatMap((node) => {
    const text = isStateful(node) ? appendOnlyText(node) : null
    return text === null ? [] : [`${nodeText(node)}: ${text}`]
  })
  const rows = root.changes === "append" && key === null ? ["the view: its rows are never looked up"] : []
  return [...texts, ...rows]
}

/** Null where the input may take rows back, or where that makes no difference. */
function appendOnlyText(node: StatefulNode): string | null {
  if (inputsOf(node).some((input) => input.changes !== "append")) return null
  switch (node.kind) {
    case "aggregate":
      return node.aggregates.some(({ name }) => name === "min" || name === "max")
        ? "min and max are one value a group"
        : null
    case "rank":
      return node.limit === null ? null : "rows behind the last place are not kept"
    default:
      return null
  }
}

function sourceColumns({ root }: ViewPlan): readonly SourceColumns[] {
  const bySource = new Map<string, { columns: readonly string[]; read: Set<string> }>()
  for (const [scan, needed] of neededColumns(root, nodesOf(root))) {
    if (scan.kind !== "scan") continue
    const name = `${scan.source} ${scan.name}`
    const columns = scan.columns.map((column) => column.name)
    const found = bySource.get(name) ?? { columns, read: new Set<string>() }
    bySource.set(name, found)
    for (const position of needed) found.read.add(columns[position]!)
  }
  return [...bySource].map(([source, { columns, read }]) => ({
    source,
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
function fusedSteps(node: PlanNode): readonly string[] {
  return inputsOf(node).flatMap((input) =>
    isStateful(input) || input.kind === "union-all" ? [] : [...fusedSteps(input), nodeText(input)],
  )
}
