/** What the planner did to a view, as answers and commands show it. */
import { explain, planSteps } from "../plan/explain.ts"
import { explainPlanner } from "../plan/explain-rules.ts"
import type { ViewPlan } from "../plan/plan.ts"

/** @param all the plans of the project, this one among them */
export function describePlan(bound: ViewPlan, all: readonly ViewPlan[]) {
  const { plan, rules, appendOnly, shared, sources } = explainPlanner(bound, all)
  return {
    view: bound.name,
    text: explain(plan).split("\n"),
    steps: planSteps(plan.root),
    rules,
    append_only: appendOnly,
    shared,
    sources,
  }
}
