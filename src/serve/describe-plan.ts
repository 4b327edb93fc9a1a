/** What the planner did to a view, as answers and commands show it. */
import { explain } from "../plan/explain.ts"
import { explainPlanner } from "../plan/explain-rules.ts"
import type { ViewPlan } from "../plan/plan.ts"

export function describePlan(bound: ViewPlan) {
  const { plan, rules, appendOnly, sources } = explainPlanner(bound)
  return {
    view: bound.name,
    plan: explain(plan).split("\n"),
    rules,
    append_only: appendOnly,
    sources,
  }
}

export type PlanDescription = ReturnType<typeof describePlan>
