/** All rules in order, again and again until none finds anything to do, with a trace of what each did. */
import { sameType } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { PlanNode, ViewPlan } from "../plan.ts"
import { composeProjects, dropIdentityProject } from "./compose-projects.ts"
import { foldProjectIntoAggregate } from "./fold-project-into-aggregate.ts"
import { mergeFilters } from "./merge-filters.ts"
import { overToRank } from "./over-to-rank.ts"
import { pruneColumns } from "./prune-columns.ts"
import { pushFilterBelowProject } from "./push-filter-below-project.ts"
import { pushFilterBelowUnionAll } from "./push-filter-below-union-all.ts"
import { pushFilterIntoJoin } from "./push-filter-into-join.ts"
import type { Rule } from "./rule.ts"
import { shareSubplans } from "./share-subplans.ts"

export const RULES: readonly Rule[] = [
  shareSubplans,
  pushFilterBelowProject,
  pushFilterBelowUnionAll,
  pushFilterIntoJoin,
  overToRank,
  mergeFilters,
  composeProjects,
  foldProjectIntoAggregate,
  pruneColumns,
  dropIdentityProject,
]

/** Each rule shrinks the plan or moves a filter down one node, so passes are bounded by the plan's depth; the
 *  limit only keeps a rule that undoes another's work from running for ever. */
const MAX_PASSES = 2_000

export interface RuleStep {
  readonly pass: number
  readonly rule: string
  readonly before: PlanNode
  readonly after: PlanNode
  /** Nodes that became others, inputs first. */
  readonly changes: readonly PlanChange[]
}

export interface PlanChange {
  readonly was: PlanNode
  readonly is: PlanNode
}

export interface NormalizedPlan {
  readonly plan: ViewPlan
  readonly trace: readonly RuleStep[]
}

/** The same view with less work to do. Its fingerprint stays that of the bound plan. */
export function normalize(plan: ViewPlan, rules: readonly Rule[] = RULES): NormalizedPlan {
  const trace: RuleStep[] = []
  let root = plan.root
  for (let pass = 1, changed = true; changed; pass++) {
    assert(pass <= MAX_PASSES, "rules come to an end")
    changed = false
    for (const rule of rules) {
      const changes: PlanChange[] = []
      const after = rule.apply(root, (was, is) => void changes.push({ was, is }))
      if (after === root) continue
      trace.push({ pass, rule: rule.name, before: root, after, changes })
      root = after
      changed = true
    }
  }
  const sameColumns = root.columns.every(({ name, type }, i) => {
    const column = plan.columns[i]
    return column !== undefined && name === column.name && sameType(type, column.type)
  })
  assert(sameColumns && root.columns.length === plan.columns.length, "rules keep a view's columns")
  return { plan: Object.freeze({ ...plan, root, columns: root.columns, key: root.key }), trace }
}
