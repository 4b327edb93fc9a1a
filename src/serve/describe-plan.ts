/** What the planner did to a view, as answers and commands show it. */
import { explain, planSteps } from "../plan/explain.ts"
import { explainPlanner } from "../plan/explain-rules.ts"
import type { ViewPlan } from "../plan/plan.ts"

export function describePlan(bound: ViewPlan) {
  const { plan, rules, appendOnly, sources } = explainPlanner(bound)
  return {
    view: bound.name,
    text: explain(plan).split("\n"),
    steps: planSteps(plan.root),
    rules,
    append_only: appendOnly,
    sources,
  }
}
